import { type Random, random } from '../stats/random.ts'

/** The bounds that OpenTelemetry recommends for `http.server.request.duration`, in seconds. */
export const conventionalBounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

/** How one cohort answers, and how its SDK tells of it. */
export type Server = {
  readonly service: string
  readonly version: string
  readonly pods: number
  /** Requests a second over all pods. */
  readonly rps?: number
  /** Share of failed requests. */
  readonly failing?: number
  /** Median seconds of log-normal durations. */
  readonly median?: number
  readonly temporality: 'delta' | 'cumulative'
  /** Bounds in seconds of explicit buckets, or the scale of exponential ones. */
  readonly buckets: readonly number[] | number
  readonly instrument?: string
  /** Unix milliseconds at which all pods start anew, under their old names. */
  readonly restartAt?: number
  readonly exportMs?: number
}

type Series = { readonly counts: Map<number, number>; total: number; startMs: number }

function bucketOf(seconds: number, buckets: Server['buckets']): number {
  if (typeof buckets === 'number') return Math.ceil(Math.log2(seconds) * 2 ** buckets) - 1
  const index = buckets.findIndex((bound) => seconds <= bound)
  return index === -1 ? buckets.length : index
}

/** As text, since a number of JSON has no fraction of a second to ClickHouse. */
function secondsOf(ms: number): string {
  return (ms / 1000).toFixed(3)
}

function rowOf(server: Server, pod: number, failed: boolean, at: number, series: Series): object {
  const { service, version, buckets } = server
  const first = typeof buckets === 'number' ? Math.min(...series.counts.keys()) : 0
  const last = typeof buckets === 'number' ? Math.max(...series.counts.keys()) : buckets.length
  const counts = Array.from({ length: last - first + 1 }, (_, i) => series.counts.get(first + i) ?? 0)
  return {
    ResourceAttributes: { 'service.name': service, 'service.version': version, 'k8s.pod.name': `${version}-${pod}` },
    ...{ ServiceName: service, MetricName: server.instrument ?? 'http.server.request.duration', MetricUnit: 's' },
    Attributes: {
      ...{ 'http.request.method': 'GET', 'http.route': '/cart', 'http.response.status_code': failed ? '500' : '200' },
      ...(failed ? { 'error.type': '500' } : {}),
    },
    ...{ StartTimeUnix: secondsOf(series.startMs), TimeUnix: secondsOf(at), Count: series.total },
    AggregationTemporality: server.temporality === 'delta' ? 1 : 2,
    ...(typeof buckets === 'number'
      ? { Scale: buckets, PositiveOffset: first, PositiveBucketCounts: counts }
      : { ExplicitBounds: buckets, BucketCounts: counts }),
  }
}

/** What one process does from one export to the next. */
function serve(server: Server, source: Random, seconds: number, series: ReadonlyMap<boolean, Series>): void {
  const { rps = 80, pods, failing = 0.02, median = 0.06 } = server
  for (let left = source.poisson((rps * seconds) / pods); left > 0; left -= 1) {
    const own = series.get(source.uniform() < failing) as Series
    const bucket = bucketOf(median * Math.exp(0.6 * source.normal()), server.buckets)
    own.counts.set(bucket, (own.counts.get(bucket) ?? 0) + 1)
    own.total += 1
  }
}

/** The rows that the receiver would write into `otel_metrics_histogram`, or its exponential sibling. */
export function exports(server: Server, from: number, to: number, seed: number): object[] {
  const source = random(seed)
  const { exportMs = 20_000, temporality, restartAt } = server
  const fresh = (startMs: number) =>
    new Map([false, true].map((failed): [boolean, Series] => [failed, { counts: new Map(), total: 0, startMs }]))
  const rows: object[] = []
  for (let pod = 0; pod < server.pods; pod += 1) {
    let process = fresh(from)
    for (let at = from + exportMs - 1 - 137 * pod; at <= to; at += exportMs) {
      const hasRestarted = restartAt !== undefined && restartAt > at - exportMs && restartAt <= at
      if (hasRestarted) process = fresh(restartAt)
      serve(server, source, (hasRestarted ? at - restartAt : exportMs) / 1000, process)
      for (const [failed, series] of process) {
        if (series.total > 0) rows.push(rowOf(server, pod, failed, at, series))
      }
      if (temporality === 'delta') process = fresh(at)
    }
  }
  return rows
}
