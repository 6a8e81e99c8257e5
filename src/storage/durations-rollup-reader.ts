import type { Dimensions } from '../domain/cohort.ts'
import { histogramScale } from '../domain/evidence.ts'
import type { QueryParams } from '../domain/storage.ts'
import { growth, type PlacedCounts, placeExplicit, placeExponential } from '../stats/bucket-placement.ts'
import type { BucketCounts } from '../stats/log-histogram.ts'
import { rowDimensionKeys, rowDimensions } from './rollup-dimensions.ts'
import type { RollupRow, TotalRow } from './rollup-row.ts'

/** Requests of one tick, dimension set, region, operation and outcome, as the histograms of one instrument tell. */
export type DurationRow = RollupRow & { readonly metric: string; readonly atLeast: Readonly<Record<string, number>> }

/** Requests by dimensions and instrument. */
export type DurationTotalRow = TotalRow & { readonly metric: string }

/** A series that was silent for longer is one that is seen for the first time. Also how far back reading begins. */
const silenceSeconds = 300

const source = 'Service, MetricName, Kind, Namespace, Environment, Version, Cohort, ReplicaSet, Pod, Region'
const series = `${source}, Operation, Failed, Process, Series, Nanoseconds, Layout, Bounds`

type Statement = { readonly sql: string; readonly params: QueryParams }

/** A point whose start is known; where it is not, senders give none, or the time of the point itself. */
const isStartKnown = '(toUnixTimestamp64Nano(l.Start) > 0 AND l.Start < l.Time)'

/**
 * Every series and tick of the window (parameters `services`, `metrics`, `from` and `to` in seconds), with what it grows
 * from: `zero` (a delta; a series that started again, or lately, or that its process did not have at its export before),
 * `before` (the point before, p), or `nothing`: what grew unseen, and when, is not known. So the rows of one tick are the
 * same whatever window is read. SDKs export every series each time, and many give a series the start of their process:
 * the first error of a pod that runs for days would not count in the baseline, and would in the canary, without a look
 * at what else its process exported.
 */
export const durationPoints = `SELECT *,
    multiIf(Kind = 'delta', 'zero', isKnown AND startedAgain, 'zero', isKnown, 'before', isNew OR isProcessKnown, 'zero', 'nothing') AS base
  FROM (
    SELECT *,
      toUnixTimestamp64Nano(p.Time) > 0 AND p.Time >= l.Time - INTERVAL ${silenceSeconds} SECOND AS isKnown,
      l.Count < p.Count OR (${isStartKnown} AND l.Start >= p.Time) AS startedAgain,
      ${isStartKnown} AND l.Start >= l.Time - INTERVAL ${silenceSeconds} SECOND AS isNew
    FROM (
      SELECT *,
        lagInFrame(l) OVER (PARTITION BY ${series} ORDER BY t ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS p,
        count() OVER (PARTITION BY ${source}, Process ORDER BY t RANGE BETWEEN ${silenceSeconds} PRECEDING AND 1 PRECEDING) > 0 AS isProcessKnown
      FROM (
        SELECT toInt64(toUnixTimestamp(T)) AS t, ${series}, Scale, sum(N) AS n, sumMap(H) AS h, max(Last) AS l
        FROM rollup_durations_10s
        WHERE Service IN {services:Array(String)} AND MetricName IN {metrics:Array(String)}
          AND T >= fromUnixTimestamp({from:Int64}) - INTERVAL ${silenceSeconds} SECOND AND T < fromUnixTimestamp({to:Int64})
        GROUP BY t, ${series}, Scale
      )
    )
  )
  WHERE t >= {from:Int64}`

/** How many requests a series and tick of {@link durationPoints} counted. */
export const durationRequests =
  "multiIf(Kind = 'delta', n, base = 'zero', l.Count, base = 'before', toUInt64(l.Count - p.Count), toUInt64(0))"

