import { DavyError } from '../../domain/errors.ts'
import type { Dense, HistogramPoint } from './histogram-point.ts'
import type { Labels } from './labels.ts'
import { storedFields, type WriteKind } from './schema.ts'
import type { Exemplar, Place } from './series.ts'

/** `value`: its eight bytes in the source, or null for NaN. `isAbsent`: the point has no value (OpenTelemetry's flag 1). */
export type StoredSample = {
  readonly valueAt: number | null
  readonly timestamp: number
  readonly start: number
  readonly isAbsent: boolean
}

export type StoredPoint = HistogramPoint & {
  /** Where the eight bytes of the sum are; -1 for 0. */
  readonly sumAt: number
  readonly timestamp: number
  readonly start: number
  readonly isAbsent: boolean
  /** AggregationTemporality of OpenTelemetry: 2 cumulative, 0 none. */
  readonly temporality: 0 | 2
}

type StoredSeries = {
  readonly labels: Labels
  readonly samples: readonly StoredSample[]
  readonly points: readonly StoredPoint[]
  readonly exemplars: readonly Exemplar[]
  readonly help: Place | null
  readonly unit: Place | null
}

/** Writes a stored body (see `schema.ts`), series by series, from the bytes that they came in. */
export type StoredWriter = {
  /** The content of a series as it stands in the source, its length included. */
  copy(kind: WriteKind, from: number, to: number): void
  write(kind: WriteKind, series: StoredSeries): void
  finish(): Uint8Array
}

const nan = Uint8Array.of(0, 0, 0, 0, 0, 0, 0xf8, 0x7f)

/** That a body would be stored in more bytes than a body may have. @param atLeast so many, from `from` bytes. */
export function tooLargeStored(maxBytes: number, atLeast: number, from: number): DavyError {
  return new DavyError(
    'BODY_TOO_LARGE',
    'The body is too large once every series is spelt out: send fewer series in a request, or shorter texts.',
    { expected: `at most ${maxBytes} bytes`, got: `at least ${atLeast} bytes, from ${from} bytes` },
  )
}

/**
 * `copy` and `write` throw DavyError BODY_TOO_LARGE before they write beyond `maxBytes`.
 * @param source holds the texts and values. @param capacity bytes to start with; it grows by doubling.
 */
export function storedWriter(source: Uint8Array, capacity: number, maxBytes: number): StoredWriter {
  let buffer = Buffer.allocUnsafe(Math.min(capacity, maxBytes))
  let at = 0

  function reserve(count: number): void {
    if (at + count <= buffer.length) return
    if (at + count > maxBytes) throw tooLargeStored(maxBytes, at + count, source.length)
    const larger = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(buffer.length * 2, at + count)))
    buffer.copy(larger, 0, 0, at)
    buffer = larger
  }

  function varint(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      buffer[at++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    buffer[at++] = rest
  }

  function bytes(from: Uint8Array, start: number, end: number): void {
    if (end - start > 64) buffer.set(from.subarray(start, end), at)
    else for (let index = start; index < end; index++) buffer[at + index - start] = from[index]!
    at += end - start
  }

  /** A length-delimited field around what `content` writes; its length is put in front afterwards. */
  function nested(field: number, size: number, content: () => void): void {
    buffer[at++] = field * 8 + 2
    varint(size)
    content()
  }

  function text(field: number, from: number, to: number): void {
    buffer[at++] = field * 8 + 2
    varint(to - from)
    bytes(source, from, to)
  }

  function number(field: number, value: number): void {
    if (value === 0) return
    buffer[at++] = field * 8
    varint(value)
  }

  function double(field: number, valueAt: number | null): void {
    if (valueAt === -1) return
    buffer[at++] = field * 8 + 1
    if (valueAt === null) bytes(nan, 0, 8)
    else bytes(source, valueAt, valueAt + 8)
  }

  function labels(field: number, list: Labels): void {
    for (let label = 0; label < list.length; label += 4) {
      nested(field, labelSize(list, label), () => {
        text(1, list[label]!, list[label + 1]!)
        text(2, list[label + 2]!, list[label + 3]!)
      })
    }
  }

  function packed(field: number, counts: readonly number[]): void {
    if (counts.length === 0) return
    nested(field, sumOf(counts, varintSize), () => counts.forEach(varint))
  }

  function side(field: number, { offset, counts }: Dense): void {
    number(field, zigzag(offset))
    packed(field + 1, counts)
  }

  function point(each: StoredPoint): void {
    number(1, each.timestamp)
    number(2, each.start)
    number(3, each.isAbsent ? 1 : 0)
    number(4, each.temporality)
    number(5, each.count)
    double(6, each.sumAt)
    number(7, zigzag(each.scale))
    number(8, each.zeroCount)
    side(9, each.positive)
    side(11, each.negative)
    if (each.bounds !== null) {
      nested(13, each.bounds.length * 8, () => {
        for (const bound of each.bounds!) at = buffer.writeDoubleLE(bound, at)
      })
    }
  }

  return {
    copy(kind, from, to) {
      reserve(1 + to - from)
      buffer[at++] = storedFields[kind] * 8 + 2
      bytes(source, from, to)
    },
    write(kind, series) {
      const size = seriesSize(series)
      reserve(size + 12)
      nested(storedFields[kind], size, () => {
        labels(1, series.labels)
        for (const sample of series.samples) {
          nested(2, sampleSize(sample), () => {
            double(1, sample.valueAt)
            number(2, sample.timestamp)
            number(3, sample.start)
            number(4, sample.isAbsent ? 1 : 0)
          })
        }
        for (const exemplar of series.exemplars) {
          nested(3, exemplarSize(exemplar), () => {
            labels(1, exemplar.labels)
            double(2, exemplar.valueAt)
            number(3, exemplar.timestamp)
          })
        }
        for (const each of series.points) nested(5, pointSize(each), () => point(each))
        if (series.help !== null) text(6, series.help.from, series.help.to)
        if (series.unit !== null) text(7, series.unit.from, series.unit.to)
      })
    },
    finish: () => buffer.subarray(0, at),
  }
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size += 1
  return size
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value
}

