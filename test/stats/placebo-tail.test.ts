import { describe, expect, test } from 'vitest'
import { placeboTail } from '../../src/stats/placebo-tail.ts'
import { random } from './random.ts'

const oneToNineteen = Array.from({ length: 19 }, (_, i) => i + 1)

describe("the placebos' tail", () => {
  test.each([
    [0, 1],
    [1, 1],
    [1.5, 0.95],
    [19, 0.1],
    [19.5, 0.05],
    [1e9, 0.05],
  ])('p of %d among 1 … 19 is %d, never below 1 / 20', (x, p) => {
    expect(placeboTail(oneToNineteen).p(x)).toBeCloseTo(p, 12)
  })

  test('does not need its placebos in order', () => {
    expect(placeboTail([5, 1, 3]).p(3)).toBe(0.75)
  })

  test('beyond the 90th percentile falls by e with each mean excess', () => {
    // Percentile 90 of 1 … 19 is 17.2, the excesses are 0.8 and 1.8.
    const tail = placeboTail(oneToNineteen)
    expect(tail.extrapolatedLogP(17.2 + 1.3)).toBeCloseTo(Math.log(3 / 20) - 1, 12)
    expect(tail.extrapolatedLogP(17.2 + 13)).toBeCloseTo(Math.log(3 / 20) - 10, 12)
  })

  test('below it is log p', () => {
    const tail = placeboTail(oneToNineteen)
    expect(tail.extrapolatedLogP(12)).toBe(Math.log(tail.p(12)))
  })

  test('extrapolates nothing from placebos that are all alike', () => {
    expect(placeboTail([0, 0, 0]).extrapolatedLogP(9)).toBe(Math.log(0.25))
  })

  test('never rises with x', () => {
    const { normal } = random(3)
    const tail = placeboTail(Array.from({ length: 200 }, normal))
    const logPs = Array.from({ length: 100 }, (_, i) => tail.extrapolatedLogP(-4 + i * 0.1))
    for (const [i, logP] of logPs.entries()) expect(logP).toBeLessThanOrEqual(i === 0 ? 0 : logPs[i - 1]!)
  })

  test('p is at most alpha for at most alpha of the exchangeable statistics', () => {
    const { normal } = random(11)
    const trials = 4000
    let small = 0
    for (let i = 0; i < trials; i++) {
      const tail = placeboTail(Array.from({ length: 39 }, normal))
      if (tail.p(normal()) <= 0.05) small++
    }
    expect(small / trials).toBeGreaterThan(0.04)
    expect(small / trials).toBeLessThan(0.06)
  })

  test('none at all is refused', () => {
    expect(() => placeboTail([])).toThrow(RangeError)
  })
})
