import { describe, expect, test } from 'vitest'
import { digestOf } from '../../src/platform/digest.ts'

describe('a digest', () => {
  test('is of the content, not of the order of keys, and an absent value is none', () => {
    const one = digestOf({ a: 1, b: { c: [1, 'x', null], d: true } })
    expect(one).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(digestOf({ b: { d: true, c: [1, 'x', null] }, a: 1, e: undefined })).toBe(one)
  })

  test.each([
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { a: '1' }],
    [{ a: [1, 2] }, { a: [2, 1] }],
    [{ a: null }, {}],
    [{ a: { b: 1 } }, { a: '{"b":1}' }],
    [[], {}],
  ])('tells %j from %j', (a, b) => {
    expect(digestOf(a)).not.toBe(digestOf(b))
  })
})
