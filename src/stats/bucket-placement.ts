import { type BucketCounts, subtractCounts } from './log-histogram.ts'

/** Buckets of gamma = 2^(2^-scale), with the unit of the values that are put into them: 1e9 for seconds on nanoseconds. */
export type BucketGrid = { readonly scale: number; readonly unit: number }

/**
 * Values of which no more is known than two edges that they lie between, once at the upper and once at the lower one, in
 * buckets of a grid. Where both are the same, the grid's bucket is known.
 *
 * Whoever compares two such histograms at edges that lie a ratio apart has to take the lower placement of the one that
 * he would find greater, and the upper one of the other: then a difference that lies within a bucket is not seen, and
 * none is made up, whatever edges either of them has.
 */
export type PlacedCounts = { readonly upper: BucketCounts; readonly lower: BucketCounts }

/** Above every value: the upper end of a bucket that has none. */
export const endlessBucket = 32_767

/** An edge as a bucket of the grid, to the nearest: it moves by at most half a bucket, 1.1% at scale 5. */
function edge(value: number, { scale, unit }: BucketGrid): number {
  return value > 0 ? Math.round(Math.log2(value * unit) * 2 ** scale) : 0
}

function placed(spans: Iterable<readonly [low: number, high: number, count: number]>): PlacedCounts {
  const [upper, lower] = [new Map<number, number>(), new Map<number, number>()]
  for (const [low, high, count] of spans) {
    if (count <= 0) continue
    const top = Math.max(low, high - 1)
    upper.set(top, (upper.get(top) ?? 0) + count)
    lower.set(low, (lower.get(low) ?? 0) + count)
  }
  const sorted = (counts: Map<number, number>) => [...counts].sort(([a], [b]) => a - b)
  return { upper: sorted(upper), lower: sorted(lower) }
}

/**
 * Counts between explicit bounds on a grid: bucket i holds the values of (bounds[i - 1], bounds[i]], the first one starts
 * at zero, the last one is endless. Values are durations: none lies below zero.
 */
export function placeExplicit(bounds: readonly number[], counts: BucketCounts, grid: BucketGrid): PlacedCounts {
  return placed(
    counts.map(([i, count]) => {
      const [low, high] = [bounds[i - 1], bounds[i]]
      return [low === undefined ? 0 : edge(low, grid), high === undefined ? endlessBucket + 1 : edge(high, grid), count]
    }),
  )
}

/**
 * Counts of an exponential histogram on a grid. A finer scale is merged down first, so that only a shift by less than
 * half a bucket is left, which is the same for every histogram of that unit; a coarser one has edges further apart.
 * Source: OpenTelemetry, "Metrics Data Model", exponential histogram: bucket i holds (base^i, base^(i + 1)].
 */
export function placeExponential(scale: number, counts: BucketCounts, grid: BucketGrid): PlacedCounts {
  const own = Math.min(scale, grid.scale)
  const width = 2 ** (grid.scale - own)
  const first = edge(1, grid)
  const start = (bucket: number) => Math.max(0, first + bucket * width)
  return placed(mergeDown(counts, scale, own).map(([bucket, count]) => [start(bucket), start(bucket + 1), count]))
}

/** The same counts at a coarser scale, exactly: 2^(from - to) buckets become one. @throws RangeError for a finer one. */
export function mergeDown(counts: BucketCounts, from: number, to: number): BucketCounts {
  if (to > from) throw new RangeError(`expected a scale of at most ${from}, got ${to}: buckets cannot be split`)
  if (to === from) return counts
  const merged = new Map<number, number>()
  for (const [bucket, count] of counts) {
    const coarse = Math.floor(bucket / 2 ** (from - to))
    merged.set(coarse, (merged.get(coarse) ?? 0) + count)
  }
  return [...merged].sort(([a], [b]) => a - b)
}

/** An exponential histogram's buckets, or with scale 0 those of an explicit one. */
export type ScaledCounts = { readonly scale: number; readonly counts: BucketCounts }

/**
 * What a histogram that only grows has grown by, at the coarser of both scales: senders give up resolution when their
 * range widens. Nothing before: all of it.
 */
export function growth(before: ScaledCounts, after: ScaledCounts): ScaledCounts {
  if (before.counts.length === 0) return after
  const scale = Math.min(before.scale, after.scale)
  const [old, now] = [mergeDown(before.counts, before.scale, scale), mergeDown(after.counts, after.scale, scale)]
  return { scale, counts: subtractCounts(now, old) }
}
