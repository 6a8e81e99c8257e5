import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { endlessBucket, growth, mergeDown, placeExplicit, placeExponential } from '../../src/stats/bucket-placement.ts'
import { type BucketCounts, countAbove } from '../../src/stats/log-histogram.ts'

const grid = { scale: 5, unit: 1e9 }
const bucket = (seconds: number) => Math.round(32 * Math.log2(seconds * 1e9))

describe('explicit buckets', () => {
  test('stand at both of their edges; the first begins at zero and the last never ends', () => {
    const counts: BucketCounts = [
      [0, 5],
      [1, 3],
      [2, 2],
    ]
    expect(placeExplicit([0.1, 0.2], counts, grid)).toEqual({
      upper: [
        [bucket(0.1) - 1, 5],
        [bucket(0.2) - 1, 3],
        [endlessBucket, 2],
      ],
      lower: [
        [0, 5],
        [bucket(0.1), 3],
        [bucket(0.2), 2],
      ],
    })
  })

  test('narrower than the grid are known to its bucket', () => {
    const { upper, lower } = placeExplicit(
      [1, 1.001, 1.002],
      [
        [1, 4],
        [2, 3],
      ],
      grid,
    )
    expect(upper).toEqual([[bucket(1), 7]])
    expect(lower).toEqual(upper)
  })

  test('of no bounds say nothing', () => {
    expect(placeExplicit([], [[0, 9]], grid)).toEqual({ upper: [[endlessBucket, 9]], lower: [[0, 9]] })
  })
})

describe('exponential buckets', () => {
  test.each([5, 6, 10, 20])('of scale %i are known to the bucket, each value within one of its own', (scale) => {
    for (const seconds of [0.00123, 0.07, 1.5, 33]) {
      const own = Math.ceil(Math.log2(seconds) * 2 ** scale) - 1
      const { upper, lower } = placeExponential(scale, [[own, 1]], grid)
      expect(upper).toEqual(lower)
      expect(Math.abs(upper[0]![0] - Math.floor(32 * Math.log2(seconds * 1e9)))).toBeLessThanOrEqual(1)
    }
  })

  test('coarser than the grid stand at both of their edges', () => {
    expect(
      placeExponential(
        3,
        [
          [-2, 1],
          [0, 2],
        ],
        grid,
      ),
    ).toEqual({
      upper: [
        [bucket(1) - 5, 1],
        [bucket(1) + 3, 2],
      ],
      lower: [
        [bucket(1) - 8, 1],
        [bucket(1), 2],
      ],
    })
  })

  test('merge down exactly, also below zero', () => {
    expect(
      mergeDown(
        [
          [-3, 1],
          [-2, 2],
          [-1, 4],
          [0, 8],
          [3, 16],
        ],
        6,
        5,
      ),
    ).toEqual([
      [-2, 1],
      [-1, 6],
      [0, 8],
      [1, 16],
    ])
    expect(() => mergeDown([[0, 1]], 2, 3)).toThrow(RangeError)
  })
})

test('what grew is found at the coarser of both scales; from nothing it is all', () => {
  const before = {
    scale: 1,
    counts: [
      [0, 4],
      [1, 6],
    ] as BucketCounts,
  }
  const after = {
    scale: 0,
    counts: [
      [-1, 1],
      [0, 12],
    ] as BucketCounts,
  }
  expect(growth(before, after)).toEqual({
    scale: 0,
    counts: [
      [-1, 1],
      [0, 2],
    ],
  })
  expect(growth({ scale: 0, counts: [] }, before)).toEqual(before)
})

describe('two histograms of any two layouts', () => {
  const bounds = fc
    .uniqueArray(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 })
    .map((edges) => edges.toSorted((a, b) => a - b).map((edge) => edge / 100))
  const layout = fc.oneof(bounds, fc.integer({ min: -1, max: 7 }))
  const values = fc.array(fc.double({ min: 0.002, max: 3, noNaN: true }), { minLength: 1, maxLength: 30 })

  function place(seconds: readonly number[], layout: readonly number[] | number) {
    const counts = new Map<number, number>()
    for (const value of seconds) {
      const found = typeof layout === 'number' ? 0 : layout.findIndex((bound) => value <= bound)
      const own =
        typeof layout === 'number'
          ? Math.ceil(Math.log2(value) * 2 ** layout) - 1
          : found === -1
            ? layout.length
            : found
      counts.set(own, (counts.get(own) ?? 0) + 1)
    }
    const sorted = [...counts].toSorted(([a], [b]) => a - b)
    return typeof layout === 'number' ? placeExponential(layout, sorted, grid) : placeExplicit(layout, sorted, grid)
  }

  test('never show a slowdown, nor rule one out, that is not there', () => {
    const shift = fc.integer({ min: 2, max: 60 })
    const threshold = fc.integer({ min: 660, max: 960 })
    fc.assert(
      fc.property(values, layout, layout, shift, threshold, (baseline, a, b, shift, threshold) => {
        const told = place(baseline, a)
        // Rounding an edge moves it by half a bucket at most, so one bucket between two of them.
        const within = place(
          baseline.map((value) => value * 2 ** ((shift - 1.01) / 32)),
          b,
        )
        expect(countAbove(within.lower, threshold + shift)).toBeLessThanOrEqual(countAbove(told.upper, threshold))
        const beyond = place(
          baseline.map((value) => value * 2 ** ((shift + 1.01) / 32)),
          b,
        )
        expect(countAbove(beyond.upper, threshold + shift)).toBeGreaterThanOrEqual(countAbove(told.lower, threshold))
      }),
      { numRuns: 2000 },
    )
  })
})
