import { expect, it } from 'vitest'
import { digamma, trigamma } from '../../src/stats/polygamma.ts'

const euler = 0.5772156649015329

it.each([
  [1, -euler, Math.PI ** 2 / 6],
  [0.5, -euler - 2 * Math.LN2, Math.PI ** 2 / 2],
  [2, 1 - euler, Math.PI ** 2 / 6 - 1],
  [20, 2.970523992242149, 0.05127082293520311],
])('digamma and trigamma have the published values at %s', (x, first, second) => {
  expect(digamma(x)).toBeCloseTo(first, 12)
  expect(trigamma(x)).toBeCloseTo(second, 12)
})

it.each([0, -1, Number.NaN])('an argument of %s is refused', (x) => {
  expect(() => digamma(x)).toThrow(RangeError)
  expect(() => trigamma(x)).toThrow(RangeError)
})
