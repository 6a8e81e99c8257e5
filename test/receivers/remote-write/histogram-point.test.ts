import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type HistogramPoint, maxDenseBuckets, pointOf } from '../../../src/receivers/remote-write/histogram-point.ts'
import { receiveWrite } from '../../../src/receivers/remote-write/receive.ts'
import { bodyV1, bodyV2, decodeStored, type Json } from './codec.ts'
import { customHistogram, integerHistogram, now } from './sample-series.ts'

const limits = { nowMs: now, ttlMs: 86_400_000 }
const labels = [['__name__', 'latency']] as const

function take(version: '1.0' | '2.0', histograms: readonly Json[]) {
  const received = receiveWrite(version, (version === '1.0' ? bodyV1 : bodyV2)([{ labels, histograms }]), limits)
  if (!received.ok) throw new Error(JSON.stringify(received.error))
  return { ...received, stored: decodeStored(received.body) }
}

describe.each(['1.0', '2.0'] as const)('a native histogram in Remote-Write %s', (version) => {
  test('of integers becomes exponential: gaps filled, every index one lower', () => {
    const { stored, histograms, kinds } = take(version, [integerHistogram])
    expect(histograms).toBe(1)
    expect([...kinds]).toEqual([['exponentialHistogram', 1]])
    expect(stored.exponential[0].points).toEqual([
      {
        timestamp: now,
        temporality: 2,
        count: 12,
        sum: 3.5,
        scale: 2,
        zero_count: 1,
        positive_offset: -2,
        positive: [2, 3, 0, 0, 0, 2],
        negative_offset: 1,
        negative: [4],
        bounds: [],
      },
    ])
  })

  test('with custom buckets becomes an explicit one', () => {
    const { stored } = take(version, [customHistogram])
    expect(stored.histogram[0].points).toEqual([
      { timestamp: now, temporality: 2, count: 5, sum: 4, positive: [2, 0, 0, 3], negative: [], bounds: [0.5, 1, 2.5] },
    ])
  })

  test('of a gauge has no temporality, and a stale one no value', () => {
    const stale = Buffer.from('020000000000f07f', 'hex')
    const body = Buffer.from(
      (version === '1.0' ? bodyV1 : bodyV2)([
        {
          labels,
          histograms: [
            { ...integerHistogram, reset_hint: 3 },
            { timestamp: now, sum: 1.25 },
          ],
        },
      ]),
    )
    body.set(stale, body.indexOf(Buffer.from('000000000000f43f', 'hex')))
    const received = receiveWrite(version, body, limits)
    if (!received.ok) throw new Error('refused')
    const [{ points }] = decodeStored(received.body).exponential
    expect(points.map(({ temporality = 0, flags = 0, count = 0 }) => [temporality, flags, count])).toEqual([
      [0, 0, 12],
      [2, 1, 0],
    ])
    expect(Buffer.from(received.body).includes(stale)).toBe(true)
  })

  test.each<[string, Json, RegExp]>([
    ['a count that its buckets do not make', { ...integerHistogram, count_int: 99 }, /count 99, got 12/],
    [
      'fractions',
      { count_float: 0.5, positive_spans: [{ offset: 0, length: 1 }], positive_counts: [0.5] },
      /whole numbers.*got 0.5/,
    ],
    [
      'a count below zero',
      { count_int: 1, positive_spans: [{ offset: 0, length: 2 }], positive_deltas: [2, -3] },
      /got -1/,
    ],
    ['an unknown schema', { count_int: 0, schema: 9 }, /schema from -4 to 8, or -53, got 9/],
    [
      'fewer buckets than its spans',
      { count_int: 1, positive_spans: [{ offset: 0, length: 2 }], positive_deltas: [1] },
      /spans of 1 buckets in all, got more/,
    ],
    [
      'more buckets than its spans',
      { count_int: 2, positive_spans: [{ offset: 0, length: 1 }], positive_deltas: [1, 0] },
      /spans of 2 buckets in all, got 1/,
    ],
    [
      'a span that goes back',
      {
        count_int: 2,
        positive_spans: [
          { offset: 5, length: 1 },
          { offset: -2, length: 1 },
        ],
        positive_deltas: [1, 0],
      },
      /do not go back/,
    ],
    [
      'both kinds of buckets',
      { count_int: 1, positive_spans: [{ offset: 0, length: 1 }], positive_deltas: [1], positive_counts: [1] },
      /got both/,
    ],
    ['custom values that fall', { ...customHistogram, custom_values: [1, 0.5, 2] }, /each above the one before/],
    ['a custom bucket beyond its values', { ...customHistogram, custom_values: [1] }, /from 0 to 1.*got 3/],
    ['custom values of an exponential schema', { ...integerHistogram, custom_values: [1] }, /no custom values/],
  ])('with %s is left out and told', (_name, histogram, example) => {
    const { histograms, rejected } = take(version, [{ timestamp: now, ...histogram }, integerHistogram])
    expect(histograms).toBe(1)
    expect(rejected).toEqual([{ reason: 'bad-histogram', count: 1, example: expect.stringMatching(example) }])
  })

  test('observations that are NaN are in the count and in no bucket', () => {
    const histogram = { ...integerHistogram, sum: Number.NaN, count_int: 15 }
    expect(take(version, [histogram]).stored.exponential[0].points[0]).toMatchObject({ count: 15, sum: Number.NaN })
  })

  test('gaps that would need much more room than the body refuse it', () => {
    const wide = {
      count_int: 2,
      schema: 8,
      positive_spans: [
        { offset: 0, length: 1 },
        { offset: 1000, length: 1 },
      ],
      positive_deltas: [1, 0],
      timestamp: now,
    }
    const body = (version === '1.0' ? bodyV1 : bodyV2)([{ labels, histograms: Array(2000).fill(wide) }])
    expect(receiveWrite(version, body, limits)).toMatchObject({
      ok: false,
      error: { got: 'gaps larger than the body' },
    })
  })
})

