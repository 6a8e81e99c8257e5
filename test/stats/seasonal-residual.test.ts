import { describe, expect, test } from 'vitest'
import { seasonalResidual } from '../../src/stats/seasonal-residual.ts'

const missing = Number.NaN

function residualsOf(values: readonly number[], period: number, halfWidth: number): number[] {
  return [...seasonalResidual(Float64Array.from(values), period, halfWidth)]
}

describe('the seasonal residual', () => {
  test('is what is left of the median of earlier periods', () => {
    const values = [1, 10, 2, 20, 9, 30, 5, 26]
    expect(residualsOf(values, 2, 0)).toEqual([missing, missing, 1, 10, 7.5, 15, 3, 6])
  })

  test('takes neighbours of the same time in, at the start of the series as many as there are', () => {
    expect(residualsOf([0, 3, 6, 100, 100], 3, 1)).toEqual([missing, missing, 6, 98.5, 97])
  })

  test('of a series that repeats itself is zero', () => {
    const values = Array.from({ length: 60 }, (_, i) => (i % 12) ** 2)
    expect(residualsOf(values, 12, 0).slice(12)).toEqual(new Array(48).fill(0))
  })

  test('is missing for a missing value, and passes over missing history', () => {
    expect(residualsOf([4, missing, missing, 5, 7, 9], 2, 0)).toEqual([missing, missing, missing, missing, 3, 4])
  })

  test('does not see what comes later', () => {
    const values = Array.from({ length: 40 }, (_, i) => (i * 7) % 11)
    const short = residualsOf(values.slice(0, 25), 5, 1)
    expect(residualsOf(values, 5, 1).slice(0, 25)).toEqual(short)
  })

  test('leaves the series that it is given as it is', () => {
    const values = Float64Array.of(3, 1, 2, 9)
    seasonalResidual(values, 2, 0)
    expect([...values]).toEqual([3, 1, 2, 9])
  })

  test.each([
    [0, 0],
    [1.5, 0],
    [4, 2],
    [4, -1],
  ])('a period of %d steps with a half width of %d is refused', (period, halfWidth) => {
    expect(() => seasonalResidual(new Float64Array(3), period, halfWidth)).toThrow(RangeError)
  })
})
