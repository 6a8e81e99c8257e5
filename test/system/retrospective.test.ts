import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Template } from '../../src/domain/template.ts'
import { type AnalysisRequest, analysePast } from '../../src/engine/retrospective.ts'
import type { RollupReader } from '../../src/storage/rollup-reader.ts'
import { bad, type Lab, openLab, type Process, quick, traffic } from '../engine/lab.ts'
import { aRow } from '../engine/samples.ts'

const minute = 60_000
let lab: Lab
let davy: Process
let start: number

beforeAll(async () => {
  lab = await openLab()
  davy = await lab.start()
  start = lab.now
  await lab.insert(traffic({ version: '1', rps: 20 }, start - minute, start + 12 * minute, 1))
  await lab.insert(traffic({ version: '2', rps: 20 }, start, start + 12 * minute, 2))
  await lab.insert(traffic({ version: '3', rps: 20, failing: bad }, start, start + 12 * minute, 3))
})
afterAll(() => lab.close())

const time = (at: number) => new Date(at).toISOString()
const options = (rollups: RollupReader = davy.rollups) => ({
  ...{
    rollups,
    calibrations: davy.calibrations,
    sources: davy.sources,
    judge: davy.judge,
    engine: 'davy/test',
    publicUrl: 'http://davy.test',
  },
  ...{ now: () => lab.now + 60 * minute, oldestUnstoredAt: () => null },
})
const request = (changes: Partial<AnalysisRequest> = {}): AnalysisRequest => ({
  service: 'checkout',
  canary: { version: '2' },
  baseline: { version: '1' },
  from: time(start),
  to: time(start + 12 * minute),
  ...changes,
})
const analyse = (changes: Partial<AnalysisRequest> = {}, template: Template = quick, rollups?: RollupReader) =>
  analysePast(options(rollups), request(changes), template)

describe('an analysis of the past', () => {
  test.each([
    { version: '2', decision: 'promote' },
    { version: '3', decision: 'rollback' },
  ])('says at every look what the live conveyor says on the same data: $decision', async ({ version, decision }) => {
    lab.now = start
    const { deployment } = await davy.deployments.register({
      ...{ service: 'checkout', canary: { version }, baseline: { version: '1' }, template: 'quick' },
    })
    lab.now = start + 13 * minute
    for (let tick = 0; tick < 3; tick += 1) await davy.conveyor.tick()
    const live = await davy.looks.list(deployment.id)
    const taken = live.flatMap(({ look, evidence, verdict: { decision, reason, confidence } }) =>
      evidence.slice === null ? [] : [[look, decision, reason.code, confidence.eValue, confidence.promoteEValue]],
    )
    const { looks, verdict } = await analyse({ canary: { version }, to: time(start + 12 * minute + 40_000) })
    expect(
      looks.map(({ look, decision, code, eValue, promoteEValue }) => [look, decision, code, eValue, promoteEValue]),
    ).toEqual(taken)
    expect(verdict).toMatchObject({ decision, final: true, look: looks.at(-1)?.look })
    expect(verdict.decidedAt).toBe(looks.find((look) => look.decision === decision)?.at)
    await davy.deployments.close(deployment.id, decision === 'promote' ? 'promoted' : 'rolled-back', 'test')
  })

  test('is causal: what comes after a look changes nothing up to it', async () => {
    const whole = (await analyse()).looks
    for (const minutes of [1, 11]) {
      const part = (await analyse({ to: time(start + minutes * minute) })).looks
      expect(part).toEqual(whole.slice(0, minutes * 6))
    }
  })

  test('writes nothing', async () => {
    const counts = () =>
      lab.storage.query('SELECT (SELECT count() FROM facts) AS facts, (SELECT count() FROM looks) AS looks')
    const before = await counts()
    await analyse()
    expect(await counts()).toEqual(before)
  })

  test('is of what both cohorts share in time', async () => {
    const { looks } = await analyse({
      canary: { version: '2', from: time(start + 2 * minute) },
      baseline: { version: '1', to: time(start + 4 * minute) },
    })
    expect(looks[0]?.at).toBe(time(start + 2 * minute + 10_000))
    expect(looks.at(-1)?.at).toBe(time(start + 4 * minute))
  })
})

