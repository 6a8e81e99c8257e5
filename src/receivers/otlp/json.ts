import { maxDepth } from './check.ts'
import type { BodyError } from './checked.ts'
import {
  base64Of,
  booleanOf,
  doubleOf,
  idOf,
  integerOf,
  isBeyondInt64,
  isIntegerKind,
  stringOf,
  Unfit,
} from './json-scalar.ts'
import { type Field, type Message, messages, requests, type Signal } from './schema.ts'
import { type WireWriter, wireWriter } from './wire-writer.ts'

export type Encoded =
  | { readonly ok: true; readonly body: Uint8Array }
  | { readonly ok: false; readonly error: BodyError }

/** Where the encoder is: names and indexes, outermost first. */
type Path = (string | number)[]

const anyValue = messages.AnyValue!
const intValue = anyValue.fields.find(({ name }) => name === 'intValue')!
const doubleValue = anyValue.fields.find(({ name }) => name === 'doubleValue')!

/**
 * OTLP/JSON as protobuf: names in lowerCamelCase, ids in hex, other bytes in base64, enums as integers, integers of 64
 * bits as strings or numbers (exact, also unquoted; an intValue beyond them, unquoted, is taken as a doubleValue). Unknown
 * names are ignored and null means absent, as the specification says. The result still has to pass the check.
 */
export function encodeJson(signal: Signal, text: string): Encoded {
  let value: unknown
  try {
    value = parseExactly(text)
  } catch (cause) {
    const got = cause instanceof SyntaxError ? cause.message : 'text that cannot be parsed'
    return { ok: false, error: { where: '', offset: null, expected: 'a JSON document', got } }
  }
  const path: Path = []
  const writer = wireWriter(text.length + 64)
  try {
    writeMessage(writer, requests[signal], value, path, 0)
  } catch (error) {
    if (error instanceof Unfit) {
      return { ok: false, error: { where: pathText(path), offset: null, expected: error.expected, got: error.got } }
    }
    throw error
  }
  return { ok: true, body: writer.finish() }
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown

/** Integers that a double cannot hold become bigints. The reviver is slow, so only texts with long numbers pay for it. */
function parseExactly(text: string): unknown {
  if (!/[:,[]\s*-?\d{16}/.test(text)) return JSON.parse(text)
  const reviver: Reviver = (_key, value, { source }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
      ? BigInt(source)
      : value
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown)
}

function pathText(path: Path): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('')
}

/** The writer writes backwards: the last field first, the last element first. */
function writeMessage(writer: WireWriter, message: Message, value: unknown, path: Path, depth: number): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Unfit('an object', value)
  if (message === anyValue && depth > maxDepth) throw new Unfit(`at most ${maxDepth} values inside each other`, value)
  const object = value as Readonly<Record<string, unknown>>
  let member: Field | null = null
  for (let index = message.fields.length - 1; index >= 0; index--) {
    const field = message.fields[index]!
    const given = Object.hasOwn(object, field.name) ? object[field.name] : undefined
    if (given === undefined || given === null) continue
    path.push(field.name)
    if (field.oneof !== null) {
      if (member !== null) throw new Unfit(`no other of ${field.oneof} beside ${member.name}`, given)
      member = field
    }
    // The SDK for JavaScript calls every whole number an integer, 1e21 too; refusing it would lose the whole body.
    writeField(writer, field === intValue && isBeyondInt64(given) ? doubleValue : field, given, path, depth)
    path.pop()
  }
}

function writeField(writer: WireWriter, field: Field, given: unknown, path: Path, depth: number): void {
  if (!field.repeated) {
    writeValue(writer, field, given, path, depth)
    return
  }
  if (!Array.isArray(given)) throw new Unfit('an array', given)
  for (let index = given.length - 1; index >= 0; index--) {
    path.push(index)
    writeValue(writer, field, given[index], path, depth)
    path.pop()
  }
}

function writeValue(writer: WireWriter, field: Field, value: unknown, path: Path, depth: number): void {
  if (field.wireType === 2) {
    const before = writer.size()
    if (field.message !== null) {
      writeMessage(writer, field.message, value, path, field.message === anyValue ? depth + 1 : depth)
    } else if (field.kind === 'string') writer.text(stringOf(value))
    else writer.bytes(field.id === null ? base64Of(value) : idOf(field.id, value))
    writer.varint(writer.size() - before)
  } else if (field.kind === 'double') writer.double(doubleOf(value))
  else if (field.kind === 'bool') writer.varint(booleanOf(value) ? 1 : 0)
  else if (isIntegerKind(field.kind)) writeInteger(writer, field, integerOf(field.kind, value))
  writer.tag(field.number, field.wireType)
}

function writeInteger(writer: WireWriter, field: Field, value: bigint): void {
  if (field.wireType === 1) writer.fixed64(value)
  else if (field.wireType === 5) writer.fixed32(Number(value))
  else if (field.kind === 'sint32') writer.varint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)))
  else writer.varint(value)
}
