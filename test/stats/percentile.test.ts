import { describe, expect, test } from 'vitest'
import { percentile } from '../../src/stats/percentile.ts'
import { tukeyFences } from '../../src/stats/tukey-fences.ts'

describe('the percentile of type 7', () => {
  // NIST/SEMATECH e-Handbook, section 7.2.6.2, with its twelve gauge measurements.
  test("NIST's 90th percentile", () => {
    const gauges = [
      95.1772, 95.1567, 95.1937, 95.1959, 95.1442, 95.061, 95.1591, 95.1195, 95.1772, 95.0925, 95.199, 95.1682,
    ]
    expect(percentile(gauges.toSorted(), 90)).toBeCloseTo(95.19568, 10)
  })

  test.each([
    [25, 2],
    [50, 3],
    [60, 3.4],
    [100, 5],
  ])('p%d of 1 … 5', (p, expected) => {
    expect(percentile([1, 2, 3, 4, 5], p)).toBeCloseTo(expected, 14)
  })

  test('of one value is that value, of none is not a number', () => {
    expect(percentile([7], 1)).toBe(7)
    expect(percentile([], 50)).toBeNaN()
  })
})

describe("Tukey's fences", () => {
  test('lie a factor of interquartile ranges beyond the quartiles', () => {
    expect(tukeyFences([5, 1, 4, 2, 3], 1.5, false)).toEqual({ low: -1, high: 7 })
  })

  test('widened, they keep the first and the 99th percentile inside', () => {
    const spiky = [...Array.from({ length: 98 }, () => 0), 9, 9]
    expect(tukeyFences(spiky, 3, false)).toEqual({ low: 0, high: 0 })
    expect(tukeyFences(spiky, 3, true)).toEqual({ low: 0, high: 9 })
  })

  test('a factor of 0 is refused', () => {
    expect(() => tukeyFences([1], 0, true)).toThrow('expected a factor above 0, got 0')
  })
})
