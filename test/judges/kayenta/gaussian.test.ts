import { expect, test } from 'vitest'
import { gaussian } from '../../../src/judges/kayenta/gaussian.ts'

test('gives the numbers of java.util.Random', () => {
  const next = gaussian(42)
  expect([next(), next(), next(), next()]).toEqual([
    1.1419053154730547, 0.9194079489827879, -0.9498666368908959, -1.1069902863993377,
  ])
})

test('other seeds give other numbers', () => {
  expect(gaussian(1)()).not.toBe(gaussian(2)())
})
