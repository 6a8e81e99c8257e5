import { describe, expect, test } from 'vitest'
import { gaugeLogE } from '../../src/stats/gauge-evidence.ts'
import { gaugeHalfWidth } from '../../src/stats/gauge-interval.ts'
import { gaugeProcess } from '../../src/stats/gauge-process.ts'
import { learnGaugeNull } from '../../src/stats/learn-gauge-null.ts'
import { type Random, random } from './random.ts'

type Truth = { readonly a: number; readonly sd: number; readonly tau: number }

/** Log levels of pods: AR(1) around a mean of their own, and something that befalls all of them. */
function podsOf(count: number, blocks: number, { a, sd, tau }: Truth, source: Random): number[][] {
  const common = Array.from({ length: blocks }, (_, t) => 0.3 * Math.sin(t / 9) + 0.1 * source.normal())
  return Array.from({ length: count }, () => {
    const mean = tau * source.normal()
    let noise = (sd / Math.sqrt(1 - a ** 2)) * source.normal()
    return common.map((shared) => {
      noise = a * noise + sd * source.normal()
      return mean + shared + noise
    })
  })
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** What is learned from many services that are alike. */
function learned(truth: Truth, pods: number, blocks: number, runs = 100) {
  return Array.from({ length: runs }, (_, seed) => learnGaugeNull(podsOf(pods, blocks, truth, random(seed + 1)))!)
}

describe('what an hour of pods teaches', () => {
  test.each([
    { a: 0, sd: 0.05, tau: 0.1, pods: 6 },
    { a: 0.6, sd: 0.03, tau: 0.06, pods: 6 },
    { a: 0.85, sd: 0.02, tau: 0.2, pods: 12 },
    { a: 0.6, sd: 0.03, tau: 0.06, pods: 2 },
  ])('is the correlation $a and the innovation $sd of $pods pods', ({ pods, ...truth }) => {
    const all = learned(truth, pods, 60)
    expect(Math.abs(mean(all.map(({ a }) => a)) - truth.a)).toBeLessThan(0.03)
    expect(mean(all.map(({ s2 }) => s2)) / truth.sd ** 2).toBeGreaterThan(0.93)
    expect(mean(all.map(({ s2 }) => s2)) / truth.sd ** 2).toBeLessThan(1.1)
  })

  test('bounds from above how much pods differ, four times in five', () => {
    const truth = { a: 0.6, sd: 0.03, tau: 0.1 }
    for (const pods of [2, 4, 10]) {
      const above = learned(truth, pods, 60, 200).filter(({ tauPod }) => tauPod >= truth.tau)
      expect(above.length / 200).toBeGreaterThanOrEqual(0.75)
    }
    // With many pods the bound is near the truth.
    expect(mean(learned(truth, 30, 60, 30).map(({ tauPod }) => tauPod))).toBeLessThan(1.4 * truth.tau)
  })

  test('is the same with gaps in the series', () => {
    const truth = { a: 0.6, sd: 0.03, tau: 0.1 }
    const source = random(3)
    const holes = podsOf(8, 120, truth, source).map((row) => row.map((y) => (source.uniform() < 0.2 ? null : y)))
    const { a, s2, pods, blocks } = learnGaugeNull(holes)!
    expect({ pods, blocks }).toEqual({ pods: 8, blocks: 120 })
    expect(Math.abs(a - truth.a)).toBeLessThan(0.12)
    expect(s2 / truth.sd ** 2).toBeGreaterThan(0.7)
    expect(s2 / truth.sd ** 2).toBeLessThan(1.5)
  })

  test('is nothing from one pod, or from less than ten blocks each', () => {
    const truth = { a: 0.5, sd: 0.05, tau: 0.1 }
    expect(learnGaugeNull([])).toBeNull()
    expect(learnGaugeNull(podsOf(1, 500, truth, random(1)))).toBeNull()
    expect(learnGaugeNull(podsOf(20, 9, truth, random(1)))).toBeNull()
    const [one, ...short] = podsOf(3, 60, truth, random(1))
    expect(learnGaugeNull([one!, ...short.map((row) => row.slice(0, 9))])).toBeNull()
    // Every other block of each: no pair to learn a correlation from.
    const lonely = podsOf(4, 60, truth, random(1)).map((row) => row.map((y, t) => (t % 2 === 0 ? y : null)))
    expect(learnGaugeNull(lonely)).toBeNull()
  })

  test('of pods that always say the same is a null that no difference makes infinite', () => {
    const flat = learnGaugeNull([new Array(20).fill(1), new Array(20).fill(1)])!
    expect(flat.a).toBeGreaterThanOrEqual(0)
    expect(flat.a).toBeLessThan(1)
    expect(flat.s2).toBeGreaterThan(0)
    expect(flat.tauPod).toBe(0)
    expect(Number.isFinite(gaugeLogE({ d: 1, v: flat.s2, tau: flat.tauPod, rho: 0.25 }))).toBe(true)
  })
})

describe('the interval around a gauge', () => {
  test('ends where the evidence against it is exactly enough', () => {
    for (const [v, tau] of [
      [1e-6, 0],
      [0.001, 0.05],
      [0.5, 0.3],
    ] as const) {
      const half = gaugeHalfWidth({ v, tau, rho: 0.25 }, 0.95)!
      expect(gaugeLogE({ d: half, v, tau, rho: 0.25 })).toBeCloseTo(Math.log(40), 5)
    }
  })

  test('is narrower with more information and wider with more confidence', () => {
    const width = (v: number, level: number) => gaugeHalfWidth({ v, tau: 0.05, rho: 0.25 }, level)!
    expect(width(0.001, 0.95)).toBeLessThan(width(0.01, 0.95))
    expect(width(0.01, 0.95)).toBeLessThan(width(0.01, 0.99))
    // However long one looks, pods differ.
    expect(width(1e-12, 0.95)).toBeGreaterThan(0.05 * 1.96)
  })

  test('holds the truth at all times together, as often as it says', () => {
    const truth = { a: 0.6, sd: 0.03, tau: 0.06 }
    const arms = { canary: 2, baseline: 6 }
    const perPod = 1 / arms.canary + 1 / arms.baseline
    const scaled = { a: truth.a, s2: truth.sd ** 2 * perPod, tau: truth.tau * Math.sqrt(perPod) }
    const difference = 0.2
    const runs = 400
    let missed = 0
    for (let seed = 1; seed <= runs; seed++) {
      const pods = podsOf(arms.canary + arms.baseline, 40, truth, random(seed))
      const series = Array.from({ length: 40 }, (_, t) => {
        const levels = pods.map((row) => row[t]!)
        return difference + mean(levels.slice(0, arms.canary)) - mean(levels.slice(arms.canary))
      })
      const isMissed = series.some((_, t) => {
        const { information, mean: d } = gaugeProcess(series.slice(0, t + 1), { ...scaled, delta: 0, rho: 0.25 })
        const half = gaugeHalfWidth({ v: 1 / information, tau: scaled.tau, rho: 0.25 }, 0.95)!
        return Math.abs(d! - difference) > half
      })
      if (isMissed) missed += 1
    }
    expect(missed / runs).toBeLessThanOrEqual(0.05)
  })
})
