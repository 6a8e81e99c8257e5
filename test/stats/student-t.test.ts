import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { studentTail, studentUpperQuantile } from '../../src/stats/student-t.ts'

// Tables of Student's t, upper tail, as in any textbook.
it.each([
  [1, 0.01, 31.8205],
  [2, 0.01, 6.96456],
  [8, 0.01, 2.89646],
  [8, 0.05, 1.85955],
  [30, 0.005, 2.74999],
])('with %s degrees of freedom %s of the values lie above %s', (df, p, t) => {
  expect(studentUpperQuantile(p, df)).toBeCloseTo(t, 3)
  expect(studentTail(t, df)).toBeCloseTo(p, 5)
})

describe('the tail', () => {
  it('is a half at 0 and mirrored below', () => {
    expect(studentTail(0, 3)).toBe(0.5)
    expect(studentTail(-1.2, 3)).toBeCloseTo(1 - studentTail(1.2, 3), 14)
  })

  it('is that of a Cauchy with one degree of freedom', () => {
    for (const t of [0.1, 1, 7, 300]) expect(studentTail(t, 1)).toBeCloseTo(Math.atan(1 / t) / Math.PI, 12)
  })

  it('is turned round by the quantile, degrees of freedom whole or not', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-4, max: 0.49, noNaN: true }),
        fc.double({ min: 0.8, max: 400, noNaN: true }),
        (p, df) => {
          expect(studentTail(studentUpperQuantile(p, df), df) / p).toBeCloseTo(1, 8)
        },
      ),
      { seed: 7, numRuns: 100 },
    )
  })

  it.each([0, -2, Infinity])('refuses %s degrees of freedom', (df) => {
    expect(() => studentTail(1, df)).toThrow(RangeError)
    expect(() => studentUpperQuantile(0.1, df)).toThrow(RangeError)
  })

  it('has no upper quantile for more than a half', () => {
    expect(studentUpperQuantile(0.5, 4)).toBe(0)
    expect(() => studentUpperQuantile(0.6, 4)).toThrow(RangeError)
  })
})
