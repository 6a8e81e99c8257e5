import fc from 'fast-check'
import { mean, sampleStandardDeviation } from 'simple-statistics'
import { describe, expect, test } from 'vitest'
import { commonLanguageEffect } from '../../src/stats/common-language-effect.ts'
import { summaryStatistics, twoPassMean } from '../../src/stats/summary-statistics.ts'

describe('summary statistics', () => {
  test('nothing is all zeros, one value has no deviation', () => {
    expect(summaryStatistics([])).toEqual({ min: 0, max: 0, mean: 0, std: 0, count: 0 })
    expect(summaryStatistics([4])).toEqual({ min: 4, max: 4, mean: 4, std: 0, count: 1 })
  })

  test('agree with simple-statistics', () => {
    const sample = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 40 })
    fc.assert(
      fc.property(sample, (values) => {
        const summary = summaryStatistics(values)
        expect(summary.mean).toBeCloseTo(mean(values), 9)
        expect(summary.std).toBeCloseTo(sampleStandardDeviation(values), 9)
      }),
    )
  })

  test('the second pass repairs the mean of a constant', () => {
    const values = Array.from({ length: 10 }, () => 0.1)
    expect(values.reduce((sum, value) => sum + value, 0) / 10).not.toBe(0.1)
    expect(twoPassMean(values)).toBe(0.1)
  })
})

describe('the common-language effect', () => {
  test('is the share of pairs won, ties halved', () => {
    expect(commonLanguageEffect([1, 2, 3], [1, 2, 3])).toBe(0.5)
    expect(commonLanguageEffect([5, 6], [1, 2, 3])).toBe(1)
    expect(commonLanguageEffect([2], [1, 2, 2, 3])).toBe(0.5)
  })

  test('is NaN for an empty sample', () => {
    expect(commonLanguageEffect([], [1])).toBeNaN()
  })
})
