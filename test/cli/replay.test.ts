import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Davy, sendSpans, startDavy, until, untilStored } from '../davy.ts'
import { quick } from '../engine/lab.ts'
import { type Caller, callerOf } from '../http/client.ts'
import { random } from '../stats/random.ts'
import { runDavy } from './run-davy.ts'

const bin = resolve(import.meta.dirname, '../../src/davy.js')
const directory = mkdtempSync(join(tmpdir(), 'davy-replay-'))
// biome-ignore lint/suspicious/noExplicitAny: bundles are tampered with anywhere
type Bundle = any
let davy: Davy
let call: Caller
let superseded: Bundle
let finished: Bundle

/** Ten requests a second of two pods each, for four minutes. */
function requests(version: string, from: number, failing: number, seed: number) {
  const source = random(seed)
  return Array.from({ length: 2400 }, (_, index) => ({
    ...{ service: 'shop', version, pod: `shop-${version}-${index % 2}`, endAt: from + index * 100 },
    ...{ seconds: 0.02 * Math.exp(0.3 * source.normal()), error: source.uniform() < failing },
  }))
}

const bundleOf = async (id: string): Promise<Bundle> => (await call('GET', `/api/v1/deployments/${id}/evidence`)).body
const say = (id: string, decision: string) =>
  call('POST', `/api/v1/deployments/${id}/override`, { decision, reason: `seen by eye: ${decision}` })

async function untilLooks(id: string, count: number): Promise<void> {
  const path = `/api/v1/deployments/${id}/verdicts`
  await until(async () => (await call('GET', path)).body.items.length >= count, `${count} looks`, 60_000)
}

async function untilFinal(id: string): Promise<Bundle> {
  const path = `/api/v1/deployments/${id}/verdict`
  await until(async () => (await call('GET', path)).body.final, 'the last word', 60_000)
  return bundleOf(id)
}

beforeAll(async () => {
  davy = await startDavy()
  call = callerOf(davy)
  await call('PUT', '/api/v1/templates/quick', quick)
  const from = Math.floor(Date.now() / 10_000) * 10_000 - 270_000
  await sendSpans(davy, [...requests('1', from, 0.02, 1), ...requests('2', from, 0.03, 2)])
  await untilStored(davy, 'shop', 4800)
  const open = async (canary: string) => {
    const body = { service: 'shop', canary: { version: canary }, baseline: { version: '1' }, template: 'quick' }
    return (await call('POST', '/api/v1/deployments', { ...body, startedAt: new Date(from).toISOString() })).body.id
  }
  const first = await open('2')
  await untilLooks(first, 24)
  for (const decision of ['promote', 'hold']) {
    const { length } = (await bundleOf(first)).looks
    await say(first, decision)
    await untilLooks(first, length + 1)
  }
  const second = await open('3')
  superseded = await untilFinal(first)
  await untilLooks(second, 3)
  await call('POST', `/api/v1/deployments/${second}/finish`, { outcome: 'aborted' })
  finished = await untilFinal(second)
}, 120_000)

afterAll(async () => {
  await davy?.stop()
  rmSync(directory, { recursive: true })
})

const replay = (bundle: Bundle, ...options: string[]) =>
  runDavy(['replay', '-', ...options], { input: typeof bundle === 'string' ? bundle : JSON.stringify(bundle) })

describe('a bundle of evidence', () => {
  test('gives the same verdicts again: slices, overrides by a person, supersession', async () => {
    const codes = superseded.looks.map((look: Bundle) => look.verdict.reason.code)
    expect(codes.filter((code: string) => code === 'OVERRIDDEN').length).toBeGreaterThan(1)
    expect(codes.at(-1)).toBe('SUPERSEDED')
    expect(superseded.looks.filter((look: Bundle) => look.evidence.slice !== null).length).toBeGreaterThan(20)
    expect(await replay(superseded)).toMatchObject({
      exitCode: 0,
      out: expect.stringContaining(
        `shop ${superseded.deployment.id}: ${superseded.looks.length} looks, all the same\n`,
      ),
    })
  })

  test('gives the same verdicts again after a person closed it', async () => {
    expect(finished.looks.at(-1).verdict).toMatchObject({ final: true })
    expect(await replay(finished)).toMatchObject({ exitCode: 0, out: expect.stringContaining('looks, all the same') })
  })

  test('made before bundles had a history is replayed too, but for what only that would tell', async () => {
    const { history: _none, ...older } = finished
    expect((await replay(older)).exitCode).toBe(0)
    const { history: _neither, ...twice } = superseded
    const { exitCode, out } = await replay(twice)
    expect([exitCode, out]).toEqual([1, expect.stringMatching(/^look \d+ {2}\/decision: recorded "promote"/)])
  })

  test('is told in JSON', async () => {
    const { exitCode, out } = await replay(finished, '--json')
    expect([exitCode, JSON.parse(out)]).toEqual([
      0,
      {
        ...{ deploymentId: finished.deployment.id, looks: finished.looks.length, same: true, differing: 0 },
        ...{ differences: [], engine: { recorded: [finished.engine], replayed: 'davy/1.2.3' } },
      },
    ])
  })
})

