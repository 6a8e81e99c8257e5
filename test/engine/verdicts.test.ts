import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Deployment } from '../../src/domain/deployment.ts'
import type { Storage } from '../../src/domain/storage.ts'
import { random } from '../stats/random.ts'
import {
  bad,
  complaints,
  flawless,
  type Lab,
  openLab,
  type Process,
  rollupRow,
  sequenceOf,
  tickMs,
  traffic,
  verdictFacts,
} from './lab.ts'
import { otherDavy } from './storages.ts'

const minute = 60_000
let lab: Lab
let davy: Process
/** Each test has facts and looks of its own, so that none judges what another one left open. */
let storage: Storage
let tests = 0

beforeAll(async () => {
  lab = await openLab()
})
beforeEach(async () => {
  storage = await otherDavy(lab.storage, `test${++tests}`)
  davy = await lab.start({}, storage)
})
afterAll(() => lab.close())
afterEach(() => expect(complaints(davy)).toEqual([]))

/** Registers version 2 of a service beside version 1, at the lab's time. */
async function register(service: string, changes: { template?: string } = {}): Promise<Deployment> {
  const registration = { service, canary: { version: '2' }, baseline: { version: '1' }, template: 'quick', ...changes }
  return (await davy.deployments.register(registration)).deployment
}

/** Takes all looks that are due after this much more time. */
async function pass(ms: number): Promise<void> {
  lab.now += ms
  // A deployment catches up by ten minutes a tick, and a closing is settled by the tick after it.
  for (let done = 0; done <= ms; done += 10 * minute) await davy.conveyor.tick()
  await davy.conveyor.tick()
}

const codes = async (deployment: Deployment) => (await sequenceOf(davy, deployment.id)).map(({ code }) => code)
const decisions = async (deployment: Deployment) =>
  (await sequenceOf(davy, deployment.id)).map(({ decision }) => decision)

describe('a bad release', () => {
  test('is rolled back: the route named, the deployment closed, each change one fact, each look one row', async () => {
    const start = lab.now
    await lab.insert(traffic({ service: 'bad', version: '1' }, start - 10 * minute, start + 5 * minute, 1))
    await lab.insert(traffic({ service: 'bad', version: '2', failing: bad }, start, start + 5 * minute, 2))
    const { deployment } = await davy.deployments.register({
      service: 'bad',
      canary: { version: '2' },
      template: 'quick',
    })
    expect(deployment).toMatchObject({ baseline: { version: '1' }, baselineFrom: 'traffic', mode: 'enforce' })
    await pass(5 * minute)
    expect(davy.deployments.get(deployment.id)).toMatchObject({ status: 'closed', outcome: 'rolled-back' })

    const looks = await davy.looks.list(deployment.id)
    const last = looks.at(-1)!
    expect(last.verdict).toMatchObject({ decision: 'rollback', final: true, score: 0, reason: { code: 'HARM_SHOWN' } })
    expect(last.verdict.reason.summary).toContain('POST /pay')
    expect(last.verdict.metrics[0]?.where[0]).toMatchObject({ attribute: 'http.route', value: 'POST /pay' })
    expect(looks.map(({ look }) => look)).toEqual(looks.map((_, index) => index))
    for (const [index, { evidence, at, watermark }] of looks.entries()) {
      if (index === 0) expect(evidence).toMatchObject({ slice: null, reference: expect.any(Array) })
      else expect(evidence.slice).toMatchObject({ from: start + (index - 1) * tickMs, to: start + index * tickMs })
      expect([at, watermark]).toEqual([start + index * tickMs + (index > 0 ? 20_000 : 0), start + index * tickMs])
    }
    const facts = await verdictFacts(davy, deployment.id)
    expect(facts.at(-1)).toEqual(last.verdict)
    const changes = looks.filter(({ verdict }, index) => verdict.reason.code !== looks[index - 1]?.verdict.reason.code)
    expect(facts.map(({ id }) => id)).toEqual(changes.slice(1).map(({ verdict }) => verdict.id))

    await pass(2 * minute)
    expect((await davy.looks.list(deployment.id)).length).toBe(looks.length)
  })
})

