import {
  type BucketGrid,
  growth,
  type PlacedCounts,
  placeExplicit,
  placeExponential,
} from '../stats/bucket-placement.ts'
import type { BucketCounts } from '../stats/log-histogram.ts'
import { mergeCounts, totalCount } from '../stats/log-histogram.ts'
import { targetOf } from './increases.ts'
import type { NativeBucket, NativeHistogram, Series } from './read-series.ts'

/** Durations that one scrape told of, on the judge's grid. */
export type DurationIncrease = {
  /** Unix milliseconds. */
  readonly at: number
  readonly count: number
  readonly placed: PlacedCounts
  readonly labels: Series['labels']
}

/** How durations are read. */
export type DurationReading = {
  readonly grid: BucketGrid
  readonly podLabel: string
  /** Since when each target is known. */
  readonly since: ReadonlyMap<string, number>
}

/** What histograms grew by, scrape by scrape: classic ones (series of `_bucket` by `le`), and native ones. */
export function durationIncreases(series: readonly Series[], reading: DurationReading): DurationIncrease[] {
  const classic = series.filter(({ labels, samples }) => labels.le !== undefined && samples.length > 0)
  const native = series.filter(({ histograms }) => histograms.length > 0)
  return [...classicIncreases(classic, reading), ...native.flatMap((one) => nativeIncreases(one, reading))]
}

function isKnownBefore(one: Series, { since, podLabel }: DurationReading): (at: number) => boolean {
  const first = since.get(targetOf(one, podLabel)) ?? Infinity
  return (at) => first < at
}

function classicIncreases(series: readonly Series[], reading: DurationReading): DurationIncrease[] {
  const byHistogram = Map.groupBy(series, ({ labels }) => {
    const { le: _bound, __name__: _name, ...rest } = labels
    return JSON.stringify(Object.entries(rest).sort())
  })
  return [...byHistogram.values()].flatMap((buckets) => {
    const isKnown = isKnownBefore(buckets[0]!, reading)
    const { le: _bound, ...labels } = buckets[0]!.labels
    const before = new Map<number, number>()
    return scrapesOf(buckets).map(([at, scraped]) => {
      // A new process may soon have counted as much in one bucket as the old one had, but not in all of them.
      const isFall = scraped.some(({ bound, value }) => value < (before.get(bound) ?? 0))
      const grown = scraped.map(({ bound, value }) => {
        const base = isFall ? 0 : (before.get(bound) ?? (isKnown(at) ? 0 : value))
        before.set(bound, value)
        return { bound, by: value - base }
      })
      return { at, labels, ...explicit(grown, reading.grid) }
    })
  })
}

type ScrapedBucket = { readonly bound: number; readonly value: number }

/** What each scrape said of the buckets of one histogram, in order of time; NaN and infinite samples are passed over. */
function scrapesOf(buckets: readonly Series[]): readonly (readonly [at: number, scraped: readonly ScrapedBucket[]])[] {
  const scraped = buckets.flatMap(({ labels, samples }) => {
    const bound = Number(labels.le === '+Inf' ? Infinity : labels.le)
    const isUsed = ([, value]: (typeof samples)[number]) => Number.isFinite(value) && !Number.isNaN(bound)
    return samples.filter(isUsed).map(([at, value]) => ({ at, bound, value }))
  })
  return [...Map.groupBy(scraped, ({ at }) => at)].sort(([a], [b]) => a - b)
}

/** Buckets that count everything up to their bound, made into buckets that count what lies between two bounds. */
function explicit(
  grown: readonly { readonly bound: number; readonly by: number }[],
  grid: BucketGrid,
): Pick<DurationIncrease, 'count' | 'placed'> {
  const inOrder = grown.toSorted((a, b) => a.bound - b.bound)
  let below = 0
  const counts: [number, number][] = inOrder.map(({ by }, index) => {
    const own = Math.max(0, by - below)
    below = Math.max(below, by)
    return [index, own]
  })
  const bounds = inOrder.map(({ bound }) => bound).filter((bound) => bound !== Infinity)
  return { count: below, placed: placeExplicit(bounds, counts, grid) }
}

