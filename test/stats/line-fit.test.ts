import { describe, expect, test } from 'vitest'
import { lineFit } from '../../src/stats/line-fit.ts'

describe('line fit', () => {
  test('squares around the mean and the line of a stretch, by hand', () => {
    const fit = lineFit([100, 1, 2, 4, 100])
    expect(fit.aroundMean(1, 4)).toBeCloseTo(14 / 3, 9)
    expect(fit.aroundLine(1, 4)).toBeCloseTo(1 / 6, 9)
    expect(fit.count(1, 4)).toBe(3)
  })

  test('a straight line leaves nothing around itself, far from zero too', () => {
    const fit = lineFit(Array.from({ length: 1000 }, (_, at) => 1e6 + 3 * at))
    expect(fit.aroundLine(100, 900)).toBeLessThan(1e-3)
    expect(fit.aroundMean(100, 900)).toBeCloseTo((9 * 800 * (800 ** 2 - 1)) / 12, 0)
  })

  test('a missing value has no weight and keeps its place', () => {
    const fit = lineFit([0, null, 2, 3, null])
    expect(fit.count(0, 5)).toBe(3)
    expect(fit.aroundLine(0, 5)).toBeCloseTo(0, 12)
    expect(fit.aroundMean(4, 5)).toBe(0)
  })

  test('two values are a line', () => {
    expect(lineFit([1, 9]).aroundLine(0, 2)).toBe(0)
  })
})
