import { describe, expect, test } from 'vitest'
import { combineLogE } from '../../src/stats/combine-evidence.ts'
import { eBenjaminiHochberg } from '../../src/stats/e-benjamini-hochberg.ts'

describe('combining evidence', () => {
  test('budget that no metric has counts with evidence of 1', () => {
    expect(Math.exp(combineLogE([Math.log(100)], [0.25]))).toBeCloseTo(0.25 * 100 + 0.75, 10)
    expect(combineLogE([], [])).toBe(0)
  })

  test('a metric without weight says nothing, whatever it says', () => {
    expect(combineLogE([900, 0], [0, 1])).toBe(0)
  })

  test('evidence of zero costs its weight only', () => {
    expect(Math.exp(combineLogE([Number.NEGATIVE_INFINITY, 0], [0.4, 0.6]))).toBeCloseTo(0.6, 12)
  })

  test('e-BH rejects nothing without evidence', () => {
    expect(eBenjaminiHochberg([1, 1, 1], 0.1)).toEqual([])
    expect(eBenjaminiHochberg([], 0.1)).toEqual([])
  })
})
