import fc from 'fast-check'
import { decodeTime, isValid } from 'ulid'
import { expect, test } from 'vitest'
import { derivedId, newId, secureRandom } from '../../src/platform/ids.ts'

const time = fc.integer({ min: 0, max: 2 ** 48 - 1 })

test('a derived id is a ULID of its time, the same for the same parts', () => {
  fc.assert(
    fc.property(time, fc.array(fc.string()), (at, parts) => {
      const id = derivedId(at, ...parts)
      expect(isValid(id)).toBe(true)
      expect(decodeTime(id)).toBe(at)
      expect(derivedId(at, ...parts)).toBe(id)
    }),
  )
})

test('other parts give another id, also when they read the same together', () => {
  const lists = fc.array(fc.string({ maxLength: 3 }), { maxLength: 3 })
  fc.assert(
    fc.property(lists, lists, (left, right) => {
      expect(derivedId(1, ...left) === derivedId(1, ...right)).toBe(JSON.stringify(left) === JSON.stringify(right))
    }),
  )
  expect(derivedId(1, 'ab', 'c')).not.toBe(derivedId(1, 'a', 'bc'))
})

test('a derived id never changes between versions', () => {
  expect(derivedId(1_795_255_210_000, 'deployment', '17')).toBe('01M7YRS40GJETYY1N751T7PRBT')
})

test('new ids are sorted by time and differ within one millisecond', () => {
  expect(newId(1, () => 0.5) < newId(2, () => 0)).toBe(true)
  expect(newId(5, () => 0.25)).toBe(newId(5, () => 0.25))
  expect(new Set(Array.from({ length: 1000 }, () => newId(7))).size).toBe(1000)
})

test('random numbers are in [0, 1)', () => {
  const numbers = Array.from({ length: 2000 }, secureRandom)
  expect(numbers.every((each) => each >= 0 && each < 1)).toBe(true)
  expect(Math.max(...numbers)).toBeGreaterThan(0.9)
  expect(Math.min(...numbers)).toBeLessThan(0.1)
})