function sumOf<Item>(items: readonly Item[], size: (item: Item) => number): number {
  let sum = 0
  for (const item of items) sum += size(item)
  return sum
}

const delimitedSize = (length: number): number => 1 + varintSize(length) + length
const numberSize = (value: number): number => (value === 0 ? 0 : 1 + varintSize(value))
const doubleSize = (valueAt: number | null): number => (valueAt === -1 ? 0 : 9)

function labelSize(list: Labels, label: number): number {
  return delimitedSize(list[label + 1]! - list[label]!) + delimitedSize(list[label + 3]! - list[label + 2]!)
}

function labelsSize(list: Labels): number {
  let size = 0
  for (let label = 0; label < list.length; label += 4) size += delimitedSize(labelSize(list, label))
  return size
}

function sampleSize({ valueAt, timestamp, start, isAbsent }: StoredSample): number {
  return doubleSize(valueAt) + numberSize(timestamp) + numberSize(start) + (isAbsent ? 2 : 0)
}

function exemplarSize({ labels, valueAt, timestamp }: Exemplar): number {
  return labelsSize(labels) + doubleSize(valueAt) + numberSize(timestamp)
}

function sideSize({ offset, counts }: Dense): number {
  return numberSize(zigzag(offset)) + (counts.length === 0 ? 0 : delimitedSize(sumOf(counts, varintSize)))
}

function pointSize(point: StoredPoint): number {
  const { timestamp, start, isAbsent, temporality, count, sumAt, scale, zeroCount, positive, negative, bounds } = point
  const numbers = [timestamp, start, isAbsent ? 1 : 0, temporality, count, zigzag(scale), zeroCount]
  const sides = sideSize(positive) + sideSize(negative)
  return (
    sumOf(numbers, numberSize) + doubleSize(sumAt) + sides + (bounds === null ? 0 : delimitedSize(bounds.length * 8))
  )
}

function placeSize(place: Place | null): number {
  return place === null ? 0 : delimitedSize(place.to - place.from)
}

function seriesSize({ labels, samples, exemplars, points, help, unit }: StoredSeries): number {
  return (
    labelsSize(labels) +
    sumOf(samples, (sample) => delimitedSize(sampleSize(sample))) +
    sumOf(exemplars, (exemplar) => delimitedSize(exemplarSize(exemplar))) +
    sumOf(points, (point) => delimitedSize(pointSize(point))) +
    placeSize(help) +
    placeSize(unit)
  )
}
