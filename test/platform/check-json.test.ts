import { Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import { DavyError } from '../../src/domain/errors.ts'
import { checkJson, parseJson } from '../../src/platform/check-json.ts'

function faultOf(work: () => unknown): DavyError {
  try {
    work()
  } catch (error) {
    if (error instanceof DavyError) return error
    throw error
  }
  throw new Error('expected a fault')
}

describe('text as JSON', () => {
  test('is its value', () => {
    expect(parseJson('{"a": [1]}', 'the body')).toEqual({ a: [1] })
  })

  test('that is none says where, and never what', () => {
    const fault = faultOf(() => parseJson('{"token": secret}', 'the body'))
    expect(fault).toMatchObject({ code: 'VALIDATION', message: 'The body is not valid JSON.', expected: 'JSON' })
    expect(fault.where).toMatch(/^body(, position 10)?$/)
    expect(JSON.stringify({ ...fault, message: fault.message })).not.toContain('secret')
    expect(faultOf(() => parseJson(' ', 'a.json'))).toMatchObject({ got: 'nothing', where: 'a.json' })
  })
})

describe.each([
  ['as plain data', { type: 'object', required: ['a'], properties: { a: { type: 'integer', minimum: 1 } } }],
  ['of typebox', Type.Object({ a: Type.Integer({ minimum: 1 }) })],
])('a schema %s', (_what, schema) => {
  test('lets through what fits', () => {
    expect(() => checkJson(schema, { a: 1 }, 'the body')).not.toThrow()
  })

  test.each([
    [{ a: 0 }, '/a', '0'],
    [{}, '/a', 'nothing'],
  ])('refuses %j and says where', (value, where, got) => {
    const expected = 'an integer of at least 1'
    expect(faultOf(() => checkJson(schema, value, 'the body'))).toMatchObject({
      ...{ code: 'VALIDATION', where, expected, got },
      message: `The body does not fit: ${where} should be ${expected}, got ${got}.`,
    })
  })

  test('names the whole when the whole is wrong', () => {
    expect(faultOf(() => checkJson(schema, 7, 'a.json'))).toMatchObject({ where: 'a.json', got: '7' })
  })
})
