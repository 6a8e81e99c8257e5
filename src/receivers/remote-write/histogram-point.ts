import type { NativeHistogram } from './native-histogram.ts'

/** Buckets without gaps: `counts[k]` is the one with the index `offset + k`. */
export type Dense = { readonly offset: number; readonly counts: readonly number[] }

/** A histogram of OpenTelemetry's shape. `bounds` is null for an exponential one. */
export type HistogramPoint = {
  readonly count: number
  readonly zeroCount: number
  readonly scale: number
  readonly positive: Dense
  readonly negative: Dense
  readonly bounds: readonly number[] | null
}

/** What is wrong with a histogram, for people. */
export type HistogramFault = { readonly expected: string; readonly got: string }

const customBuckets = -53
const minSchema = -4
const maxSchema = 8

/** Buckets of one side beyond which two neighbours become one, again and again: gaps would cost more than they tell. */
export const maxDenseBuckets = 1024

const none: Dense = { offset: 0, counts: [] }

const isWhole = (count: number): boolean => Number.isSafeInteger(count) && count >= 0

type Bucket = { readonly index: number; readonly count: number }

/**
 * A native histogram without its gaps, as OpenTelemetry has it. Prometheus numbers a bucket by its upper bound,
 * base^index, OpenTelemetry by its lower one, so indexes go down by one (both include the upper bound). Custom buckets
 * become an explicit histogram. Counts must be whole numbers below 2^53, as the columns hold integers; that float
 * histograms may also be fractions is a fault here.
 * @param hasNaN whether the sum is NaN: such observations are counted and lie in no bucket.
 */
export function pointOf(histogram: NativeHistogram, hasNaN: boolean): HistogramPoint | HistogramFault {
  const { schema, count, zeroCount, customValues } = histogram
  const isCustom = schema === customBuckets
  if (!isCustom && (schema < minSchema || schema > maxSchema)) {
    return { expected: `a schema from ${minSchema} to ${maxSchema}, or ${customBuckets}`, got: `${schema}` }
  }
  if (!isWhole(count) || !isWhole(zeroCount)) return fraction(isWhole(count) ? zeroCount : count)
  const positive = bucketsOf(histogram.positive)
  if (!Array.isArray(positive)) return positive
  const negative = bucketsOf(histogram.negative)
  if (!Array.isArray(negative)) return negative
  const total = [...positive, ...negative].reduce((sum, bucket) => sum + bucket.count, zeroCount)
  if (hasNaN ? total > count : total !== count) {
    return { expected: `buckets that add up to the count ${count}`, got: `${total}` }
  }
  if (isCustom) return explicitPoint(histogram, positive, negative)
  if (customValues.length > 0)
    return { expected: 'no custom values with an exponential schema', got: `${customValues.length}` }
  let scale = schema
  let sides = [positive, negative]
  while (sides.some((side) => width(side) > maxDenseBuckets)) {
    // A bucket's upper bound is base^index; in the next coarser schema it belongs to the one with half the index, rounded up.
    sides = sides.map((side) => side.map(({ index, count }) => ({ index: Math.ceil(index / 2), count })))
    scale -= 1
  }
  const [above, below] = sides.map((side) => dense(side, -1))
  return { count, zeroCount, scale, positive: above!, negative: below!, bounds: null }
}

function explicitPoint(
  { count, zeroCount, customValues }: NativeHistogram,
  positive: readonly Bucket[],
  negative: readonly Bucket[],
): HistogramPoint | HistogramFault {
  if (zeroCount !== 0 || negative.length > 0) {
    return { expected: 'no zero and no negative buckets beside custom ones', got: 'some' }
  }
  const isAscending = customValues.every(
    (bound, at) => Number.isFinite(bound) && (at === 0 || bound > customValues[at - 1]!),
  )
  if (!isAscending) return { expected: 'finite custom values, each above the one before', got: 'others' }
  const counts = new Array<number>(customValues.length + 1).fill(0)
  for (const { index, count: inBucket } of positive) {
    if (index < 0 || index > customValues.length) {
      return { expected: `buckets from 0 to ${customValues.length}, by the custom values`, got: `${index}` }
    }
    counts[index] = counts[index]! + inBucket
  }
  return { count, zeroCount: 0, scale: 0, positive: { offset: 0, counts }, negative: none, bounds: customValues }
}

/** The buckets that the spans name, with their counts; 32 bits hold an index. */
function bucketsOf({ spans, deltas, counts }: NativeHistogram['positive']): Bucket[] | HistogramFault {
  const isFloat = counts.length > 0
  if (isFloat && deltas.length > 0) return { expected: 'deltas or counts of buckets', got: 'both' }
  const values = isFloat ? counts : deltas
  const buckets: Bucket[] = []
  let index = 0
  let count = 0
  for (let span = 0; span < spans.length; span += 2) {
    const [offset, length] = [spans[span]!, spans[span + 1]!]
    if (span > 0 && offset < 0) return { expected: 'spans that do not go back', got: `the offset ${offset}` }
    if (length > values.length - buckets.length) {
      return { expected: `spans of ${values.length} buckets in all`, got: 'more' }
    }
    index += offset
    for (let left = length; left > 0; left--) {
      const value = values[buckets.length]!
      count = isFloat ? value : count + value
      if (!isWhole(count)) return fraction(count)
      buckets.push({ index, count })
      index += 1
    }
    if (Math.abs(index) > 2 ** 31) return { expected: 'an index of a bucket of 32 bits', got: `${index}` }
  }
  if (buckets.length < values.length)
    return { expected: `spans of ${values.length} buckets in all`, got: `${buckets.length}` }
  return buckets
}

function fraction(count: number): HistogramFault {
  return { expected: 'counts that are whole numbers from 0 to 2^53', got: `${count}` }
}

function width(buckets: readonly Bucket[]): number {
  return buckets.length === 0 ? 0 : buckets.at(-1)!.index - buckets[0]!.index + 1
}

function dense(buckets: readonly Bucket[], shift: number): Dense {
  const [first] = buckets
  if (first === undefined) return none
  const counts = new Array<number>(width(buckets)).fill(0)
  for (const { index, count } of buckets) counts[index - first.index] = counts[index - first.index]! + count
  return { offset: first.index + shift, counts }
}
