import { Malformed, readLength } from '../otlp/wire.ts'
import {
  histogramElements,
  once,
  type Reading,
  readEight,
  readField,
  readNumbers,
  readSigned,
  readUnsigned,
  readZigzag,
  spend,
} from './read-field.ts'
import type { Shape } from './schema.ts'

/** One side of a native histogram: spans as pairs of offset and length, and the buckets in them. */
type Side = { readonly spans: number[]; readonly deltas: number[]; readonly counts: number[] }

/** A native histogram as it came. Numbers of the wire that are absent are 0, or NaN for counts. */
export type NativeHistogram = {
  count: number
  /** Where the eight bytes of the sum are; -1 for 0. */
  sumAt: number
  schema: number
  zeroCount: number
  readonly positive: Side
  readonly negative: Side
  readonly customValues: number[]
  resetHint: number
  timestamp: number
  start: number
}

/** @param shape Histogram of 1.0 or of 2.0, which number their fields alike. @throws Malformed */
export function readHistogram(reading: Reading, shape: Shape, end: number): NativeHistogram {
  spend(reading, histogramElements)
  const { view } = reading
  const histogram: NativeHistogram = {
    count: 0,
    sumAt: -1,
    schema: 0,
    zeroCount: 0,
    positive: { spans: [], deltas: [], counts: [] },
    negative: { spans: [], deltas: [], counts: [] },
    customValues: [],
    resetHint: 0,
    timestamp: 0,
    start: 0,
  }
  const readDouble = (from: Reading, to: number) => view.getFloat64(readEight(from, to), true)
  let seen = 0
  while (reading.position < end) {
    const field = readField(reading, shape, end)
    if (field === null) continue
    seen = once(reading, seen, field)
    const { number } = field
    // The integer member of each oneof and the float one exclude each other.
    if ((seen & 0b110) === 0b110 || (seen & 0b1100_0000) === 0b1100_0000) {
      throw new Malformed(reading.tagAt, 'counts as integers or as floats', 'both')
    }
    if (number === 1) histogram.count = readUnsigned(reading, end)
    else if (number === 2) histogram.count = readDouble(reading, end)
    else if (number === 3) histogram.sumAt = readEight(reading, end)
    else if (number === 4) histogram.schema = readZigzag(reading, end)
    else if (number === 5) readEight(reading, end)
    else if (number === 6) histogram.zeroCount = readUnsigned(reading, end)
    else if (number === 7) histogram.zeroCount = readDouble(reading, end)
    else if (number === 8) readSpan(reading, field.shape!, end, histogram.negative.spans)
    else if (number === 9) readNumbers(reading, end, histogram.negative.deltas, readZigzag)
    else if (number === 10) readNumbers(reading, end, histogram.negative.counts, readDouble)
    else if (number === 11) readSpan(reading, field.shape!, end, histogram.positive.spans)
    else if (number === 12) readNumbers(reading, end, histogram.positive.deltas, readZigzag)
    else if (number === 13) readNumbers(reading, end, histogram.positive.counts, readDouble)
    else if (number === 14) histogram.resetHint = readUnsigned(reading, end)
    else if (number === 15) histogram.timestamp = readSigned(reading, end)
    else if (number === 16) readNumbers(reading, end, histogram.customValues, readDouble)
    else histogram.start = readSigned(reading, end)
  }
  return histogram
}

function readSpan(reading: Reading, shape: Shape, end: number, spans: number[]): void {
  spend(reading, 1)
  const length = readLength(reading, end)
  const spanEnd = reading.position + length
  let offset = 0
  let buckets = 0
  let seen = 0
  while (reading.position < spanEnd) {
    const field = readField(reading, shape, spanEnd)
    if (field === null) continue
    seen = once(reading, seen, field)
    if (field.number === 1) offset = readZigzag(reading, spanEnd)
    else buckets = readUnsigned(reading, spanEnd)
  }
  spans.push(offset, buckets)
}