describe('telemetry that is on its way', () => {
  test('is waited for when it came before the request', async () => {
    const waits = [start - minute, start - minute, start + 60 * minute]
    const oldestUnstoredAt = () => waits.shift() ?? null
    await analysePast(
      { ...options(), oldestUnstoredAt, now: () => start + 30 * minute },
      request({ to: time(start + minute) }),
      quick,
    )
    expect(waits).toEqual([])
  })

  test('is cut off when it lies after the request', async () => {
    const now = start + 95_000
    const { looks } = await analysePast({ ...options(), now: () => now }, request(), quick)
    expect(looks).toHaveLength(9)
    const { verdict } = await analysePast({ ...options(), now: () => start - minute }, request(), quick)
    expect(verdict).toMatchObject({ look: 0, decision: 'hold' })
  })
})

describe('what cannot be analysed', () => {
  const hours = (count: number) => ({ from: time(start), to: time(start + count * 60 * minute) })
  test.each<{ name: string; change: () => Partial<AnalysisRequest>; code: string }>([
    {
      name: 'windows that share no time',
      change: () => ({
        canary: { version: '2', from: time(start + 5 * minute) },
        baseline: { version: '1', to: time(start + 5 * minute) },
      }),
      code: 'WINDOWS_DISJOINT',
    },
    { name: 'an end before the start', change: () => ({ to: time(start - minute) }), code: 'WINDOWS_DISJOINT' },
    { name: 'more than a day', change: () => hours(24.1), code: 'TOO_MANY_LOOKS' },
    { name: 'a version with itself', change: () => ({ canary: { version: '1' } }), code: 'UNPROCESSABLE' },
    { name: 'a canary of no name', change: () => ({ canary: {} }), code: 'UNPROCESSABLE' },
  ])('$name: $code', async ({ change, code }) => {
    await expect(analyse(change())).rejects.toMatchObject({ code })
  })
})

describe('looks over a long time', () => {
  /** One request of each arm in every tick, in each answer only those that were asked for. */
  function evenRollups() {
    const asked: { from: number; to: number }[] = []
    const rows = (from: number, to: number) => {
      const found = []
      for (let at = Math.ceil(from / 10_000) * 10_000; at < to; at += 10_000) {
        found.push(aRow({ at, requests: 1 }), aRow({ at, requests: 1, version: '2', pod: 'b-1' }))
      }
      return found
    }
    const reader = {
      requests: async (_services: readonly string[], from: number, to: number) => {
        asked.push({ from, to })
        return rows(from, to)
      },
      latencies: async () => [],
      callees: async () => [],
      totals: async () => [],
      versions: async () => [],
    } as unknown as RollupReader
    return { reader, asked }
  }

  test.each([10, 20, 30, 60, 70, 900])(
    'every %i s see every tick once, whatever lies in one chunk',
    async (lookSeconds) => {
      const { reader, asked } = evenRollups()
      const template = { ...quick, lookSeconds, blockSeconds: lookSeconds }
      const seconds = 45 * 60
      const { looks, verdict } = await analyse({ to: time(start + seconds * 1000) }, template, reader)
      const expected = Math.floor(seconds / lookSeconds)
      expect(looks.map(({ look }) => look)).toEqual(Array.from({ length: expected }, (_, index) => index + 1))
      expect(looks.map(({ at }) => Date.parse(at))).toEqual(
        looks.map((_, index) => start + (index + 1) * lookSeconds * 1000),
      )
      const samples = verdict.metrics[0]
      const ticks = expected * (lookSeconds / 10)
      expect([samples?.baseline.samples, samples?.canary.samples]).toEqual([ticks, ticks])
      expect(Math.max(...asked.map(({ from, to }) => to - from))).toBeLessThanOrEqual((600 + 2 * lookSeconds) * 1000)
    },
  )
})
