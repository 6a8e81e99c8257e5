import { describe, expect, test } from 'vitest'
import { durationIncreases } from '../../../src/sources/bucket-increases.ts'
import { increasesOf, knownSince } from '../../../src/sources/increases.ts'
import type { NativeBucket, Series } from '../../../src/sources/read-series.ts'
import { totalCount } from '../../../src/stats/log-histogram.ts'

const isNew = () => false
const isKnown = () => true
const by = (samples: Series['samples'], known: () => boolean = isNew) =>
  increasesOf(samples, 'cumulative', known).map((each) => each.by)

describe('a counter', () => {
  test('grows from sample to sample; what it counted before it was first seen is not known', () => {
    expect(
      by([
        [0, 100],
        [1, 104],
        [2, 104],
      ]),
    ).toEqual([0, 4, 0])
  })
  test('that is new where others were known before began at zero, as that of a first error', () => {
    expect(
      by(
        [
          [0, 3],
          [1, 4],
        ],
        isKnown,
      ),
    ).toEqual([3, 1])
  })
  test('that falls has begun anew', () => {
    expect(
      by([
        [0, 100],
        [1, 7],
        [2, 9],
      ]),
    ).toEqual([0, 7, 2])
  })
  test('passes over what is no number', () => {
    expect(
      by([
        [0, 1],
        [1, Number.NaN],
        [2, Number.POSITIVE_INFINITY],
        [3, 5],
      ]),
    ).toEqual([0, 4])
  })
  test('of sums counts each sample for itself', () => {
    expect(
      increasesOf(
        [
          [0, 5],
          [60, 3],
        ],
        'sums',
        isNew,
      ),
    ).toEqual([
      { at: 0, by: 5 },
      { at: 60, by: 3 },
    ])
  })
})

const grid = { scale: 5, unit: 1e9 }
const labels = (more: object = {}) => ({ job: 'shop', instance: 'a', pod: 'a', ...more })

function read(series: readonly Series[]) {
  return durationIncreases(series, { grid, podLabel: 'pod', since: knownSince(series, 'pod') })
}

/** Where 1 s lies on the grid; buckets are 2.2% wide. */
const second = Math.round(Math.log2(1e9) * 32)

describe('a classic histogram', () => {
  const series = (le: string, ...samples: [number, number][]): Series => ({
    ...{ labels: labels({ le, __name__: 'd_bucket' }), samples, histograms: [] },
  })

  test('becomes counts between its bounds, at the upper and at the lower edge', () => {
    const [first, grown] = read([
      series('0.5', [0, 10], [15_000, 12]),
      series('1', [0, 20], [15_000, 25]),
      series('+Inf', [0, 20], [15_000, 26]),
    ])
    expect(first).toMatchObject({ at: 0, count: 0 })
    expect(grown).toMatchObject({ at: 15_000, count: 6, labels: { pod: 'a' } })
    expect(grown!.placed.upper).toEqual([
      [second - 33, 2],
      [second - 1, 3],
      [32_767, 1],
    ])
    expect(grown!.placed.lower).toEqual([
      [0, 2],
      [second - 32, 3],
      [second, 1],
    ])
  })

  test('of a process that starts anew counts from zero, in all its buckets', () => {
    const increases = read([series('1', [0, 20], [15_000, 3]), series('+Inf', [0, 20], [15_000, 4])])
    expect(increases.at(-1)).toMatchObject({ count: 4 })
    expect(totalCount(increases.at(-1)!.placed.upper)).toBe(4)
  })

  test('of a process that starts anew and soon has counted as many in one bucket shows no more harm than there is', () => {
    const increases = read([
      series('0.5', [0, 3], [15_000, 4]),
      series('1', [0, 100], [15_000, 5]),
      series('+Inf', [0, 100], [15_000, 5]),
    ])
    expect(increases.at(-1)!.placed.upper).toEqual([
      [second - 33, 4],
      [second - 1, 1],
    ])
  })

  test('that is new where its target was known before began at zero, in all its buckets', () => {
    const known: Series = { labels: { ...labels(), __name__: 'up' }, samples: [[-15_000, 1]], histograms: [] }
    const increases = read([known, series('0.5', [0, 3]), series('+Inf', [0, 4])])
    expect(increases.at(-1)).toMatchObject({ count: 4 })
  })
})

describe('a native histogram', () => {
  test('whose bucket around zero is wide has its short durations there', () => {
    const one = (at: number, zeros: number, longer: number): [number, NativeBucket[]] => [
      at,
      [
        { low: -0.25, high: 0.25, count: zeros },
        { low: 1, high: 2, count: longer },
      ],
    ]
    const [grown] = read([series(one(0, 90, 10), one(15_000, 99, 11))])
    expect(grown).toMatchObject({ count: 10 })
    expect(grown!.placed.upper).toEqual([
      [second - 65, 9],
      [second + 31, 1],
    ])
  })

  const series = (...histograms: [number, NativeBucket[]][]): Series => ({
    labels: labels(),
    samples: [],
    histograms: histograms.map(([at, buckets]) => [
      at,
      { count: buckets.reduce((sum, { count }) => sum + count, 0), sum: 1, buckets },
    ]),
  })

  test('with exponential buckets keeps them, also when its resolution is halved in between', () => {
    const fine = { low: 1, high: 2 ** 0.5 }
    const [grown] = read([
      series(
        [
          0,
          [
            { ...fine, count: 5 },
            { low: 2 ** 0.5, high: 2, count: 1 },
          ],
        ],
        [
          15_000,
          [
            { low: 1, high: 2, count: 9 },
            { low: 2, high: 4, count: 2 },
          ],
        ],
      ),
    ])
    expect(grown).toMatchObject({ at: 15_000, count: 5 })
    expect(grown!.placed.lower).toEqual([
      [second, 3],
      [second + 32, 2],
    ])
    expect(grown!.placed.upper).toEqual([
      [second + 31, 3],
      [second + 63, 2],
    ])
  })

  test('with bounds of its own counts between them', () => {
    const [grown] = read([
      series(
        [
          0,
          [
            { low: Number.NEGATIVE_INFINITY, high: 0.3, count: 5 },
            { low: 0.3, high: 1, count: 5 },
          ],
        ],
        [
          15_000,
          [
            { low: Number.NEGATIVE_INFINITY, high: 0.3, count: 5 },
            { low: 0.3, high: 1, count: 8 },
            { low: 1, high: Number.POSITIVE_INFINITY, count: 1 },
          ],
        ],
      ),
    ])
    expect(grown).toMatchObject({ count: 4 })
    expect(grown!.placed.upper).toEqual([
      [second - 1, 3],
      [32_767, 1],
    ])
  })
})
