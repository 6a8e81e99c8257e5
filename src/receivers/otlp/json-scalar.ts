import type { IdRule, WireKind } from './schema.ts'

/** A JSON value that does not fit its field. `got` is what came, cut short. */
export class Unfit extends Error {
  readonly expected: string
  readonly got: string

  constructor(expected: string, value: unknown) {
    const got = describe(value)
    super(`expected ${expected}, got ${got}`)
    this.expected = expected
    this.got = got
  }
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

type IntegerKind = 'int32' | 'int64' | 'uint32' | 'uint64' | 'sint32' | 'enum' | 'fixed32' | 'fixed64' | 'sfixed64'

const signed64: readonly [bigint, bigint] = [-(2n ** 63n), 2n ** 63n - 1n]
const unsigned64: readonly [bigint, bigint] = [0n, 2n ** 64n - 1n]
const signed32: readonly [bigint, bigint] = [-(2n ** 31n), 2n ** 31n - 1n]
const unsigned32: readonly [bigint, bigint] = [0n, 2n ** 32n - 1n]

const ranges: Readonly<Record<IntegerKind, readonly [bigint, bigint]>> = {
  int32: signed32,
  sint32: signed32,
  enum: signed32,
  uint32: unsigned32,
  fixed32: unsigned32,
  int64: signed64,
  sfixed64: signed64,
  uint64: unsigned64,
  fixed64: unsigned64,
}

/** Whether a kind is an integer's. */
export function isIntegerKind(kind: WireKind): kind is IntegerKind {
  return kind in ranges
}

function asBigInt(value: unknown): bigint | null {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : null
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value)
  return null
}

/** An integer as a JSON number or decimal string; enums as numbers only, as OTLP demands. @throws Unfit */
export function integerOf(kind: IntegerKind, value: unknown): bigint {
  const number = kind === 'enum' && typeof value === 'string' ? null : asBigInt(value)
  const [min, max] = ranges[kind]
  if (number === null || number < min || number > max) {
    const spelling = kind === 'enum' ? 'an integer (names are not taken)' : 'an integer, as a number or in quotes,'
    throw new Unfit(`${spelling} from ${min} to ${max}`, value)
  }
  return number
}

/** Whether a JSON value is a whole number without quotes that an int64 cannot hold. */
export function isBeyondInt64(value: unknown): boolean {
  if (typeof value === 'bigint') return value < signed64[0] || value > signed64[1]
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) >= 2 ** 63 && value !== -(2 ** 63)
}

const specialDoubles: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}

/** A double as a JSON number, a decimal string, or "NaN", "Infinity", "-Infinity". @throws Unfit */
export function doubleOf(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'string') {
    if (Object.hasOwn(specialDoubles, value)) return specialDoubles[value]!
    if (/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value)) return Number(value)
  }
  throw new Unfit('a number, "NaN", "Infinity" or "-Infinity"', value)
}

/** @throws Unfit */
export function booleanOf(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new Unfit('true or false', value)
  return value
}

/** @throws Unfit */
export function stringOf(value: unknown): string {
  if (typeof value !== 'string') throw new Unfit('a string', value)
  return value
}

/** Base64, of the usual or the URL alphabet, with or without padding. @throws Unfit */
export function base64Of(value: unknown): Uint8Array {
  if (typeof value !== 'string' || !/^[\w+/-]*={0,2}$/.test(value)) throw new Unfit('bytes in base64', value)
  const digits = value.replace(/=+$/, '')
  if (digits.length % 4 === 1) throw new Unfit('bytes in base64', value)
  return Buffer.from(digits, 'base64')
}

/** A trace or span id in hex. @throws Unfit */
export function idOf(rule: IdRule, value: unknown): Uint8Array {
  const isHex = typeof value === 'string' && /^[\da-fA-F]*$/.test(value)
  if (!isHex || !(value.length === rule.bytes * 2 || (value === '' && !rule.required))) {
    throw new Unfit(`${rule.bytes * 2} hex digits${rule.required ? '' : ' or ""'}`, value)
  }
  return Buffer.from(value, 'hex')
}
