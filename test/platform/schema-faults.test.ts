import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { expect, test } from 'vitest'
import { schemaFaults, schemaWords, shownValue } from '../../src/platform/schema-faults.ts'

const closed = { additionalProperties: false }
const cohort = Type.Object({ version: Type.Optional(Type.String({ minLength: 1 })) }, closed)
const schema = Type.Object(
  {
    service: Type.String({ minLength: 1 }),
    strategy: Type.Optional(Type.Union([Type.Literal('canary'), Type.Literal('rolling')])),
    baseline: Type.Optional(Type.Union([cohort, Type.Null()])),
    weights: Type.Optional(Type.Array(Type.Number({ exclusiveMinimum: 0, maximum: 1 }))),
    secrets: Type.Optional(Type.Array(Type.Integer())),
  },
  closed,
)

const faults = (value: unknown) => schemaFaults(schema, Value.Errors(schema, value), value)

test('a right value has no faults', () => {
  expect(faults({ service: 'checkout', strategy: 'canary', baseline: null, weights: [1] })).toEqual([])
})

test('each fault has its place, the words of the schema and what came', () => {
  expect(faults({ servise: 'x', weights: [0.5, 0], strategy: 'big-bang' })).toEqual([
    { pointer: '/service', expected: 'a non-empty string', got: 'nothing' },
    { pointer: '/servise', expected: 'a known key, perhaps service', got: 'the unknown key "servise"' },
    { pointer: '/strategy', expected: 'one of "canary", "rolling"', got: '"big-bang"' },
    { pointer: '/weights/1', expected: 'a number above 0 and of at most 1', got: '0' },
  ])
})

test('a key that every object has is read by the schema of other keys', () => {
  const open = Type.Object({ name: Type.String() }, { additionalProperties: Type.Object({ count: Type.Integer() }) })
  const value = { name: 'x', toString: { count: 'many' } }
  expect(schemaFaults(open, Value.Errors(open, value), value)).toContainEqual({
    ...{ pointer: '/toString/count', expected: 'an integer', got: '"many"' },
  })
})

test('inside a union the inner fault is told, not that no branch fits', () => {
  expect(faults({ service: 'x', baseline: { version: 5 } })).toEqual([
    { pointer: '/baseline/version', expected: 'a non-empty string', got: '5' },
  ])
  expect(faults({ service: 'x', baseline: { verson: '1' } }).map(({ pointer }) => pointer)).toEqual([
    '/baseline/verson',
  ])
  expect(faults({ service: 'x', baseline: 3 })).toEqual([
    { pointer: '/baseline', expected: 'an object or null', got: '3' },
  ])
})

test('as long as there are errors there is a fault', () => {
  const odd = Type.Object({ a: Type.Optional(Type.Unsafe({ not: { type: 'string' } })) }, { minProperties: 1 })
  for (const value of [{}, { a: 'x' }, 5]) {
    expect(schemaFaults(odd, Value.Errors(odd, value), value).length, JSON.stringify(value)).toBeGreaterThan(0)
  }
})

test('values are shortened, objects kept closed and secrets hidden', () => {
  expect(faults({ service: 'x', secrets: ['hunter2'] })[0]).toMatchObject({ got: 'a string of 7 characters' })
  expect(shownValue('x'.repeat(500)).length).toBeLessThan(80)
  expect(shownValue({ password: 'hunter2' })).toBe('an object')
  expect(shownValue('http://u:hunter2@db and whsec_hunter2')).toBe('"http://[redacted]@db and whsec_[redacted]"')
})

test.each([
  [Type.Integer({ minimum: 1 }), 'an integer of at least 1'],
  [Type.Number({ minimum: 0, exclusiveMaximum: 1 }), 'a number of at least 0 below 1'],
  [Type.String({ maxLength: 9 }), 'a string of at most 9 characters'],
  [Type.String({ format: 'date-time' }), 'a string in the form date-time'],
  [Type.Array(Type.String(), { minItems: 1, maxItems: 3 }), 'a list from 1 to 3 items'],
  [Type.Enum(['a', 'b']), 'one of "a", "b"'],
])('%j reads as words', (node, words) => {
  expect(schemaWords(node)).toBe(words)
})
