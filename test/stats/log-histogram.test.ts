import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type BucketCounts,
  bucketMiddle,
  bucketShift,
  countAbove,
  exponentialGamma,
  mergeCounts,
  quantileBucket,
  totalCount,
} from '../../src/stats/log-histogram.ts'

const gamma = exponentialGamma(5)

const histogram: fc.Arbitrary<BucketCounts> = fc
  .dictionary(fc.integer({ min: 0, max: 1500 }).map(String), fc.integer({ min: 1, max: 1e6 }))
  .map((counts) => Object.entries(counts).map(([bucket, count]) => [Number(bucket), count] as const))
  .map((counts) => counts.sort((a, b) => a[0] - b[0]))

describe('log histograms', () => {
  test('a margin is rounded up to whole buckets, and a whole number of buckets stays', () => {
    expect(bucketShift(1.1, gamma)).toBe(5)
    expect(gamma ** 5).toBeCloseTo(1.1144, 4)
    expect(bucketShift(2, gamma)).toBe(32)
    expect(bucketShift(1.5, gamma)).toBe(19)
  })

  test('the quantile is the first bucket that reaches the share', () => {
    const counts: BucketCounts = [
      [10, 50],
      [20, 45],
      [30, 5],
    ]
    expect(quantileBucket(counts, 0.5)).toBe(10)
    expect(quantileBucket(counts, 0.51)).toBe(20)
    expect(quantileBucket(counts, 0.99)).toBe(30)
    expect(quantileBucket([], 0.5)).toBeNull()
    expect(countAbove(counts, 10)).toBe(50)
  })

  test('the middle of a bucket lies between its ends', () => {
    expect(bucketMiddle(100, gamma)).toBeGreaterThan(gamma ** 100)
    expect(bucketMiddle(100, gamma)).toBeLessThan(gamma ** 101)
  })

  test('merging keeps order and totals, whichever way round', () => {
    fc.assert(
      fc.property(histogram, histogram, (a, b) => {
        const merged = mergeCounts(a, b)
        expect(merged).toEqual(mergeCounts(b, a))
        expect(totalCount(merged)).toBe(totalCount(a) + totalCount(b))
        expect(merged.every(([bucket], i) => i === 0 || bucket > merged[i - 1]![0])).toBe(true)
      }),
    )
  })
})
