import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AllTiedError, shiftInterval, shiftResolution, shiftStatistic } from '../../src/stats/mann-whitney.ts'

const x = Float64Array.of(10, 20, 30, 40)
const y = Float64Array.of(1, 2, 3, 4)

describe('the standardised rank-sum statistic', () => {
  test('four above four: (8 - 1/2) / sqrt(12)', () => {
    expect(shiftStatistic(x, y, 0, 0)).toBeCloseTo(7.5 / Math.sqrt(12), 14)
    expect(shiftStatistic(y, x, 0, 0)).toBeCloseTo(-7.5 / Math.sqrt(12), 14)
    expect(shiftStatistic(x, y, 0, 2)).toBeCloseTo(7.5 / Math.sqrt(12) - 2, 14)
  })

  test('ties narrow sigma', () => {
    const tied = Float64Array.of(1, 1, 2)
    const sigma = Math.sqrt((9 / 12) * (7 - (2 ** 3 - 2 + (4 ** 3 - 4)) / 30))
    expect(shiftStatistic(tied, Float64Array.of(2, 2, 2), 0, 0)).toBeCloseTo((-3 + 0.5) / sigma, 14)
  })

  test('falls as the shift rises', () => {
    const arm = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 20 })
    fc.assert(
      fc.property(arm, arm, fc.integer({ min: -100, max: 100 }), (one, other, mu) => {
        const [a, b] = [Float64Array.from(one).sort(), Float64Array.from(other).sort()]
        // Between integers there are no ties, so sigma is the same on both sides.
        expect(shiftStatistic(a, b, mu + 1.5, 0)).toBeLessThanOrEqual(shiftStatistic(a, b, mu + 0.5, 0))
      }),
    )
  })

  test('nothing but ties is refused', () => {
    expect(() => shiftStatistic(Float64Array.of(5), Float64Array.of(3), 2, 0)).toThrow(AllTiedError)
  })
})

describe('the interval of the shift', () => {
  test('small samples reach to the ends: published case 6 … 39, estimate 22.5', () => {
    expect(shiftInterval([...x], [...y], 0.95)).toEqual({ low: 6, high: 39, estimate: 22.5 })
  })

  test('larger samples lie within the resolution of the differences of pairs that order statistics give', () => {
    const ten = Array.from({ length: 10 }, (_, i) => i + 1)
    const { low, high, estimate } = shiftInterval([5, 5, 5, 5, 5, 5, 5, 5, 5, 5], ten, 0.98)
    expect(Math.abs(low + 3)).toBeLessThan(shiftResolution)
    expect(Math.abs(high - 2)).toBeLessThan(shiftResolution)
    expect(estimate).toBe(-0.5)
  })

  test('a wider level contains a narrower one', () => {
    const a = [2.1, 5.3, 9.7, 4.4, 7.2, 8.8, 3.9, 6.1]
    const b = [1.2, 4.5, 6.8, 3.3, 5.9, 2.7, 4.9, 3.6]
    const wide = shiftInterval(a, b, 0.98)
    const narrow = shiftInterval(a, b, 0.8)
    expect(wide.low).toBeLessThan(narrow.low)
    expect(wide.high).toBeGreaterThan(narrow.high)
  })

  test('the same ratio is lost when the values are near the resolution', () => {
    const base = Array.from({ length: 30 }, (_, i) => 10 + ((i * 7) % 13) / 3)
    const rise = (unit: number): number => {
      const { low, estimate } = shiftInterval(
        base.map((value) => value * 1.5 * unit),
        base.map((value) => value * unit),
        0.98,
      )
      return low / estimate
    }
    expect(rise(1)).toBeGreaterThan(0.5)
    expect(rise(1e-5)).toBeLessThan(0.25)
  })

  test('an empty sample is refused', () => {
    expect(() => shiftInterval([], [1], 0.98)).toThrow('expected values in both samples, got 0 and 1')
  })
})