/** The query of {@link PointRow}s; seconds. */
export function durationsQuery(
  services: readonly string[],
  metrics: readonly string[],
  from: number,
  to: number,
): Statement {
  const sql = `SELECT t * 1000 AS at, ${rowDimensions}, Region AS region, MetricName AS metric, Operation AS operation,
      Failed AS failed, ${durationRequests} AS requests, Nanoseconds AS nanoseconds, Layout AS layout, Bounds AS bounds,
      if(Kind = 'delta', Scale, l.Scale) AS scale, h AS added, l.Offset AS offset, l.Counts AS counts,
      p.Scale AS scaleBefore, p.Offset AS offsetBefore, if(base = 'before', p.Counts, []) AS countsBefore
    FROM (${durationPoints})
    WHERE requests > 0
    ORDER BY at`
  return { sql, params: { services, metrics, from, to } }
}

/** The query of {@link DurationTotalRow}s; seconds. */
export function durationTotalsQuery(
  services: readonly string[],
  metrics: readonly string[],
  from: number,
  to: number,
): Statement {
  const sql = `SELECT ${rowDimensions}, MetricName AS metric, toUInt64(sum(${durationRequests})) AS requests,
      toUInt64(sumIf(${durationRequests}, Failed)) AS errors
    FROM (${durationPoints})
    GROUP BY ${rowDimensionKeys}, metric
    HAVING requests > 0`
  return { sql, params: { services, metrics, from, to } }
}

/** One series in one tick, in the sender's own buckets. */
export type PointRow = Dimensions & {
  readonly at: number
  readonly region: string
  readonly metric: string
  readonly operation: string
  readonly failed: boolean
  readonly requests: number
  /** So many are one of the histogram's unit. */
  readonly nanoseconds: number
  readonly layout: 'explicit' | 'exponential'
  readonly bounds: readonly number[]
  readonly scale: number
  /** delta: what was added, by bucket. */
  readonly added: Readonly<Record<string, number>>
  /** cumulative: the buckets from `offset` on, and those of the point that it grew from. */
  readonly offset: number
  readonly counts: readonly number[]
  readonly scaleBefore: number
  readonly offsetBefore: number
  readonly countsBefore: readonly number[]
}

/** Durations in the rollups' buckets, the series of one dimension set, operation and outcome taken together. */
export function durationRows(points: readonly PointRow[]): DurationRow[] {
  const rows = new Map<string, DurationRow & { requests: number; adjusted: number }>()
  for (const point of points) {
    const { at, namespace, service, environment, version, cohort, replicaSet, pod } = point
    const { region, metric, operation, failed, requests } = point
    const dimensions = { namespace, service, environment, version, cohort, replicaSet, pod }
    const key = JSON.stringify([at, Object.values(dimensions), region, metric, operation, failed])
    const known = rows.get(key)
    const row = known ?? {
      ...{ at, ...dimensions, region, metric, operation, failed, requests: 0, adjusted: 0, withThreshold: 0 },
      ...{ latency: {}, atLeast: {} },
    }
    if (known === undefined) rows.set(key, row)
    // Instruments count before anything is sampled.
    row.requests += requests
    row.adjusted += requests
    const { upper, lower } = placedOf(point)
    add(row.latency, upper)
    add(row.atLeast, lower)
  }
  return [...rows.values()]
}

function placedOf(point: PointRow): PlacedCounts {
  const grid = { scale: histogramScale, unit: point.nanoseconds }
  const added: BucketCounts = Object.entries(point.added).map(([bucket, count]) => [Number(bucket), count])
  const after = { scale: point.scale, counts: added.length > 0 ? added : dense(point.offset, point.counts) }
  const before = { scale: point.scaleBefore, counts: dense(point.offsetBefore, point.countsBefore) }
  const { scale, counts } = growth(before, after)
  return point.layout === 'explicit' ? placeExplicit(point.bounds, counts, grid) : placeExponential(scale, counts, grid)
}

function dense(offset: number, counts: readonly number[]): BucketCounts {
  return counts.flatMap((count, index) => (count > 0 ? [[offset + index, count] as const] : []))
}

function add(sum: Record<string, number>, counts: BucketCounts): void {
  for (const [bucket, count] of counts) sum[bucket] = (sum[bucket] ?? 0) + count
}
