import { describe, expect, test } from 'vitest'
import { shareLikelihood, shareLogE } from '../../src/stats/share-evidence.ts'

function logE(canary: readonly [number, number], ...baseline: readonly (readonly [number, number])[]): number {
  const [own, ...others] = [canary, ...baseline].map(([count, of]) => shareLikelihood({ count, of }))
  return shareLogE(own!, others)
}

describe('evidence of a share from elsewhere', () => {
  test('a likelihood is that of the beta-binomial', () => {
    // First point of the grid: Beta(0.01, 9.99); one of one has probability 0.01 / 10.
    expect(shareLikelihood({ count: 1, of: 1 }).grid[0]).toBeCloseTo(Math.log(0.001), 9)
  })

  test('what always happened and vanished is strong evidence, and so is what never happened and appears', () => {
    const always = [40, 44, 26, 50].map((n) => [n, n] as const)
    const never = always.map(([, n]) => [0, n] as const)
    expect(logE([0, 48], ...always)).toBeGreaterThan(Math.log(1e4))
    expect(logE([48, 48], ...never)).toBeCloseTo(logE([0, 48], ...always), 6)
  })

  test('a share like the others speaks against a change', () => {
    expect(logE([20, 40], [22, 40], [18, 40], [21, 44])).toBeLessThan(0)
  })

  test('windows that scatter widely prove less than windows that agree', () => {
    expect(logE([35, 40], [10, 40], [30, 40], [20, 40])).toBeLessThan(logE([35, 40], [20, 40], [20, 40], [20, 40]))
  })

  test('no units are no evidence', () => {
    expect(logE([0, 0], [3, 4])).toBeCloseTo(0, 12)
    expect(logE([1, 4])).toBeLessThan(Math.log(100))
  })

  test('the expectation over what the posterior predicts is 1', () => {
    const n = 12
    const baseline = [
      [3, 12],
      [5, 15],
    ] as const
    let sum = 0
    let choose = 1
    for (let x = 0; x <= n; x++) {
      // log E = alternative - predictive, so predictive x E summed over all outcomes is the alternative's mass, 1.
      const own = shareLikelihood({ count: x, of: n })
      const others = baseline.map(([count, of]) => shareLikelihood({ count, of }))
      const weights = own.grid.map((_, g) => Math.exp(others.reduce((total, { grid }) => total + grid[g]!, 0)))
      const total = weights.reduce((all, weight) => all + weight, 0)
      const predictive = own.grid.reduce((all, value, g) => all + (weights[g]! / total) * Math.exp(value), 0)
      sum += choose * predictive * Math.exp(shareLogE(own, others))
      choose *= (n - x) / (x + 1)
    }
    expect(sum).toBeCloseTo(1, 9)
  })
})