describe('a bundle that was changed', () => {
  const changed = (change: (bundle: Bundle) => void): Bundle => {
    const copy = structuredClone(superseded)
    change(copy)
    return copy
  }

  test('in a verdict differs in that look and field', async () => {
    const { exitCode, out } = await replay(
      changed(({ looks }) => {
        looks[5].verdict.score += 1
      }),
    )
    const { score } = superseded.looks[5].verdict
    const difference = `/score: recorded ${score + 1}, computed ${score}`
    const lines = out.trim().split('\n')
    expect(exitCode).toBe(1)
    expect(lines[0]).toBe(`look 5  ${difference}`)
    expect(lines.at(-1)).toContain(`1 of ${superseded.looks.length} looks differ, first look 5: ${difference}`)
  })

  test.each<readonly [string, (bundle: Bundle) => void, string]>([
    ['slice', ({ looks }) => (looks[4].evidence.slice.canary.errors += 40), 'look 4  /'],
    ['template', ({ history }) => (history[0].body.template.alpha = 0.02), 'look 0  /confidence/falseRollbackRate'],
    ['moment', ({ looks }) => (looks[3].at += 1), 'look 3  /id'],
    [
      'person',
      ({ history }) => (history.find((fact: Bundle) => fact.kind === 'override').body.by = 'bob'),
      'OVERRIDDEN',
    ],
  ])('in a %s differs from there on', async (_what, change, expected) => {
    const { exitCode, out } = await replay(changed(change))
    expect(exitCode).toBe(1)
    if (expected === 'OVERRIDDEN') expect(out).toContain('/reason/summary: recorded "local promoted')
    else expect(out.startsWith(expected)).toBe(true)
  })

  test('in its order of keys is not the same to the byte', async () => {
    const { exitCode, out } = await replay(
      changed(({ looks }) => {
        const { summary, ...reason } = looks[2].verdict.reason
        looks[2].verdict.reason = { ...reason, summary }
      }),
    )
    expect([exitCode, out]).toEqual([1, expect.stringMatching(/^look 2 {2}\/reason: recorded \{"code"/)])
  })

  test('by another engine says so, and is compared all the same', async () => {
    const bundle = changed(({ looks }) => {
      for (const look of looks) look.verdict.engine = 'davy/0.0.1'
    })
    const { exitCode, out } = await replay(bundle)
    expect([exitCode, out]).toEqual([0, expect.stringContaining('recorded by davy/0.0.1, replayed by davy/1.2.3')])
  })
})

describe('what is no bundle', () => {
  const without = (part: string) => ({ ...superseded, [part]: undefined })
  test.each<readonly [string, () => unknown, string]>([
    ['nothing', () => '', 'the standard input is not valid JSON'.replace('the', 'The')],
    ['other JSON', () => ({ items: [] }), '/format should be "davy-evidence/1", got nothing'],
    ['another format', () => ({ ...superseded, format: 'davy-evidence/9' }), 'got "davy-evidence/9"'],
    ['no looks', () => ({ ...superseded, looks: [] }), '/looks should be a list of at least 1 items, got a list of 0'],
    ['no template', () => without('template'), '/template should be an object, got nothing'],
    ['a hole', () => ({ ...superseded, looks: superseded.looks.toSpliced(3, 1) }), 'after look 2 comes look 4'],
    ['a history without a beginning', () => ({ ...superseded, history: superseded.history.slice(1) }), 'was opened'],
  ])('such as %s ends with 2 and says what was expected', async (_what, bundle, expected) => {
    const { exitCode, out, err } = await replay(bundle() as Bundle)
    expect([exitCode, out, err]).toEqual([2, '', expect.stringContaining(expected)])
  })

  test('names the place in a slice', async () => {
    const copy = structuredClone(superseded)
    copy.looks[7].evidence.slice.canary.requests = 'many'
    expect((await replay(copy)).err).toContain('/looks/7/evidence/slice')
  })

  test('such as a file that is not there ends with 2', async () => {
    const { exitCode, err } = await runDavy(['replay', 'nowhere.json'])
    expect([exitCode, err]).toEqual([2, expect.stringContaining('nowhere.json cannot be used: ')])
  })
})

test('the process replays a file, and the standard input, with these exit codes and without a server', () => {
  const file = join(directory, 'bundle.json')
  writeFileSync(file, JSON.stringify(superseded))
  const run = (args: readonly string[], input = '') =>
    spawnSync(process.execPath, [bin, 'replay', ...args], { input, encoding: 'utf8', env: { PATH: process.env.PATH } })
  expect(run([file])).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('all the same') })
  const other = structuredClone(superseded)
  other.looks[1].verdict.final = true
  expect(run(['-'], JSON.stringify(other))).toMatchObject({ status: 1, stdout: expect.stringContaining('/final') })
  expect(run(['-'], '{')).toMatchObject({ status: 2, stdout: '' })
})
