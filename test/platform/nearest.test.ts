import { expect, test } from 'vitest'
import { nearest } from '../../src/platform/nearest.ts'

test('the closest word is meant, letter case aside', () => {
  expect(nearest('DAVY_PROT', ['DAVY_HOST', 'DAVY_PORT'])).toBe('DAVY_PORT')
  expect(nearest('Checkot', ['cart', 'checkout', 'checkin'])).toBe('checkout')
  expect(nearest('x', ['x'])).toBe('x')
})

test('a far guess is not made', () => {
  expect(nearest('payments', ['cart', 'checkout'])).toBeNull()
  expect(nearest('port', [])).toBeNull()
})
