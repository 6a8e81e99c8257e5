import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DavyError } from '../../src/domain/errors.ts'
import { type ArmSlice, emptyArm, type Slice } from '../../src/domain/evidence.ts'
import type { MetricSource, SourceQuestion } from '../../src/domain/metric-source.ts'
import type { MetricSpec, Template } from '../../src/domain/template.ts'
import { NewestVerdicts } from '../../src/engine/newest-verdicts.ts'
import { analysePast } from '../../src/engine/retrospective.ts'
import { gateAnswer } from '../../src/http/gate.ts'
import { replayLooks } from '../../src/judges/verdict/replay-looks.ts'
import { derivedId } from '../../src/platform/ids.ts'
import { type Lab, openLab, type Process, quick, traffic } from './lab.ts'

const minute = 60_000
const lookMs = 30_000
const [errors] = quick.metrics as readonly [MetricSpec]
const policy: Template = { ...quick, lookSeconds: lookMs / 1000 }
const query = { anything: true }
const main: Template = {
  ...{ ...policy, name: 'main' },
  metrics: [{ ...errors, name: 'declines', source: 'prometheus', query }],
}
const beside: Template = {
  ...{ ...policy, name: 'beside' },
  metrics: [
    { ...errors, weight: 0.3 },
    { ...errors, name: 'declines', source: 'prometheus', query, weight: 0.3 },
  ],
}

/** A source whose two versions have 20 requests a second and pod; nothing is told of before `since`. */
class Ledger implements MetricSource {
  readonly kinds = ['proportion'] as const
  readonly asked: SourceQuestion[] = []
  failing = 0.02
  isDown = false
  isHeld = false
  readonly #held: (() => void)[] = []

  check = () => null

  async ask(question: SourceQuestion, signal: AbortSignal) {
    this.asked.push(question)
    if (this.isHeld) {
      await new Promise<void>((resolve, reject) => {
        this.#held.push(resolve)
        signal.addEventListener('abort', () => reject(signal.reason))
      })
    }
    if (this.isDown) throw new DavyError('SOURCE_DOWN', 'The ledger is closed.')
    return question.windows.map(({ from, to }) => ({
      baseline: this.#arm('1', to - from, 0.02),
      canary: this.#arm('2', to - from, from < Date.parse(question.deployment.startedAt) ? 0 : this.failing),
    }))
  }

  /** Settles what is held back. */
  release(): void {
    this.isHeld = false
    for (const resolve of this.#held.splice(0)) resolve()
  }

  #arm(version: string, ms: number, failing: number): ArmSlice {
    const requests = Math.round((ms / 1000) * 20)
    const one = { requests, errors: Math.round(requests * failing) }
    const pods = Object.fromEntries(['a', 'b', 'c'].map((pod) => [`${version}-${pod}`, one]))
    return { ...emptyArm, requests: 3 * requests, errors: 3 * one.errors, pods }
  }
}

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
})
afterAll(() => lab.close())

const sourcesOf = (ledger: Ledger) => new Map([['prometheus', ledger] as const])

async function start(ledger: Ledger): Promise<Process> {
  return lab.start({ templates: [{ ...policy, name: 'default' }, main, beside], sources: sourcesOf(ledger) })
}

async function register(davy: Process, service: string, template: string) {
  const { deployment } = await davy.deployments.register({
    ...{ service, canary: { version: '2' }, baseline: { version: '1' }, template },
    startedAt: new Date(lab.now).toISOString(),
  })
  return deployment
}

