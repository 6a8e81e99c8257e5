import { type Cursor, readLength, readTag, skipValue } from './wire.ts'

/** A varint of 64 bits as a signed integer, exact. */
function readInt64(cursor: Cursor): bigint {
  let value = 0n
  let shift = 0n
  for (;;) {
    const byte = cursor.bytes[cursor.position++]!
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return BigInt.asIntN(64, value)
    shift += 7n
  }
}

function slice(cursor: Cursor, end: number): Buffer {
  const length = readLength(cursor, end)
  const { bytes, position } = cursor
  cursor.position += length
  return Buffer.from(bytes.buffer, bytes.byteOffset + position, length)
}

function doubleText(cursor: Cursor): string {
  const { bytes, position } = cursor
  cursor.position += 8
  const value = new DataView(bytes.buffer, bytes.byteOffset + position, 8).getFloat64(0, true)
  if (Object.is(value, -0)) return '-0'
  return Number.isFinite(value) ? String(value) : 'null'
}

function intText(cursor: Cursor): string {
  const value = readInt64(cursor)
  const exact = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
  return exact ? String(value) : `"${value}"`
}

/** The texts of the repeated field 1 between the position and `end`, which is what arrays and lists both are. */
function texts(cursor: Cursor, textOf: (cursor: Cursor, end: number) => string): string {
  const length = readLength(cursor, cursor.bytes.length)
  const end = cursor.position + length
  const parts: string[] = []
  while (cursor.position < end) {
    const tag = readTag(cursor, end)
    if (tag === ((1 << 3) | 2)) {
      const length = readLength(cursor, end)
      parts.push(textOf(cursor, cursor.position + length))
    } else skipValue(cursor, tag & 7, end)
  }
  return parts.join(',')
}

function keyValueText(cursor: Cursor, end: number): string {
  let key = ''
  let value = 'null'
  while (cursor.position < end) {
    const tag = readTag(cursor, end)
    if (tag === ((1 << 3) | 2)) key = slice(cursor, end).toString('utf8')
    else if (tag === ((2 << 3) | 2)) {
      const length = readLength(cursor, end)
      value = anyValueText(cursor, cursor.position + length)
    } else skipValue(cursor, tag & 7, end)
  }
  return `${JSON.stringify(key)}:${value}`
}

function anyValueText(cursor: Cursor, end: number): string {
  let text = 'null'
  while (cursor.position < end) {
    const tag = readTag(cursor, end)
    const number = tag >>> 3
    if (number === 1) text = JSON.stringify(slice(cursor, end).toString('utf8'))
    else if (number === 2) text = readInt64(cursor) === 0n ? 'false' : 'true'
    else if (number === 3) text = intText(cursor)
    else if (number === 4) text = doubleText(cursor)
    else if (number === 5) text = `[${texts(cursor, anyValueText)}]`
    else if (number === 6) text = `{${texts(cursor, keyValueText)}}`
    else if (number === 7) text = `"${slice(cursor, end).toString('base64')}"`
    else skipValue(cursor, tag & 7, end)
  }
  return text
}

/**
 * An AnyValue as JSON text. Keys keep their order and duplicates stay; bytes become base64; integers beyond 2^53 become
 * strings, so that no reader rounds them; what JSON has no number for (NaN, infinities) and nothing become null.
 * @param bytes holds an AnyValue from `start` to `end` that the check has passed.
 */
export function anyValueJson(bytes: Uint8Array, start: number, end: number): string {
  return anyValueText({ bytes, position: start }, end)
}
