import { describe, expect, test } from 'vitest'
import { segmentSeries } from '../../../src/judges/segmentation/segment-series.ts'
import { seededRandom } from '../../../src/judges/sequential/seeded-random.ts'

/** A series of `length` values around `signal`, with noise of a standard deviation of about 1. */
function noisy(length: number, signal: (at: number) => number, seed = 3): number[] {
  const random = seededRandom(seed)
  return Array.from({ length }, (_, at) => signal(at) + Math.sqrt(12) * (random() - 0.5))
}

function changesOf(values: readonly (number | null)[]): readonly number[] {
  return segmentSeries([values]).changePoints
}

describe('segmentation of a series', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('noise alone, flat or around a trend, has no change (seed %d)', (seed) => {
    expect(changesOf(noisy(300, () => 0, seed))).toEqual([])
    expect(changesOf(noisy(300, (at) => 5 * at, seed))).toEqual([])
  })

  test('a step is found where it is, on a trend too', () => {
    expect(changesOf(noisy(200, (at) => (at < 120 ? 0 : 8)))).toEqual([120])
    expect(changesOf(noisy(200, (at) => 0.2 * at + (at < 90 ? 0 : -30)))).toEqual([90])
  })

  test('a kink is a change', () => {
    const [kink, ...more] = changesOf(noisy(200, (at) => Math.max(0, at - 100)))
    expect(more).toEqual([])
    expect(Math.abs(kink! - 100)).toBeLessThanOrEqual(5)
  })

  test('outliers of one or two points are no segment', () => {
    expect(changesOf(noisy(200, (at) => (at === 100 ? 30 : 0)))).toEqual([])
    expect(changesOf(noisy(200, (at) => (at === 100 || at === 101 ? 12 : 0)))).toEqual([])
  })

  test('neither the unit nor the zero nor a constant trend matters', () => {
    const values = noisy(150, (at) => (at < 70 ? 0 : 9))
    expect(changesOf(values.map((value, at) => 1e6 + 1e4 * value + 500 * at))).toEqual(changesOf(values))
  })

  test('missing values keep their place and carry no weight', () => {
    const values = noisy(200, (at) => (at < 120 ? 0 : 8)).map((value, at) => (at % 3 === 1 ? null : value))
    expect(Math.abs(changesOf(values)[0]! - 120)).toBeLessThanOrEqual(1)
    expect(changesOf(values)).toHaveLength(1)
    expect(changesOf([null, null, null])).toEqual([])
  })

  test('dimensions change together, and one that never moves adds nothing', () => {
    const step = noisy(200, (at) => (at < 80 ? 0 : 6))
    expect(segmentSeries([step, noisy(200, (at) => (at < 80 ? 0 : -6), 9)]).changePoints).toEqual([80])
    expect(segmentSeries([step, step.map(() => 5)]).changePoints).toEqual(segmentSeries([step]).changePoints)
  })

  test('a constant series, an exact line and a single value have no change', () => {
    expect(changesOf(Array.from({ length: 50 }, () => 7.1))).toEqual([])
    expect(changesOf(Array.from({ length: 50 }, (_, at) => 1e9 + 0.1 * at))).toEqual([])
    expect(changesOf([1])).toEqual([])
  })

  test.each([
    ['no dimension', [], 'got none'],
    ['dimensions of different lengths', [[1, 2], [1]], 'got 1'],
    ['a value that is not finite', [[1, Number.NaN]], 'NaN at 1'],
  ])('%s: an error', (_, dimensions, message) => {
    expect(() => segmentSeries(dimensions)).toThrow(message)
  })
})
