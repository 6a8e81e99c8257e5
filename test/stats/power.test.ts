import { describe, expect, test } from 'vitest'
import { informationNeeded, ratioInformation, smallestDetectableRatio } from '../../src/stats/power.ts'

describe('forecasts', () => {
  test('an arm without events gives no information', () => {
    expect(ratioInformation(0, 100, 1)).toBe(0)
    expect(ratioInformation(100, 100, 2)).toBe(25)
  })

  test('a distance that pod effects hide is never shown, nor is one of zero or less', () => {
    expect(informationNeeded(0.3, 0.2, 0.01)).toBeNull()
    expect(informationNeeded(0, 0, 0.01)).toBeNull()
    expect(informationNeeded(-1, 0, 0.01)).toBeNull()
    expect(informationNeeded(Number.NaN, 0, 0.01)).toBeNull()
  })

  test('more information makes smaller ratios detectable, down to the floor of the pods', () => {
    const at = (information: number): number => smallestDetectableRatio(1.25, 0.15, 0.01, () => information)!
    expect(at(100)).toBeLessThan(at(10))
    expect(at(1e9)).toBeGreaterThan(1.25 * Math.exp(3 * 0.15))
    expect(smallestDetectableRatio(1.25, 0.15, 0.01, () => 0)).toBeNull()
  })

  test('what is detectable with the information needed for a distance is about that distance', () => {
    const information = informationNeeded(1, 0.1, 0.01)!
    expect(Math.log(smallestDetectableRatio(1, 0.1, 0.01, () => information)!)).toBeCloseTo(1, 1)
  })
})
