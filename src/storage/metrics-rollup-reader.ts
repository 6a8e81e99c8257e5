import type { Dimensions } from '../domain/cohort.ts'
import type { QueryParams } from '../domain/storage.ts'
import { inWindow } from './rollup-conditions.ts'
import { rowDimensionKeys, rowDimensions } from './rollup-dimensions.ts'

/** A gauge, or a sum that goes up and down, over ten seconds: all points of one dimension set together. */
export type GaugeRow = Dimensions & {
  /** Start of the 10 s, Unix milliseconds. */
  readonly at: number
  readonly region: string
  readonly metric: string
  /** Points, and over all of them: */
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
  /** How many series the points are of; `sum / count * series` is their level taken together. */
  readonly series: number
}

/** What the counters of one metric and dimension set grew by in ten seconds. */
export type CounterRow = Dimensions & {
  /** Start of the 10 s, Unix milliseconds. */
  readonly at: number
  readonly region: string
  readonly metric: string
  readonly increase: number
  /** How many of its series started again from zero in these ten seconds. */
  readonly resets: number
}

/** A counter that was silent for longer is one that is seen for the first time. Also how far back reading begins. */
export const silenceSeconds = 300

const dimensionColumns = `${rowDimensions}, Region AS region, MetricName AS metric`
const dimensionKeys = `${rowDimensionKeys}, region, metric`

const named = 'Service IN {services:Array(String)} AND MetricName IN {metrics:Array(String)}'

type Statement = { readonly sql: string; readonly params: QueryParams }

/** The query of {@link GaugeRow}s; seconds. */
export function gaugesQuery(
  services: readonly string[],
  metrics: readonly string[],
  from: number,
  to: number,
): Statement {
  const sql = `SELECT toUnixTimestamp(T) * 1000 AS at, ${dimensionColumns}, toUInt64(sum(N)) AS count, sum(S) AS sum,
      min(Min) AS min, max(Max) AS max, uniqExact(Series) AS series
    FROM rollup_metrics_10s
    WHERE ${named} AND Kind = 'gauge' AND ${inWindow}
    GROUP BY at, ${dimensionKeys}
    ORDER BY at`
  return { sql, params: { services, metrics, from, to } }
}

/** A point whose start is known; where it is not, senders give none, or the time of the point itself. */
const isStartKnown = (point: string) => `(toUnixTimestamp64Nano(${point}.Start) > 0 AND ${point}.Start < ${point}.Time)`

/** Whether a counter started again between two of its points. */
const isReset = (before: string, after: string) =>
  `(${after}.Value < ${before}.Value OR (${isStartKnown(after)} AND ${after}.Start >= ${before}.Time))`

/**
 * Every counter's series and tick of the window (parameters `services`, `metrics`, `from` and `to` in seconds), and of
 * {@link silenceSeconds} before it, with the point before it. The ticks before the window are there to look back at.
 */
export const counterPoints = `SELECT *,
        Kind = 'cumulative' AND toUnixTimestamp64Nano(p.Time) > 0 AND p.Time >= f.Time - INTERVAL ${silenceSeconds} SECOND AS isKnown,
        ${isReset('p', 'f')} AS startedAgain,
        ${isStartKnown('f')} AND f.Start >= f.Time - INTERVAL ${silenceSeconds} SECOND AS isNew,
        Kind = 'cumulative' AND ${isReset('f', 'l')} AS fellWithin
      FROM (
        SELECT *, lagInFrame(l) OVER (
          PARTITION BY Service, MetricName, Kind, Namespace, Environment, Version, Cohort, ReplicaSet, Pod, Region, Series
          ORDER BY T ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS p
        FROM (
          SELECT T, Service, MetricName, Kind, Namespace, Environment, Version, Cohort, ReplicaSet, Pod, Region, Series,
            sum(S) AS s, min(First) AS f, max(Last) AS l
          FROM rollup_metrics_10s
          WHERE ${named} AND Kind IN ('delta', 'cumulative')
            AND T >= fromUnixTimestamp({from:Int64}) - INTERVAL ${silenceSeconds} SECOND AND T < fromUnixTimestamp({to:Int64})
          GROUP BY T, Service, MetricName, Kind, Namespace, Environment, Version, Cohort, ReplicaSet, Pod, Region, Series
        )
      )`

/**
 * What a series of {@link counterPoints} grew by in its tick.
 * @param isFromZero whether a series without a point before counts whole; otherwise it counts nothing.
 */
export function counterGrowth(isFromZero: string): string {
  return `(multiIf(Kind = 'delta', s, isKnown, if(startedAgain, f.Value, f.Value - p.Value), ${isFromZero}, f.Value, 0)
        + multiIf(Kind = 'delta', 0, fellWithin, l.Value, l.Value - f.Value))`
}

/**
 * The query of {@link CounterRow}s; seconds. A series grows by the difference to its point before; after a reset by the
 * whole value, since it counts from zero. The first point of a series counts whole when it says that the series started
 * no longer ago than {@link silenceSeconds}, and nothing otherwise: what grew unseen, and when, is not known. So the
 * rows of one tick are the same whatever window is read. A fall within ten seconds loses what came before it.
 */
export function countersQuery(
  services: readonly string[],
  metrics: readonly string[],
  from: number,
  to: number,
): Statement {
  const sql = `SELECT toUnixTimestamp(T) * 1000 AS at, ${dimensionColumns},
      sum(${counterGrowth('isNew')}) AS increase,
      toUInt64(sum((isKnown AND startedAgain) + fellWithin)) AS resets
    FROM (${counterPoints})
    WHERE T >= fromUnixTimestamp({from:Int64})
    GROUP BY at, ${dimensionKeys}
    ORDER BY at`
  return { sql, params: { services, metrics, from, to } }
}