function nativeIncreases(one: Series, reading: DurationReading): DurationIncrease[] {
  const isKnown = isKnownBefore(one, reading)
  const increases: DurationIncrease[] = []
  let before: NativeHistogram | null = null
  for (const [at, now] of one.histograms) {
    const base = before ?? (isKnown(at) ? nothing : null)
    before = now
    if (base === null) continue
    const from = isFall(base, now) ? nothing : base
    increases.push({
      ...{ at, labels: one.labels, count: now.count - from.count },
      placed: placedBetween(from, now, reading.grid),
    })
  }
  return increases
}

/** What is shorter counts as zero, in any unit. */
const leastDuration = 1e-9

const nothing: NativeHistogram = { count: 0, sum: 0, buckets: [] }

/** Its process started anew: it counted less than before. */
function isFall(before: NativeHistogram, now: NativeHistogram): boolean {
  return now.count < before.count
}

function placedBetween(before: NativeHistogram, now: NativeHistogram, grid: BucketGrid): PlacedCounts {
  const [old, fresh] = [exponential(before.buckets), exponential(now.buckets)]
  if (old !== null && fresh !== null) {
    const { scale, counts } = growth(old, fresh)
    const placed = placeExponential(scale, counts, grid)
    // A wide bucket around zero holds what is too short for the others; a server widens it to have fewer of those.
    const zero = now.buckets.find(({ low, high }) => low <= 0 && high > leastDuration)
    const below = Math.max(0, now.count - before.count - totalCount(counts))
    return zero === undefined ? placed : plusPlaced(placed, placeExplicit([zero.high], [[0, below]], grid))
  }
  return customBetween(before, now, grid)
}

/** Buckets of any edges, which stay the same as long as the process runs. */
function customBetween(before: NativeHistogram, now: NativeHistogram, grid: BucketGrid): PlacedCounts {
  const key = ({ low, high }: NativeBucket): string => `${low} ${high}`
  const old = new Map(before.buckets.map((bucket) => [key(bucket), bucket.count]))
  return now.buckets.reduce<PlacedCounts>(
    (sum, bucket) => {
      const grown = Math.max(0, bucket.count - (old.get(key(bucket)) ?? 0))
      const bounds = bucket.high === Infinity ? [bucket.low] : [bucket.low, bucket.high]
      return plusPlaced(sum, placeExplicit(bounds, [[1, grown]], grid))
    },
    { upper: [], lower: [] },
  )
}

/** Buckets of an exponential histogram above zero, numbered as OpenTelemetry does; null when their edges are others. */
function exponential(
  buckets: readonly NativeBucket[],
): { readonly scale: number; readonly counts: BucketCounts } | null {
  const positive = buckets.filter(({ low }) => low > 0)
  const [first] = positive
  if (first === undefined) return buckets.some(({ high }) => high > leastDuration) ? null : { scale: 8, counts: [] }
  const scale = Math.round(-Math.log2(Math.log2(first.high / first.low)))
  const counts = positive.map(({ low, count }) => [Math.round(Math.log2(low) * 2 ** scale), count] as const)
  const isOfScale = positive.every(({ low, high }, at) => {
    const index = counts[at]![0]
    return isNear(low, 2 ** (index / 2 ** scale)) && isNear(high, 2 ** ((index + 1) / 2 ** scale))
  })
  return isOfScale ? { scale, counts: counts.toSorted(([a], [b]) => a - b) } : null
}

function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-6 * b
}

export function plusPlaced(a: PlacedCounts, b: PlacedCounts): PlacedCounts {
  return { upper: mergeCounts(a.upper, b.upper), lower: mergeCounts(a.lower, b.lower) }
}
