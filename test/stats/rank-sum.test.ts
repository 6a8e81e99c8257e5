import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rankSum } from '../../src/stats/rank-sum.ts'

const of = (...values: number[]): Float64Array => Float64Array.from(values).sort()

describe('the rank sum', () => {
  test('tied values share their average rank', () => {
    expect(rankSum(of(1, 2, 2), of(2, 3))).toEqual({ sum: 1 + 3 + 3, tieTerm: 24 })
    expect(rankSum(of(4), of(1, 2, 3))).toEqual({ sum: 4, tieTerm: 0 })
  })

  test('mu is taken from the first sample', () => {
    expect(rankSum(of(1, 2), of(10, 11), -20)).toEqual({ sum: 3 + 4, tieTerm: 0 })
  })

  test('infinity less infinity ranks with infinity, at the top', () => {
    const infinity = Number.POSITIVE_INFINITY
    expect(rankSum(of(1, infinity), of(5, infinity), infinity)).toEqual({ sum: 1 + 3.5, tieTerm: 6 })
  })

  test('-0 ranks below 0', () => {
    expect(rankSum(of(-0), of(0))).toEqual({ sum: 1, tieTerm: 0 })
  })

  test('both samples together have the ranks 1 … N', () => {
    const sample = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 20 })
    fc.assert(
      fc.property(sample, sample, (x, y) => {
        const total = x.length + y.length
        expect(rankSum(of(...x), of(...y)).sum + rankSum(of(...y), of(...x)).sum).toBe((total * (total + 1)) / 2)
      }),
    )
  })
})
