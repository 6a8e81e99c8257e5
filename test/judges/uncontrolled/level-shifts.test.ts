import { describe, expect, test } from 'vitest'
import { levelShifts } from '../../../src/judges/uncontrolled/level-shifts.ts'

const missing = Number.NaN

describe('the shift of a level', () => {
  test('is the mean after minus the mean before', () => {
    const shiftAt = levelShifts(Float64Array.of(1, 2, 3, 10, 20, 30), 2)
    expect(shiftAt(3, 2)).toBe(12.5)
    expect(shiftAt(3, 3)).toBe(17.5)
  })

  test('passes over missing values while half of them are there', () => {
    const shiftAt = levelShifts(Float64Array.of(4, missing, missing, 8, missing, missing), 2)
    expect(shiftAt(2, 2)).toBe(4)
    expect(shiftAt(2, 4)).toBeNaN()
    expect(shiftAt(3, 1)).toBeNaN()
  })

  test('is not known outside the series', () => {
    const shiftAt = levelShifts(Float64Array.of(1, 2, 3, 4), 2)
    expect(shiftAt(1, 1)).toBeNaN()
    expect(shiftAt(3, 2)).toBeNaN()
  })

  test('of a constant is exactly zero, whatever its sums round to', () => {
    const shiftAt = levelShifts(new Float64Array(5000).fill(0.1), 7)
    for (let at = 7; at < 4990; at += 13) expect(shiftAt(at, 10)).toBe(0)
  })
})
