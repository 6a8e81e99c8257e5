import { describe, expect, test } from 'vitest'
import { proportionInterval } from '../../src/stats/proportion-interval.ts'

function binomial(n: number, p: number): number[] {
  const weights = [(1 - p) ** n]
  for (let k = 0; k < n; k++) weights.push((weights[k]! * (n - k) * p) / ((k + 1) * (1 - p)))
  return weights
}

describe('the interval of a share', () => {
  test.each([
    [4, 10, 0.1215523, 0.7376219],
    [10, 20, 0.2719578, 0.7280422],
    [2, 200, 0.0012137, 0.0356516],
  ])('of %i of %i is that of published tables', (successes, trials, low, high) => {
    const interval = proportionInterval(successes, trials)
    expect(interval.low).toBeCloseTo(low, 5)
    expect(interval.high).toBeCloseTo(high, 5)
  })

  test('has closed forms at both ends', () => {
    for (const n of [1, 7, 200]) {
      const end = 1 - 0.025 ** (1 / n)
      expect(proportionInterval(0, n).low).toBe(0)
      expect(proportionInterval(0, n).high).toBeCloseTo(end, 12)
      expect(proportionInterval(n, n).low).toBeCloseTo(1 - end, 12)
      expect(proportionInterval(n, n).high).toBe(1)
    }
    expect(proportionInterval(0, 0)).toEqual({ low: 0, high: 1 })
  })

  test('covers the truth at least as often as it says, whatever the truth', () => {
    const n = 30
    const intervals = Array.from({ length: n + 1 }, (_, k) => proportionInterval(k, n, 0.9))
    for (let p = 0.01; p < 1; p += 0.01) {
      const covered = binomial(n, p).reduce((sum, weight, k) => {
        return p >= intervals[k]!.low && p <= intervals[k]!.high ? sum + weight : sum
      }, 0)
      expect(covered).toBeGreaterThanOrEqual(0.9 - 1e-9)
    }
  })

  test('refuses what is no count', () => {
    for (const [successes, trials] of [
      [3, 2],
      [-1, 2],
      [0.5, 2],
      [0, Number.NaN],
    ] as const) {
      expect(() => proportionInterval(successes, trials)).toThrow(`got ${successes} of ${trials}`)
    }
  })
})
