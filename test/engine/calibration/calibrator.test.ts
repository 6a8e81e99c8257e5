import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CalibrationRun } from '../../../src/domain/calibration.ts'
import type { Template } from '../../../src/domain/template.ts'
import { Calibrator, type CalibratorOptions } from '../../../src/engine/calibration/calibrator.ts'
import { resumeTrial } from '../../../src/engine/resume-trial.ts'
import { analysePast } from '../../../src/engine/retrospective.ts'
import { digestOf } from '../../../src/platform/digest.ts'
import type { RollupReader } from '../../../src/storage/rollup-reader.ts'
import { serviceHistory } from '../../judges/placebo-history.ts'
import { startedAt as modelEnd } from '../../judges/rollout.ts'
import { complaints, type Lab, openLab, type Process, quick, rollupRow, traffic } from '../lab.ts'

const minute = 60_000
const hour = 60 * minute
const unit = { namespace: '', service: 'calm', environment: 'default' }
const unknown = { ...unit, service: 'unknown' }
/** Errors alone and few looks: placebos are then a matter of seconds. */
const swift: Template = {
  ...quick,
  name: 'swift',
  lookSeconds: 60,
  blockSeconds: 60,
  deadlineSeconds: 900,
  metrics: [quick.metrics[0]!],
}
let lab: Lab
let davy: Process
let end: number

/** Rollup rows of eight like pods that serve until `to`. */
function rowsOf(service: string, minutes: number, to: number): Record<string, unknown>[] {
  const model = { seed: 3, pods: 8, minutes, perTick: 30, failing: 0.03, podErrors: 0.03 }
  return serviceHistory(model).flatMap((tick) =>
    [...tick.pods].flatMap(([pod, { requests, errors }]) => {
      const row = (status: string, count: number) =>
        rollupRow(
          { service, version: '1' },
          tick.from - modelEnd + to,
          { pod, operation: 'GET /', status },
          Array.from({ length: count }, () => 0.02),
        )
      return [
        ...(requests > errors ? [row('Unset', requests - errors)] : []),
        ...(errors > 0 ? [row('Error', errors)] : []),
      ]
    }),
  )
}

beforeAll(async () => {
  lab = await openLab()
  davy = await lab.start({ templates: [...(await lab.start()).templates.list().map((each) => each.template), swift] })
  end = lab.now
  await lab.insert(rowsOf('calm', 250, end))
  await lab.insert(rowsOf('young', 30, end))
})
afterAll(() => lab.close())

/** As if there were no other template: the quick ones. */
function onlyTemplate(base: Template): CalibratorOptions['templates'] {
  return { refresh: async () => undefined, find: () => base, base } as unknown as CalibratorOptions['templates']
}

function calibratorOf(changes: Partial<CalibratorOptions> = {}): Calibrator {
  return new Calibrator({
    ...davy,
    templates: onlyTemplate(swift),
    ...{ now: () => lab.now, oldestUnstoredAt: () => null, engine: 'davy/test', runs: 20 },
    ...changes,
  })
}

/** Makes what is missing, until nothing is. */
async function work(calibrator: Calibrator, rounds = 4): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await calibrator.tick()
    await calibrator.idle()
  }
}

const runOf = async (service: string): Promise<CalibrationRun | undefined> =>
  (await davy.calibrations.newest(service)).find(({ template }) => template.name === 'swift')

describe('a calibration that was asked for', () => {
  test('measures how often harmless pods would be rolled back, on telemetry of before now', async () => {
    lab.now = end + minute
    const asked = await davy.calibrations.ask(unit, swift)
    expect(await davy.calibrations.ask(unit, swift)).toEqual({ id: asked.id, isNew: false })
    await work(calibratorOf())
    const run = await runOf('calm')
    expect(run).toMatchObject({
      ...unit,
      template: { name: 'swift', digest: digestOf(swift) },
      ...{ alpha: 0.01, reason: null, engine: 'davy/test', computedAt: new Date(lab.now).toISOString() },
      measure: {
        ...{ version: '1', canaryPods: 1, seconds: 900, raises: 0, isWithinAlpha: true },
        to: new Date(end).toISOString(),
        from: new Date(end - 250 * minute).toISOString(),
        basis: { pods: 8 },
        reasons: {},
        after: { runs: 20, rollbacks: 0, rate: 0, low: 0 },
      },
    })
    expect(run!.measure!.nulls['error-rate']!.tauPod).toBeLessThan(0.1)
    expect(await davy.calibrations.asked()).toEqual([])
    expect(complaints(davy)).toEqual([])
  })

  test('is the same when it is made again on the same telemetry', async () => {
    const first = await runOf('calm')
    await davy.calibrations.ask(unit, swift)
    await work(calibratorOf())
    const second = await runOf('calm')
    expect(second!.id).not.toBe(first!.id)
    expect(JSON.stringify(second!.measure)).toBe(JSON.stringify(first!.measure))
  })

  test.each([
    [{ ...unit, service: 'young' }, 'expected at least 4 h of history of one version, got 0.5 h of 1'],
    [unknown, expect.stringContaining('expected requests that name their pod')],
  ])('without enough history is a reason and no number: $service', async (of, reason) => {
    await davy.calibrations.ask(of, swift)
    await work(calibratorOf())
    expect(await runOf(of.service)).toMatchObject({ measure: null, reason })
    expect(await davy.calibrations.before(of, digestOf(swift), lab.now)).toBeNull()
  })

  test('whose calculation fails is a reason too, and is not tried for ever', async () => {
    const broken = { ...swift, name: 'broken', metrics: [{ ...quick.metrics[0]!, kind: 'histogram' as 'proportion' }] }
    await davy.calibrations.ask(unit, broken)
    await work(calibratorOf())
    const run = (await davy.calibrations.newest('calm')).find(({ template }) => template.name === 'broken')
    expect(run).toMatchObject({ measure: null, reason: expect.stringMatching(/^the calculation failed: .*histogram/) })
    expect(await davy.calibrations.asked()).toEqual([])
  })

  test('is made after the storage failed, and after a stop', async () => {
    const { id } = await davy.calibrations.ask(unit, { ...swift, name: 'again' })
    const isWaiting = async () => (await davy.calibrations.asked()).some(({ key }) => key === id)
    const down = { histories: () => Promise.reject(new Error('the storage is down')) } as unknown as RollupReader
    await work(calibratorOf({ rollups: down }), 1)
    expect(await isWaiting()).toBe(true)
    const stopped = calibratorOf()
    await stopped.tick()
    await stopped.stop()
    expect(await isWaiting()).toBe(true)
    await work(calibratorOf())
    expect(await isWaiting()).toBe(false)
  })
})

