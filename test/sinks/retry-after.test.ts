import { expect, test } from 'vitest'
import { retryAfterSeconds } from '../../src/sinks/retry-after.ts'

const now = new Date('2026-11-21T10:00:00.000Z')

test.each([
  ['120', 120],
  ['0', 0],
  ['Sat, 21 Nov 2026 10:01:30 GMT', 90],
  ['Sat, 21 Nov 2026 09:00:00 GMT', 0],
  ['99999999', 86_400],
  ['Sun, 21 Nov 2027 10:00:00 GMT', 86_400],
  ['soon', null],
  ['-5', null],
  ['1.5', null],
  ['2026-11-21', null],
  ['', null],
])('%j means %j seconds', (header, expected) => {
  expect(retryAfterSeconds(header, now)).toBe(expected)
})

test('without the header there is nothing to wait for', () => {
  expect(retryAfterSeconds(undefined, now)).toBeNull()
})
