import { describe, expect, test } from 'vitest'
import { calibrateNulls } from '../../../src/judges/sequential/calibrate-nulls.ts'
import { type PlaceboPlan, replayPlacebos } from '../../../src/judges/sequential/placebo.ts'
import { placeboSlices } from '../../../src/judges/sequential/placebo-slices.ts'
import { serviceHistory } from '../placebo-history.ts'
import { quickTemplate } from '../rollout.ts'

const template = { ...quickTemplate, lookSeconds: 30, blockSeconds: 60, metrics: [quickTemplate.metrics[0]!] }
const shop = { seed: 1, pods: 8, minutes: 90, perTick: 120, failing: 0.02 }
const calm = serviceHistory(shop)
const wild = serviceHistory({ ...shop, podErrors: 0.7, bursts: 0.03 })
const plan: PlaceboPlan = { template, canaryPods: 2, runs: 40, seconds: 600, seed: 7 }

describe('the slices of a placebo', () => {
  test('hold every request once, in the arm of its pod, in looks and blocks of the template', () => {
    const canary = new Set(['a-1', 'a-4'])
    const startedAt = calm[30]!.from
    const slices = [...placeboSlices(calm, { startedAt, seconds: 240, canary }, template)]
    expect(slices.map(({ from, to }) => [from - startedAt, to - startedAt])).toEqual(
      Array.from({ length: 8 }, (_, i) => [i * 30_000, (i + 1) * 30_000]),
    )
    expect(slices.map(({ closesBlock }) => closesBlock)).toEqual(slices.map((_, i) => i % 2 === 1))
    for (const [i, slice] of slices.entries()) {
      const ticks = calm.slice(30 + 3 * i, 33 + 3 * i)
      const total = ticks.flatMap(({ pods }) => [...pods.values()]).reduce((sum, arm) => sum + arm.requests, 0)
      expect(slice.canary.requests + slice.baseline.requests).toBe(total)
      expect(Object.keys(slice.canary.pods)).toEqual(['a-1', 'a-4'])
      expect(Object.keys(slice.baseline.pods)).toHaveLength(6)
      for (const arm of [slice.canary, slice.baseline]) {
        expect(arm.operations['GET /']).toEqual({ requests: arm.requests, errors: arm.errors })
        expect(Object.values(arm.pods).reduce((sum, { errors }) => sum + errors, 0)).toBe(arm.errors)
      }
    }
  })

  test('sum durations by bucket and go on without requests after the history ends', () => {
    const short = serviceHistory({ ...shop, minutes: 1, latency: true })
    const startedAt = short[0]!.from
    const [first, , last] = [...placeboSlices(short, { startedAt, seconds: 90, canary: new Set(['a-0']) }, template)]
    const { latency, requests } = first!.baseline
    expect(latency.reduce((sum, [, count]) => sum + count, 0)).toBe(requests)
    expect(latency.map(([bucket]) => bucket)).toEqual(
      [...new Set(latency.map(([bucket]) => bucket))].sort((a, b) => a - b),
    )
    expect(last!.baseline.requests).toBe(0)
  })
})

describe('placebos', () => {
  test('of a calm service are all promoted, with the interval that so many runs allow', () => {
    const result = replayPlacebos(calm, plan)
    expect(result).toMatchObject({ runs: 40, rollbacks: 0, rate: 0, low: 0, promotes: 40, rollbacksBy: {} })
    expect(result.high).toBeCloseTo(1 - 0.025 ** (1 / 40), 9)
    expect(result.medianSecondsToPromote).toBeGreaterThanOrEqual(60)
    expect(result.medianSecondsToPromote).toBeLessThanOrEqual(600)
  })

  test('are the same for the same seed and others for another', () => {
    const few = { ...plan, runs: 12 }
    const first = replayPlacebos(wild, few)
    expect(replayPlacebos(wild, few)).toEqual(first)
    expect(replayPlacebos(wild, { ...few, seed: 8 })).not.toEqual(first)
  })

  test('of pods that differ wildly are rolled back until tauPod is raised', () => {
    const nulls = { 'error-rate': { tauPod: 0.3, sigb: 0.2, eps: 0.02, phi: 1 } }
    const few = { ...plan, runs: 25, nulls }
    const calibration = calibrateNulls(wild, few)
    expect(calibration.before.rate).toBeGreaterThan(template.alpha)
    expect(calibration.before.rollbacksBy).toEqual({ 'error-rate': calibration.before.rollbacks })
    expect(calibration.after.rate).toBeLessThanOrEqual(template.alpha)
    expect(calibration.isWithinAlpha).toBe(true)
    const { tauPod, ...rest } = calibration.nulls['error-rate']!
    expect(tauPod).toBeCloseTo(0.3 * 1.25 ** calibration.raises, 12)
    expect(rest).toEqual({ sigb: 0.2, eps: 0.02, phi: 1 })
    expect(replayPlacebos(wild, { ...few, nulls: calibration.nulls })).toEqual(calibration.after)
  })

  test('that no tauPod saves say so', () => {
    const hopeless = serviceHistory({ ...shop, failing: 0.005, harm: { pods: 1, ratio: 150 } })
    const { isWithinAlpha, nulls, after } = calibrateNulls(hopeless, {
      ...plan,
      runs: 20,
      nulls: { 'error-rate': { tauPod: 0.9, sigb: 0, eps: 0, phi: 1 } },
    })
    expect(nulls['error-rate']!.tauPod).toBe(1)
    expect(after.rate).toBeGreaterThan(template.alpha)
    expect(isWithinAlpha).toBe(false)
  })

  test('that are fine leave the null as it is', () => {
    const { nulls, raises, before, after } = calibrateNulls(calm, plan)
    expect({ nulls, raises }).toEqual({ nulls: {}, raises: 0 })
    expect(after).toBe(before)
  })

  test('need more pods than the canary has and a whole run of history; without them nothing is promised', () => {
    for (const history of [[], calm.slice(0, 59), serviceHistory({ ...shop, pods: 2, minutes: 20 })]) {
      const { after, isWithinAlpha } = calibrateNulls(history, plan)
      expect(after).toMatchObject({ runs: 0, rate: null, low: 0, high: 1, medianSecondsToPromote: null })
      expect(isWithinAlpha).toBe(false)
    }
  })

  test('that a template rolls back at its deadline are no false alarms', () => {
    const strict = {
      ...template,
      deadlineSeconds: 60,
      onDeadline: 'rollback' as const,
      minimum: { seconds: 600, requests: 1 },
    }
    expect(replayPlacebos(calm, { ...plan, template: strict })).toMatchObject({ runs: 40, rollbacks: 0, promotes: 0 })
  })

  test('are refused when the plan or the history is none', () => {
    expect(() => replayPlacebos(calm, { ...plan, canaryPods: 0 })).toThrow('canaryPods: expected a whole number from 1')
    expect(() => replayPlacebos(calm, { ...plan, runs: 1.5 })).toThrow('runs: expected a whole number from 1, got 1.5')
    expect(() => replayPlacebos(calm, { ...plan, seconds: 20 })).toThrow('seconds: expected at least one look of 30')
    expect(() => replayPlacebos(calm.toReversed(), plan)).toThrow('expected ticks in order of time')
  })
})
