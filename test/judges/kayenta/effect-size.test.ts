import { describe, expect, test } from 'vitest'
import { effectSize, meanRatio } from '../../../src/judges/kayenta/effect-size.ts'

describe('the effect size', () => {
  test('is the ratio of means, and not a number when one of them is 0', () => {
    expect(meanRatio([2, 4], [1, 2])).toBe(2)
    expect(meanRatio([1], [0])).toBeNaN()
    expect(meanRatio([-1, 1], [5])).toBeNaN()
  })

  test('falls for negative data when the canary is higher', () => {
    expect(meanRatio([-1, -2], [-10, -20])).toBeCloseTo(0.1)
  })

  test('is the share of pairs in which the canary is higher when asked for cles', () => {
    expect(effectSize('cles', [2, 3], [1, 2])).toBe(0.875)
    expect(effectSize('meanRatio', [2, 3], [1, 2])).toBeCloseTo(5 / 3)
  })
})
