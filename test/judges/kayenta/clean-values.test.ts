import { describe, expect, test } from 'vitest'
import { cleanValues } from '../../../src/judges/kayenta/clean-values.ts'
import { ramp } from './metric.ts'

const nan = Number.NaN

describe('cleaning one arm', () => {
  test('NaN is dropped or becomes 0; other values keep their order', () => {
    expect(cleanValues([3, nan, 1], { nanStrategy: 'remove', outlierFactor: null })).toEqual([3, 1])
    expect(cleanValues([3, nan, 1], { nanStrategy: 'replace', outlierFactor: null })).toEqual([3, 0, 1])
  })

  test.each(['remove', 'replace'] as const)('no points stay no points (%s)', (nanStrategy) => {
    expect(cleanValues([], { nanStrategy, outlierFactor: 3 })).toEqual([])
  })

  test('a value far outside the fences goes', () => {
    expect(cleanValues([1000, ...ramp(30)], { nanStrategy: 'remove', outlierFactor: 3 })).toEqual(ramp(30))
  })

  test('a value on the fence stays: quartiles 2 and 4, so 3 + 3 * 2 above', () => {
    const values = [1, 2, 3, 4, 10]
    expect(cleanValues(values, { nanStrategy: 'remove', outlierFactor: 3 })).toEqual(values)
    expect(cleanValues([1, 2, 3, 4, 10.4], { nanStrategy: 'remove', outlierFactor: 3 })).toEqual([1, 2, 3, 4])
  })

  test('rare values of a constant metric stay while they are more than one in a hundred', () => {
    const zeros = (n: number): number[] => Array.from({ length: n }, () => 0)
    const rare = [...zeros(97), 5, 5, 5]
    expect(cleanValues(rare, { nanStrategy: 'remove', outlierFactor: 3 })).toEqual(rare)
    expect(cleanValues([...zeros(399), 5], { nanStrategy: 'remove', outlierFactor: 3 })).toEqual(zeros(399))
  })

  test('NaN that became 0 counts when the fences are drawn', () => {
    const values = [nan, ...ramp(30).map((value) => value + 1000)]
    expect(cleanValues(values, { nanStrategy: 'replace', outlierFactor: 3 })).not.toContain(0)
  })
})
