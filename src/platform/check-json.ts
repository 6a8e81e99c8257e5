import { Compile, type Validator } from 'typebox/schema'
import { DavyError } from '../domain/errors.ts'
import { schemaFaults } from './schema-faults.ts'

/** A JSON Schema as plain data, or one that typebox made. */
export type JsonSchema = object

const compiled = new WeakMap<JsonSchema, Validator>()

/**
 * A text as JSON. The parser's own words quote the text, which may hold anything: only the position is repeated.
 * @param what it is: "the body", a file's name.
 * @throws DavyError VALIDATION
 */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const position = /position (\d+)/.exec(cause instanceof Error ? cause.message : '')?.[1]
    const got = text.trim() === '' ? 'nothing' : 'other text'
    const where = position === undefined ? placeOf(what) : `${placeOf(what)}, position ${position}`
    throw new DavyError('VALIDATION', `${atStart(what)} is not valid JSON.`, { expected: 'JSON', got, where })
  }
}

/**
 * Checks a value against a schema.
 * @param what it is, for the message.
 * @throws DavyError VALIDATION with the JSON pointer of the first thing that is wrong.
 */
export function checkJson(schema: JsonSchema, value: unknown, what: string): void {
  const validator = compiled.get(schema) ?? Compile(schema)
  compiled.set(schema, validator)
  if (validator.Check(value)) return
  const [fault] = schemaFaults(schema, validator.Errors(value)[1], value)
  const where = fault === undefined || fault.pointer === '' ? placeOf(what) : fault.pointer
  const { expected = 'another value', got = 'this one' } = fault ?? {}
  const detail = `${atStart(what)} does not fit: ${where} should be ${expected}, got ${got}.`
  throw new DavyError('VALIDATION', detail, { expected, got, where })
}

/** As the field `where` has it. */
function placeOf(what: string): string {
  return what.replace(/^the /, '')
}

/** A sentence begins with a capital; a file's name stays as it is. */
function atStart(what: string): string {
  return what.startsWith('the ') ? `The ${what.slice(4)}` : what
}