describe('a day', () => {
  test('has one calibration of every unit with enough history, whoever asks and however often', async () => {
    lab.now = end + 2 * minute
    const count = async () => (await davy.facts.list({ kind: 'calibration', subject: 'calm' })).length
    const before = await count()
    const templates = onlyTemplate({ ...swift, name: 'nightly' })
    await work(calibratorOf({ templates }))
    await work(calibratorOf({ templates }))
    expect(await count()).toBe(before + 1)
    const made = (await davy.calibrations.newest('calm')).map(({ template }) => template.name)
    expect(made).toContain('nightly')
    expect((await davy.calibrations.newest('young')).map(({ template }) => template.name)).toEqual(['swift'])
  })
})

describe('a deployment', () => {
  test('is judged with what was learned before its start, also after a restart', async () => {
    lab.now = end + 10 * minute
    await lab.insert(traffic({ service: 'calm', version: '2' }, end + 5 * minute, end + 10 * minute, 5))
    const register = async (version: string, at: number) => {
      const registration = { service: 'calm', canary: { version }, baseline: { version: '1' }, template: 'swift' }
      return (await davy.deployments.register({ ...registration, startedAt: new Date(at).toISOString() })).deployment
    }
    const early = await register('3', end - minute)
    const later = await register('2', end + 5 * minute)
    await davy.conveyor.tick()
    await davy.conveyor.tick()
    const looks = await davy.looks.list(later.id)
    const run = await davy.calibrations.before(unit, digestOf(swift), end + 5 * minute)
    expect(looks[0]!.evidence).toMatchObject({ nulls: run!.measure!.nulls, calibration: { id: run!.id } })
    expect(looks.length).toBeGreaterThan(2)
    for (const { verdict } of looks) expect(verdict.metrics[0]!.null).toMatchObject({ learned: true })

    const cold = await davy.looks.list(early.id)
    expect(cold[0]!.evidence).toEqual({ slice: null, reference: expect.anything(), referenceCounts: expect.anything() })
    expect(cold[0]!.verdict.metrics[0]).not.toHaveProperty('null')

    const resumed = await resumeTrial(later, looks.slice(0, -1), davy.judge)
    const last = looks.at(-1)!
    const { metrics, confidence } = resumed.observe(last.evidence.slice!, last.at)
    expect(JSON.stringify({ metrics, confidence })).toBe(
      JSON.stringify({ metrics: last.verdict.metrics, confidence: last.verdict.confidence }),
    )
  })

  test('of the past is analysed with nothing that needed data from its time on', async () => {
    const analyse = async (from: number) => {
      const options = { ...davy, engine: 'davy/test', publicUrl: 'http://davy.test', now: () => lab.now }
      const times = { from: new Date(from).toISOString(), to: new Date(from + 5 * minute).toISOString() }
      const request = { service: 'calm', canary: { version: '2' }, baseline: { version: '1' }, ...times }
      const { verdict } = await analysePast({ ...options, oldestUnstoredAt: () => null }, request, swift)
      return verdict.metrics[0]!.null
    }
    expect(await analyse(end)).toMatchObject({ learned: true })
    expect(await analyse(end - minute)).toBeUndefined()
  })

  test('is not judged with what placebos said is not enough, is of another template, or is a month old', async () => {
    const digest = digestOf(swift)
    const good = await davy.calibrations.before(unit, digest, end)
    expect(await davy.calibrations.before(unit, digestOf(quick), end)).toBeNull()
    expect(await davy.calibrations.before({ ...unit, environment: 'other' }, digest, end)).toBeNull()
    expect(await davy.calibrations.before(unit, digest, end + 31 * 24 * hour)).toBeNull()
    const measure = { ...good!.measure!, isWithinAlpha: false }
    const noisy = { ...good!, service: 'noisy', measure } as CalibrationRun
    await davy.calibrations.record('noisy/1', noisy)
    lab.now = end + 10 * minute
    const { deployment } = await davy.deployments.register({
      ...{ service: 'noisy', canary: { version: '2' }, baseline: { version: '1' }, template: 'swift' },
    })
    await davy.conveyor.tick()
    const [look] = await davy.looks.list(deployment.id)
    expect(look!.evidence.calibration).toMatchObject({ id: good!.id })
    expect(look!.evidence).not.toHaveProperty('nulls')
    expect(look!.verdict.metrics[0]).not.toHaveProperty('null')
  })
})