/** What a bucket of Prometheus and one of OpenTelemetry cover, as exponents of two: (lower, upper]. */
const upperOf = (index: number, schema: number): number => index / 2 ** schema

test('whatever its buckets, a point covers the same ranges with the same counts, coarser where it was too wide', () => {
  const side = fc.uniqueArray(fc.tuple(fc.integer({ min: -20_000, max: 20_000 }), fc.integer({ min: 0, max: 50 })), {
    selector: ([index]) => index,
    maxLength: 12,
  })
  fc.assert(
    fc.property(side, fc.integer({ min: -4, max: 8 }), (buckets, schema) => {
      const sorted = [...buckets].sort(([a], [b]) => a - b)
      const spans = sorted.flatMap(([index], at) => [at === 0 ? index : index - sorted[at - 1]![0] - 1, 1])
      const deltas = sorted.map(([, count], at) => count - (sorted[at - 1]?.[1] ?? 0))
      const count = sorted.reduce((sum, [, each]) => sum + each, 0)
      const none = { spans: [], deltas: [], counts: [] }
      const histogram = {
        count,
        sumAt: -1,
        schema,
        zeroCount: 0,
        positive: { spans, deltas, counts: [] },
        negative: none,
        customValues: [],
        resetHint: 0,
        timestamp: 0,
        start: 0,
      }
      const point = pointOf(histogram, false) as HistogramPoint
      expect(point.positive.counts.length).toBeLessThanOrEqual(maxDenseBuckets)
      expect(point.scale).toBeLessThanOrEqual(schema)
      const expected = new Map<number, number>()
      for (const [index, each] of sorted) {
        // The OpenTelemetry bucket j covers (j, j + 1] in units of 2^-scale: the one that holds this upper bound.
        const at = Math.ceil(upperOf(index, schema) * 2 ** point.scale) - 1
        if (each > 0) expected.set(at, (expected.get(at) ?? 0) + each)
      }
      const found = point.positive.counts.flatMap((each, at) =>
        each > 0 ? [[point.positive.offset + at, each] as const] : [],
      )
      expect(found).toEqual([...expected].sort(([a], [b]) => a - b))
    }),
    { numRuns: 500, seed: 3 },
  )
})
