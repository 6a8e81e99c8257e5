import { DavyError } from '../domain/errors.ts'
import { type ArmSlice, emptyArm, histogramScale, type PodReadings, plusReadings } from '../domain/evidence.ts'
import { sortedRecord } from '../domain/sorted-record.ts'
import { DurationSum, RequestCounts } from './arm-sums.ts'
import { type DurationIncrease, durationIncreases } from './bucket-increases.ts'
import { type Increase, increasesOf, knownSince, type Temporality, targetOf } from './increases.ts'
import type { Series } from './read-series.ts'

/** Units that durations come in, in nanoseconds. */
export const nanoseconds = { s: 1e9, ms: 1e6, us: 1e3, ns: 1 } as const

export type DurationUnit = keyof typeof nanoseconds

/** Looks are made of these. */
const tickMs = 10_000

/** How the series of one arm are read. Times are Unix milliseconds. */
export type SeriesReading = {
  readonly windows: readonly { readonly from: number; readonly to: number }[]
  /** Nothing that is told of before this counts. */
  readonly since: number
  /** Each window is told what was so long before it. */
  readonly delaySeconds: number
  readonly podLabel: string
  /** Absent: like is not compared with like. */
  readonly operationLabel?: string | undefined
}

/**
 * Requests of one arm, window by window: each increase counts in the window of the sample that told of it.
 *
 * @param isExact whether errors and all are read of the same, so that more errors than requests are a fault; else
 * they are scraped, and a failed request is a request although only the next scrape tells so
 * @throws DavyError SOURCE_DOWN for errors without any series of all requests
 */
export function countRequests(
  metric: string,
  { total, errors }: { readonly total: readonly Series[]; readonly errors: readonly Series[] },
  reading: SeriesReading & { readonly temporality: Temporality },
  isExact = false,
): readonly ArmSlice[] {
  if (total.length === 0 && errors.length > 0) {
    throw new DavyError(
      'SOURCE_DOWN',
      `The queries of ${metric} contradict each other: \`errors\` finds series and \`total\` none.`,
      {
        expected: 'series of total wherever there are series of errors',
        got: `${errors.length} series of errors and none of total`,
      },
    )
  }
  const since = knownSince([...total, ...errors], reading.podLabel)
  const counts = reading.windows.map(() => new RequestCounts(isExact))
  for (const [list, isError] of [
    [total, false],
    [errors, true],
  ] as const) {
    for (const one of list) {
      const operation = operationOf(one.labels, reading)
      for (const { at, by } of growth(one, since, reading)) {
        const grown = isError ? { requests: 0, errors: by } : { requests: by, errors: 0 }
        windowAt(reading, at, counts)?.add(podOf(one.labels, reading), operation, grown)
      }
    }
  }
  return counts.map((each) => each.slice())
}

/**
 * Durations of one arm, window by window, from what was told of them.
 * @param requests what counts requests by pod, where durations are told without; absent: the durations do
 */
export function sumDurations(
  increases: readonly DurationIncrease[],
  reading: SeriesReading,
  requests?: readonly Series[],
): readonly ArmSlice[] {
  const sums = reading.windows.map(() => new DurationSum())
  for (const { at, count, placed, labels } of increases) {
    const [sum, operation] = [windowAt(reading, at, sums), operationOf(labels, reading)]
    if (requests === undefined) sum?.add(podOf(labels, reading), operation, count, placed)
    else sum?.place(operation, placed)
  }
  for (const { labels, samples } of requests ?? []) {
    for (const [at, count] of samples) windowAt(reading, at, sums)?.count(podOf(labels, reading), count)
  }
  return sums.map((sum) => sum.slice())
}

/** Durations of one arm from cumulative histograms. @param unit of their bounds */
export function countDurations(
  series: readonly Series[],
  unit: DurationUnit,
  reading: SeriesReading,
): readonly ArmSlice[] {
  const { podLabel } = reading
  const grid = { scale: histogramScale, unit: nanoseconds[unit] }
  return sumDurations(durationIncreases(series, { grid, podLabel, since: knownSince(series, podLabel) }), reading)
}

