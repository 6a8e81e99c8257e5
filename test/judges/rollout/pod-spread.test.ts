import { describe, expect, it } from 'vitest'
import { podScatter, spreadOf } from '../../../src/judges/rollout/pod-spread.ts'
import { defaultRolloutPolicy } from '../../../src/judges/rollout/rollout-policy.ts'
import { rollout } from './shop.ts'

describe('the spread between pods', () => {
  it('comes from the baseline pods’ median logarithms before the change', () => {
    const levels: Readonly<Record<string, number>> = { 'v1-a': 1, 'v1-b': Math.E, 'v1-c': Math.E ** 2 }
    const input = rollout({ cpu: ({ pod, minute }) => (minute >= 20 ? 1e6 : levels[pod]!), latency: () => 0 })
    const scatter = podScatter(input, defaultRolloutPolicy.gauges)
    expect(scatter).toHaveLength(1)
    expect(scatter[0]).toMatchObject({ service: 'cart', metric: 'cpu', freedom: 2 })
    expect(scatter[0]!.squares).toBeCloseTo(2, 12)
  })

  it('is an upper bound: squares over a low quantile of chi-square', () => {
    const history = [{ service: 'cart', metric: 'cpu', squares: 10, freedom: 10 }]
    // Tables: the 0.2 quantile of chi-square with 10 degrees of freedom is 6.1791.
    expect(spreadOf(history, 'cart', 'cpu', 0.8)).toBeCloseTo(Math.sqrt(10 / 6.1791), 2)
  })

  it('borrows from other services only when a service has too little of its own', () => {
    const history = [
      { service: 'cart', metric: 'cpu', squares: 1, freedom: 4 },
      { service: 'mail', metric: 'cpu', squares: 100, freedom: 20 },
      { service: 'mail', metric: 'latency', squares: 1, freedom: 20 },
    ]
    const borrowed = spreadOf(history, 'cart', 'cpu', 0.5)!
    expect(borrowed).toBeGreaterThan(2)
    const own = [...history, { service: 'cart', metric: 'cpu', squares: 1, freedom: 4 }]
    expect(spreadOf(own, 'cart', 'cpu', 0.5)).toBeLessThan(0.6)
    expect(spreadOf(history, 'cart', 'memory', 0.5)).toBeNull()
  })
})