describe('a release that does no harm', () => {
  test('is promoted, and the promote stays while nothing speaks against it', async () => {
    const start = lab.now
    await lab.insert(traffic({ service: 'fine', version: '1' }, start - 10 * minute, start + 6 * minute, 3))
    await lab.insert(traffic({ service: 'fine', version: '2' }, start, start + 6 * minute, 4))
    const deployment = await register('fine')
    await pass(6 * minute)
    const said = await decisions(deployment)
    const first = said.indexOf('promote')
    expect(first).toBeGreaterThanOrEqual(6)
    expect(new Set(said.slice(0, first))).toEqual(new Set(['hold']))
    expect(new Set(said.slice(first))).toEqual(new Set(['promote']))
    const [changed, promoted, ...more] = await verdictFacts(davy, deployment.id)
    expect([changed?.reason.code, promoted?.reason.code, more]).toEqual(['UNDERPOWERED', 'HARM_RULED_OUT', []])
    expect(promoted).toMatchObject({ final: false, score: 100 })
    expect(davy.deployments.get(deployment.id).status).toBe('open')
  })

  test('is promoted through the floor when neither version had a single error', async () => {
    const start = lab.now
    await lab.insert(
      traffic({ service: 'clean', version: '1', failing: flawless }, start - minute, start + 6 * minute, 5),
    )
    await lab.insert(traffic({ service: 'clean', version: '2', failing: flawless }, start, start + 6 * minute, 6))
    const deployment = await register('clean')
    await pass(6 * minute)
    const promoted = (await davy.looks.list(deployment.id)).find(
      ({ verdict }) => verdict.decision === 'promote',
    )?.verdict
    expect(promoted?.reason.code).toBe('HARM_RULED_OUT')
    expect(promoted?.metrics[0]).toMatchObject({ promoteProof: 'floor', finding: 'harm-ruled-out' })
    expect(promoted?.metrics[0]?.canary.value).toBe(0)
  })
})

describe('a canary that hangs', () => {
  /** Requests of which a share ends 30 to 60 s late, in the tick of their end. */
  function hanging(service: string, share: number, from: number, to: number) {
    const source = random(7)
    const rows: Record<string, unknown>[] = []
    for (let at = from; at < to; at += tickMs) {
      for (const pod of ['2-0', '2-1', '2-2']) {
        const row = (end: number, seconds: readonly number[]) =>
          rollupRow(
            { service, version: '2' },
            Math.floor(end / tickMs) * tickMs,
            { pod, operation: 'GET /cart', status: 'Unset' },
            seconds,
          )
        const quick = Array.from(
          { length: source.poisson(200 * (1 - share)) },
          () => 0.04 * Math.exp(0.4 * source.normal()),
        )
        if (quick.length > 0) rows.push(row(at, quick))
        for (let slow = source.poisson(200 * share); slow > 0; slow -= 1) {
          const seconds = 30 + 30 * source.uniform()
          const end = at + tickMs * source.uniform() + seconds * 1000
          if (end < to) rows.push(row(end, [seconds]))
        }
      }
    }
    return rows
  }

  test.each([0.02, 0.05, 0.3, 1])('with a share of %f of its requests is never promoted', async (share) => {
    const service = `hanging-${share}`
    const start = lab.now
    await lab.insert(traffic({ service, version: '1' }, start - minute, start + 6 * minute, 8))
    await lab.insert(hanging(service, share, start, start + 6 * minute))
    const deployment = await register(service)
    await pass(6 * minute)
    expect(await decisions(deployment)).not.toContain('promote')
    expect((await codes(deployment)).at(-1)).toBe(share < 0.05 ? 'UNDERPOWERED' : 'HARM_SHOWN')
  })

  test('for ever has no data, and holds', async () => {
    const start = lab.now
    await lab.insert(traffic({ service: 'dead', version: '1' }, start - minute, start + 3 * minute, 9))
    await lab.insert(traffic({ service: 'dead', version: '2' }, start, start + 30_000, 10))
    const deployment = await register('dead')
    await pass(3 * minute)
    expect(await decisions(deployment)).not.toContain('promote')
    expect((await codes(deployment)).at(-1)).toBe('NO_CANARY_DATA')
  })
})

describe('without data', () => {
  test.each([
    { name: 'no canary', baseline: true, canary: false, code: 'NO_CANARY_DATA' },
    { name: 'no baseline', baseline: false, canary: true, code: 'NO_BASELINE_DATA' },
    { name: 'no traffic at all', baseline: false, canary: false, code: 'NO_TRAFFIC' },
  ])('$name holds with $code', async ({ baseline, canary, code }) => {
    const service = `without-${code}`
    const start = lab.now
    if (baseline) await lab.insert(traffic({ service, version: '1' }, start, start + 2 * minute, 11))
    if (canary) await lab.insert(traffic({ service, version: '2' }, start, start + 2 * minute, 12))
    const deployment = await register(service)
    await pass(2 * minute)
    const sequence = await sequenceOf(davy, deployment.id)
    expect(sequence.at(-1)).toMatchObject({ decision: 'hold', code })
    expect(new Set(sequence.map(({ decision }) => decision))).toEqual(new Set(['hold']))
  })

  test('two candidates of equal traffic are no baseline, and nothing is guessed', async () => {
    const start = lab.now
    const rows = traffic({ service: 'tie', version: '1' }, start - minute, start + 2 * minute, 13)
    await lab.insert([...rows, ...rows.map((row) => ({ ...row, Version: '1b' }))])
    await lab.insert(traffic({ service: 'tie', version: '2' }, start, start + 2 * minute, 14))
    const { deployment } = await davy.deployments.register({
      service: 'tie',
      canary: { version: '2' },
      template: 'quick',
    })
    expect(deployment).toMatchObject({ baseline: null, baselineFrom: 'none' })
    await pass(2 * minute)
    expect((await sequenceOf(davy, deployment.id)).at(-1)).toMatchObject({ decision: 'hold', code: 'NO_BASELINE_DATA' })
  })
})