/** Ticks of the conveyor at one time; questions settle between them. */
async function settle(davy: Process, ticks = 3): Promise<void> {
  for (let tick = 0; tick < ticks; tick += 1) {
    await davy.conveyor.tick()
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
}

/** Look after look; what has just been registered is opened first. */
async function run(davy: Process, looks: number): Promise<void> {
  await settle(davy, 6)
  for (let look = 0; look < looks; look += 1) {
    lab.now += lookMs
    await settle(davy)
  }
}

function newestOf({ deployments, looks, calibrations, judge, conveyor }: Process): NewestVerdicts {
  return new NewestVerdicts({
    ...{ deployments, looks, calibrations, judge, engine: 'davy/test', publicUrl: 'http://davy.test' },
    awaitedSource: (deployment) => conveyor.awaitedSource(deployment),
  })
}

async function slicesOf(davy: Process, id: string): Promise<Slice[]> {
  return (await davy.looks.list(id)).flatMap(({ evidence }) => evidence.slice ?? [])
}

describe('a metric whose source is asked for it alone', () => {
  test('is the main evidence where no telemetry counts requests: its arms are the slice', async () => {
    const ledger = new Ledger()
    const davy = await start(ledger)
    const deployment = await register(davy, 'main', 'main')
    ledger.failing = 0.3
    await run(davy, 9)
    const looks = await davy.looks.list(deployment.id)
    expect(looks.at(-1)!.verdict).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' }, final: true })
    expect(looks.at(-1)!.verdict.reason.summary).toContain('declines')
    const slices = await slicesOf(davy, deployment.id)
    expect(slices.every(({ canary, late }) => canary.requests === 1800 && late === undefined)).toBe(true)
    expect(looks[0]!.evidence.referenceCounts).toEqual({ requests: 216_000, errors: 4320 })
    expect(ledger.asked.at(-1)!.pods).toEqual({ baseline: ['1-a', '1-b', '1-c'], canary: ['2-a', '2-b', '2-c'] })
  })

  test('that was down is asked again from where it last told, whoever asks: nothing lost, nothing twice', async () => {
    const ledger = new Ledger()
    let davy = await start(ledger)
    const deployment = await register(davy, 'down', 'main')
    await run(davy, 2)
    ledger.isDown = true
    await run(davy, 3)
    const verdict = (await davy.looks.list(deployment.id)).at(-1)!.verdict
    expect(verdict).toMatchObject({ decision: 'hold', reason: { code: 'SOURCE_DOWN' } })
    expect(verdict.metrics[0]).toMatchObject({ finding: 'error', fault: 'The ledger is closed.' })
    davy.conveyor.stop()
    davy = await start(ledger)
    await run(davy, 1)
    ledger.isDown = false
    await run(davy, 2)
    const looks = await davy.looks.list(deployment.id)
    const slices = await slicesOf(davy, deployment.id)
    const span = slices.at(-1)!.to - slices[0]!.from
    expect(slices.reduce((sum, { baseline }) => sum + baseline.requests, 0)).toBe((span / 1000) * 60)
    const told = slices.flatMap(({ own, to }) => ('fault' in own!.declines! ? [] : [{ from: own!.declines!.from, to }]))
    for (const [index, { from }] of told.entries()) expect(from).toBe(told[index - 1]?.to ?? slices[0]!.from)
    const { judge } = davy
    const idOf = (at: number, look: number) => derivedId(at, deployment.id, String(look))
    expect(replayLooks({ states: [deployment], looks, judge, idOf })).toEqual([])
  })

  test('holds up nobody else, and its failure is a finding of its own metric', async () => {
    const ledger = new Ledger()
    const davy = await start(ledger)
    await lab.insert(traffic({ service: 'quick', version: '1' }, lab.now - minute, lab.now + 3 * minute, 1))
    await lab.insert(traffic({ service: 'quick', version: '2' }, lab.now, lab.now + 3 * minute, 2))
    await lab.insert(traffic({ service: 'beside', version: '1' }, lab.now - minute, lab.now + 3 * minute, 3))
    await lab.insert(traffic({ service: 'beside', version: '2' }, lab.now, lab.now + 3 * minute, 4))
    const other = await register(davy, 'quick', 'default')
    const waiting = await register(davy, 'beside', 'beside')
    await run(davy, 2)
    ledger.isHeld = true
    await run(davy, 2)
    const [others, own] = [await slicesOf(davy, other.id), await slicesOf(davy, waiting.id)]
    expect(others.length).toBeGreaterThan(own.length)
    ledger.isDown = true
    ledger.release()
    await settle(davy, 3)
    const last = (await davy.looks.list(waiting.id)).at(-1)!.verdict
    expect(last.metrics.map(({ name, finding }) => `${name} ${finding === 'error'}`)).toEqual([
      'error-rate false',
      'declines true',
    ])
    expect((await slicesOf(davy, waiting.id)).at(-1)!.canary.requests).toBeGreaterThan(0)
  })

  test('that is the main evidence is waited for when its source is down at the start', async () => {
    const ledger = new Ledger()
    ledger.isDown = true
    const davy = await start(ledger)
    const only = await register(davy, 'only', 'main')
    const newest = newestOf(davy)
    expect((await newest.of(only.id)).reason.code).toBe('WARMING_UP')
    await run(davy, 3)
    expect(await davy.looks.list(only.id)).toEqual([])
    const told = await newest.of(only.id)
    expect(told).toMatchObject({ look: 0, decision: 'hold', final: false, reason: { code: 'SOURCE_DOWN' } })
    expect(told.reason.summary).toBe('only 2 is not judged yet: the source of declines cannot be asked.')
    expect(told.reason.detail).toContain('The ledger is closed. It is asked again')
    // A gate says why it waits, and not that the verdict is too old.
    expect(gateAnswer(told, null, lab.now)).toMatchObject({ verdict: 'wait', reason: told.reason.summary })
    ledger.isDown = false
    await run(davy, 2)
    expect((await newest.of(only.id)).reason.code).not.toBe('SOURCE_DOWN')
    expect((await davy.looks.list(only.id))[0]!.evidence.referenceCounts?.requests).toBe(216_000)
    expect((await slicesOf(davy, only.id))[0]!.canary.requests).toBe(1800)
  })

  test('that is down at the start keeps nobody from having a person’s word carried out', async () => {
    const ledger = new Ledger()
    ledger.isDown = true
    const davy = await start(ledger)
    const { id } = await register(davy, 'worded', 'main')
    await run(davy, 1)
    const word = { decision: 'rollback', reason: 'I saw it fail.', by: 'ada' } as const
    await davy.deployments.override(id, { ...word, at: new Date(lab.now).toISOString() })
    await run(davy, 1)
    expect(await newestOf(davy).of(id)).toMatchObject({ decision: 'rollback', reason: { code: 'OVERRIDDEN' } })
  })

  test('of a gauge is judged against what its source told of the hour before', async () => {
    const levels: MetricSource = {
      kinds: ['gauge'],
      check: () => null,
      ask: async ({ windows, deployment }) =>
        windows.map(({ from }) => {
          const rise = from < Date.parse(deployment.startedAt) ? 1 : 3
          const arm = (version: string, factor: number): ArmSlice => {
            const byPod = ['a', 'b', 'c'].map((pod, index) => {
              const level = 100 * factor * (1 + 0.02 * Math.sin(from / 7000 + index))
              return [`${version}-${pod}`, { count: 1, sum: level, min: level, max: level }] as const
            })
            return { ...emptyArm, gauges: { queue: Object.fromEntries(byPod) } }
          }
          return { baseline: arm('1', 1), canary: arm('2', rise) }
        }),
    }
    const gauge: MetricSpec = {
      ...{ name: 'queue', kind: 'gauge', source: 'prometheus', query, direction: 'increase', weight: 0.5 },
      ...{ group: 'saturation', margin: 1.25, promoteMargin: 2, critical: false },
    }
    const template: Template = { ...policy, name: 'gauge', metrics: [{ ...errors, weight: 0.4 }, gauge] }
    const davy = await lab.start({
      templates: [quick, main, beside, template],
      sources: new Map([['prometheus', levels]]),
    })
    await lab.insert(traffic({ service: 'gauge', version: '1' }, lab.now - minute, lab.now + 12 * minute, 5))
    await lab.insert(traffic({ service: 'gauge', version: '2' }, lab.now, lab.now + 12 * minute, 6))
    const { id } = await register(davy, 'gauge', 'gauge')
    await run(davy, 14)
    const looks = await davy.looks.list(id)
    expect(looks[0]!.evidence.gaugeHistories?.queue).toMatchObject({ instrument: 'queue', pods: 3 })
    const last = looks.at(-1)!.verdict
    expect(last.metrics[1]).toMatchObject({ name: 'queue', finding: 'harm-shown', canary: { pods: 3 } })
    expect(last).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' } })
    expect(last.reason.summary).toContain('queue')
  })

  test('the past is judged with it, or not at all', async () => {
    const ledger = new Ledger()
    ledger.failing = 0.3
    const davy = await start(ledger)
    const { calibrations, judge, rollups, sources } = davy
    const options = {
      ...{ calibrations, judge, rollups, sources, engine: 'davy/test', publicUrl: 'http://davy.test' },
      ...{ now: () => lab.now, oldestUnstoredAt: () => null },
    }
    const [from, to] = [lab.now - 5 * minute, lab.now].map((at) => new Date(at).toISOString()) as [string, string]
    const request = { service: 'past', canary: { version: '2' }, baseline: { version: '1' }, from, to }
    const { verdict, looks } = await analysePast(options, request, main)
    expect(verdict).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' } })
    expect(looks.length).toBeGreaterThan(1)
    ledger.isDown = true
    await expect(analysePast(options, request, main)).rejects.toMatchObject({ code: 'SOURCE_DOWN' })
  })
})
