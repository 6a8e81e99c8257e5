/** Bytes that are not what protobuf or OTLP allows at `offset`. Thrown and caught within the check. */
export class Malformed extends Error {
  readonly offset: number
  readonly expected: string
  readonly got: string

  constructor(offset: number, expected: string, got: string) {
    super(`expected ${expected}, got ${got}`)
    this.offset = offset
    this.expected = expected
    this.got = got
  }
}

/** A reading position in bytes that must not be trusted. */
export type Cursor = { readonly bytes: Uint8Array; position: number }

/**
 * Steps over one varint that must end before `end`: at most ten bytes. A tenth byte must be 1: more would not fit into 64
 * bits, and 0, which says nothing, is what ClickHouse refuses.
 */
export function skipVarint(cursor: Cursor, end: number): void {
  const { bytes } = cursor
  const start = cursor.position
  const limit = Math.min(end, start + 10)
  for (let at = start; at < limit; at++) {
    if (bytes[at]! < 0x80) {
      if (at === start + 9 && bytes[at] !== 1) throw new Malformed(start, 'a varint of 64 bits', 'another one')
      cursor.position = at + 1
      return
    }
  }
  throw new Malformed(start, 'a varint of at most ten bytes', limit === end ? 'the end of the message' : 'a longer one')
}

/** Reads one varint; exact up to 2^53, rounded above (no length and no tag is that large). */
function readVarint(cursor: Cursor, end: number): number {
  const { bytes } = cursor
  const start = cursor.position
  if (start < end && bytes[start]! < 0x80) {
    cursor.position = start + 1
    return bytes[start]!
  }
  skipVarint(cursor, end)
  let value = 0
  for (let at = cursor.position - 1; at >= start; at--) value = value * 128 + (bytes[at]! & 0x7f)
  return value
}

/** Reads a field's tag: its number shifted left by three, and the wire type. */
export function readTag(cursor: Cursor, end: number): number {
  const start = cursor.position
  const tag = readVarint(cursor, end)
  if (tag > 0xffffffff || cursor.position - start > 5) throw new Malformed(start, 'a tag of 32 bits', 'a larger one')
  if (tag < 8) throw new Malformed(start, 'a field number of at least 1', 'field number 0')
  return tag
}

/** Reads the length of what follows and verifies that it ends by `end`. */
export function readLength(cursor: Cursor, end: number): number {
  const start = cursor.position
  const length = readVarint(cursor, end)
  if (length > end - cursor.position) {
    throw new Malformed(start, `a length of at most ${end - cursor.position}`, `${length}`)
  }
  return length
}

/** Steps over `count` bytes. */
export function skipBytes(cursor: Cursor, count: number, end: number): void {
  if (count > end - cursor.position) {
    throw new Malformed(cursor.position, `${count} bytes`, `${end - cursor.position} before the message ends`)
  }
  cursor.position += count
}

/** Steps over the value of a field of any wire type. */
export function skipValue(cursor: Cursor, wireType: number, end: number): void {
  if (wireType === 0) skipVarint(cursor, end)
  else if (wireType === 1) skipBytes(cursor, 8, end)
  else if (wireType === 2) skipBytes(cursor, readLength(cursor, end), end)
  else if (wireType === 5) skipBytes(cursor, 4, end)
  else throw new Malformed(cursor.position, 'wire type 0, 1, 2 or 5', `${wireType}`)
}