describe('telemetry that arrives after its look', () => {
  async function withLate(service: string, rps: number) {
    const start = lab.now
    const sent = (version: string, rate: number, seed: number, until: number) =>
      lab.insert(traffic({ service, version, rps: rate }, start, until, seed))
    await sent('1', 60, 15, start + 6 * minute)
    await sent('2', 60, 16, start + 6 * minute)
    const deployment = await register(service)
    await pass(50_000)
    await sent('2', rps, 17, start + 30_000)
    await pass(minute)
    const looks = await davy.looks.list(deployment.id)
    await pass(2 * minute)
    return { deployment, looks }
  }

  test('above 1% of an arm is TELEMETRY_LOSS, counted per arm', async () => {
    const { looks } = await withLate('lossy', 6)
    const { evidence, verdict } = looks.at(-1)!
    expect(verdict.reason.code).toBe('TELEMETRY_LOSS')
    const counted = looks.findLast(({ evidence }) => evidence.slice?.late !== undefined)?.evidence.slice?.late
    expect(counted?.baseline).toBe(0)
    expect(counted?.canary).toBeGreaterThan(100)
    expect(evidence.slice?.canary.requests).toBeLessThan(800)
  })

  test('below 1% changes nothing', async () => {
    const { deployment, looks } = await withLate('punctual', 0.3)
    const counted = looks.findLast(({ evidence }) => evidence.slice?.late !== undefined)?.evidence.slice?.late
    expect(counted?.canary).toBeGreaterThan(0)
    expect(await codes(deployment)).not.toContain('TELEMETRY_LOSS')
  })
})

test('rows behind a segment that is not stored yet are waited for', async () => {
  const start = lab.now
  let unstoredSince: number | null = start + 30_000
  const waiting = await lab.start({ oldestUnstoredAt: () => unstoredSince }, storage)
  await lab.insert(traffic({ service: 'slow-store', version: '1' }, start, start + 3 * minute, 18))
  const { deployment } = await waiting.deployments.register({
    service: 'slow-store',
    canary: { version: '2' },
    baseline: { version: '1' },
    template: 'quick',
  })
  lab.now = start + 2 * minute
  await waiting.conveyor.tick()
  expect((await sequenceOf(waiting, deployment.id)).map(({ look }) => look)).toEqual([0, 1])
  await lab.insert(traffic({ service: 'slow-store', version: '2' }, start + tickMs, start + 3 * minute, 19))
  unstoredSince = null
  await waiting.conveyor.tick()
  const looks = await waiting.looks.list(deployment.id)
  expect(looks).toHaveLength(11)
  expect(looks.slice(2).every(({ evidence }) => (evidence.slice?.canary.requests ?? 0) > 0)).toBe(true)
})

test('a step of the rollout asks the promote question again, with all evidence so far', async () => {
  const start = lab.now
  await lab.insert(traffic({ service: 'steps', version: '1' }, start - minute, start + 9 * minute, 20))
  await lab.insert(traffic({ service: 'steps', version: '2' }, start, start + 3 * minute, 21))
  const deployment = await register('steps')
  await pass(5 * minute)
  // The canary is silent by now, and the promote stands all the same, since nothing revokes it but harm.
  expect((await decisions(deployment)).at(-1)).toBe('promote')
  const at = new Date(lab.now).toISOString()
  await davy.deployments.progress(deployment.id, { at, weight: 50, step: 'half' })
  await pass(minute)
  const looks = await davy.looks.list(deployment.id)
  const stepped = looks.findIndex(({ evidence }) => evidence.slice?.step === 1)
  expect(looks[stepped]?.evidence.slice).toMatchObject({ from: start + 5 * minute, closesBlock: true })
  expect(looks[stepped - 1]?.verdict).toMatchObject({ decision: 'promote', reason: { code: 'HARM_RULED_OUT' } })
  expect(looks[stepped]?.verdict).toMatchObject({ decision: 'hold', reason: { code: 'NO_CANARY_DATA' } })
})

test('the kill switch touches no verdict', async () => {
  const start = lab.now
  await lab.insert(traffic({ service: 'switched', version: '1' }, start - minute, start + 3 * minute, 23))
  await lab.insert(traffic({ service: 'switched', version: '2', failing: bad }, start, start + 3 * minute, 24))
  const deployment = await register('switched')
  await davy.deployments.setKillSwitch(true, 'ann', 'the network is being moved')
  await pass(3 * minute)
  expect((await codes(deployment)).at(-1)).toBe('HARM_SHOWN')
  expect(davy.deployments.killSwitch).toMatchObject({ on: true, by: 'ann', reason: 'the network is being moved' })
  await davy.deployments.setKillSwitch(false, 'ann', 'done')
  expect((await lab.start({}, storage)).deployments.killSwitch).toMatchObject({ on: false, reason: 'done' })
})