/** Durations that are known one by one, put together in whole ticks of 10 s; of what is not above zero only that it was. */
export function exactDurations(series: readonly Series[], unit: DurationUnit): readonly DurationIncrease[] {
  return series.flatMap(({ labels, samples }) =>
    [...Map.groupBy(samples, ([at]) => Math.floor(at / tickMs) * tickMs)].map(([at, inTick]) => {
      const buckets = new Map<number, number>()
      for (const [, value] of inTick) {
        if (value <= 0) continue
        const bucket = Math.floor(Math.log2(value * nanoseconds[unit]) * 2 ** histogramScale)
        buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1)
      }
      const counts = [...buckets].sort(([a], [b]) => a - b)
      return { at, count: inTick.length, placed: { upper: counts, lower: counts }, labels }
    }),
  )
}

/**
 * What happened in one arm, window by window and by pod.
 * @param running what tells, by samples of any value, which pods there were although nothing happened in them
 */
export function countEvents(
  metric: string,
  series: readonly Series[],
  reading: SeriesReading & { readonly temporality: Temporality },
  running: readonly Series[] = [],
): readonly ArmSlice[] {
  const since = knownSince(series, reading.podLabel)
  const events = reading.windows.map(() => new Map<string, number>())
  for (const one of series) {
    const pod = podOf(one.labels, reading)
    for (const { at, by } of growth(one, since, reading)) {
      const byPod = windowAt(reading, at, events)
      byPod?.set(pod, (byPod.get(pod) ?? 0) + by)
    }
  }
  for (const { labels, samples } of running) {
    const pod = podOf(labels, reading)
    for (const [at] of samples) {
      const byPod = windowAt(reading, at, events)
      byPod?.set(pod, byPod.get(pod) ?? 0)
    }
  }
  return events.map((byPod) =>
    byPod.size === 0 ? emptyArm : { ...emptyArm, events: { [metric]: sortedRecord(byPod) } },
  )
}

/** Levels in one arm, window by window and by pod. */
export function readLevels(metric: string, series: readonly Series[], reading: SeriesReading): readonly ArmSlice[] {
  const gauges = reading.windows.map(() => new Map<string, PodReadings>())
  for (const { labels, samples } of series) {
    const pod = podOf(labels, reading)
    for (const [at, value] of samples) {
      const byPod = Number.isFinite(value) ? windowAt(reading, at, gauges) : undefined
      const before = byPod?.get(pod)
      const now = { count: 1, sum: value, min: value, max: value }
      byPod?.set(pod, before === undefined ? now : plusReadings(before, now))
    }
  }
  return gauges.map((byPod) =>
    byPod.size === 0 ? emptyArm : { ...emptyArm, gauges: { [metric]: sortedRecord(byPod) } },
  )
}

function podOf(labels: Series['labels'], { podLabel }: SeriesReading): string {
  return labels[podLabel] ?? ''
}

function operationOf(labels: Series['labels'], { operationLabel }: SeriesReading): string | null {
  return operationLabel === undefined ? null : (labels[operationLabel] ?? '')
}

function growth(
  one: Series,
  since: ReadonlyMap<string, number>,
  { podLabel, temporality }: SeriesReading & { readonly temporality: Temporality },
): Increase[] {
  const first = since.get(targetOf(one, podLabel)) ?? Number.POSITIVE_INFINITY
  return increasesOf(one.samples, temporality, (at) => first < at)
}

/** What belongs to the window that a sample lies in. */
function windowAt<Value>(
  { windows, since, delaySeconds }: SeriesReading,
  sampledAt: number,
  of: readonly Value[],
): Value | undefined {
  if (sampledAt < since) return undefined
  const at = sampledAt + delaySeconds * 1000
  const index = windows.findIndex(({ from, to }) => at >= from && at < to)
  return index === -1 ? undefined : of[index]
}
