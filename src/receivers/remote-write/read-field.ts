import { DavyError } from '../../domain/errors.ts'
import { type Cursor, Malformed, readLength, readTag, skipBytes, skipValue, skipVarint } from '../otlp/wire.ts'
import type { Shape, ShapeField } from './schema.ts'

/** A body that is being read, and where the reading is, for the sentence about a fault. */
export type Reading = Cursor & {
  readonly view: DataView
  /** Index of the series at the position; -1 outside of any. */
  series: number
  /** The field that was read last. */
  field: ShapeField | null
  tagAt: number
  /** How many more elements may be read. */
  spareElements: number
}

/**
 * The elements of one request: series, samples, symbols, labels (of 2.0: references), spans and numbers of histograms, one
 * each, and what `exemplarElements` and `histogramElements` say. Two bytes on the wire are enough for one, which takes a
 * hundred or two in memory: a million of samples without anything in them took 200 MiB, of histograms or exemplars 90.
 * 20,000 series with 20 labels have half a million (of 2.0: 840,000); Prometheus sends 2,000 at a time.
 */
export const maxElements = 1_000_000

/** An exemplar without anything in it takes some 300 bytes, a histogram some 600: their lists. */
export const exemplarElements = 4
export const histogramElements = 8

/** Takes elements from those that are left, before anything is made for them. @throws DavyError BODY_TOO_LARGE */
export function spend(reading: Reading, elements: number): void {
  reading.spareElements -= elements
  if (reading.spareElements >= 0) return
  throw new DavyError('BODY_TOO_LARGE', 'The body has too many elements: send fewer series or samples in a request.', {
    expected: `at most ${maxElements} elements (a histogram is ${histogramElements}, an exemplar ${exemplarElements}, everything else 1)`,
    got: `more, by byte ${reading.position} of ${reading.bytes.length}`,
  })
}

/** @param spareElements what came from outside has `maxElements`; what was stored has been counted before. */
export function startReading(bytes: Uint8Array, spareElements: number): Reading {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { bytes, view, position: 0, series: -1, field: null, tagAt: 0, spareElements }
}

/**
 * Reads a tag and leaves the position at its value. An unknown field is stepped over: null.
 * @throws Malformed when the field has another wire type on the wire.
 */
export function readField(reading: Reading, shape: Shape, end: number): ShapeField | null {
  const tagAt = reading.position
  const tag = readTag(reading, end)
  const number = tag >>> 3
  const field = number < shape.byNumber.length ? shape.byNumber[number] : undefined
  if (field === undefined) {
    skipValue(reading, tag & 7, end)
    return null
  }
  reading.field = field
  reading.tagAt = tagAt
  const wireType = tag & 7
  if (wireType !== field.wireType && !(field.repeated && wireType === 2)) {
    throw new Malformed(tagAt, `wire type ${field.wireType}`, `wire type ${wireType}`)
  }
  return field
}

/**
 * Notes in `seen`, a bit a field, that a field was there. Of a field that may be there once protobuf would take the last;
 * readers differ in it, and no sender does it.
 */
export function once(reading: Reading, seen: number, field: ShapeField): number {
  if (field.repeated) return seen
  const bit = 1 << field.number
  if ((seen & bit) !== 0) throw new Malformed(reading.tagAt, 'this field at most once', 'it twice')
  return seen | bit
}

/** The varint at the position as an unsigned integer of 64 bits; exact below 2^53. */
export function readUnsigned(reading: Reading, end: number): number {
  const { bytes, position } = reading
  if (position < end && bytes[position]! < 0x80) {
    reading.position = position + 1
    return bytes[position]!
  }
  skipVarint(reading, end)
  let value = 0
  for (let at = reading.position - 1; at >= position; at--) value = value * 128 + (bytes[at]! & 0x7f)
  return value
}

/** The varint at the position as a signed integer of 64 bits (int64, not zigzag); exact within ±2^53. */
export function readSigned(reading: Reading, end: number): number {
  const { bytes, position } = reading
  const unsigned = readUnsigned(reading, end)
  if (reading.position - position < 10) return unsigned
  let inverted = 0
  for (let at = position + 8; at >= position; at--) inverted = inverted * 128 + (~bytes[at]! & 0x7f)
  return -inverted - 1
}

/** The varint at the position as a zigzag integer (sint32, sint64); exact within ±2^52. */
export function readZigzag(reading: Reading, end: number): number {
  const value = readUnsigned(reading, end)
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

/** Steps over eight bytes. @returns where they start. */
export function readEight(reading: Reading, end: number): number {
  const at = reading.position
  skipBytes(reading, 8, end)
  return at
}

/** The numbers of a repeated field, packed or one, appended to `into`. */
export function readNumbers(
  reading: Reading,
  end: number,
  into: number[],
  read: (reading: Reading, end: number) => number,
): void {
  if ((reading.bytes[reading.tagAt]! & 7) !== 2) {
    spend(reading, 1)
    into.push(read(reading, end))
    return
  }
  const length = readLength(reading, end)
  const packedEnd = reading.position + length
  while (reading.position < packedEnd) {
    spend(reading, 1)
    into.push(read(reading, packedEnd))
  }
}

/** Reads a message of any shape to its full depth, for its framing alone. @throws Malformed */
export function checkShape(reading: Reading, shape: Shape, end: number, onField?: (field: ShapeField) => void): void {
  let seen = 0
  while (reading.position < end) {
    const field = readField(reading, shape, end)
    if (field === null) continue
    seen = once(reading, seen, field)
    onField?.(field)
    if (field.shape !== null) {
      const length = readLength(reading, end)
      checkShape(reading, field.shape, reading.position + length)
    } else if (field.wireType === 2) skipValue(reading, 2, end)
    else readNumbers(reading, end, [], field.wireType === 1 ? readEight : readUnsigned)
  }
}
