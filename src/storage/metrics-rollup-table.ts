import type { Dialect } from './dialect.ts'
import { dimensionColumns, dimensionKeys, dimensionsOfResource, tickOf } from './rollup-dimensions.ts'

/**
 * Points of gauges and sums by series. Three kinds:
 * `gauge` (gauges, and sums that go up and down) has N, S, Min and Max of the values;
 * `delta` (a sum that tells what was added) has N, and S what was added;
 * `cumulative` (a counter) has N, and the first and the last point of the ten seconds: what it grew by, over ten seconds
 * and from one to the next, is found when it is read, since points may come in any order.
 * `Series` tells points apart that share all dimensions: containers of a pod, attributes of a metric.
 */
export function metricsRollupTable(dialect: Dialect, ttlDays: number): string {
  const point = "Tuple(Time DateTime64(9, 'UTC'), Value Float64, Start DateTime64(9, 'UTC'))"
  return `CREATE TABLE IF NOT EXISTS rollup_metrics_10s${dialect.onCluster} (
    Service LowCardinality(String),
    MetricName LowCardinality(String),
    T DateTime('UTC') CODEC(Delta, ZSTD(1)),
    Kind Enum8('gauge' = 1, 'delta' = 2, 'cumulative' = 3),
    ${dimensionColumns},
    Series UInt64,
    N SimpleAggregateFunction(sum, UInt64),
    S SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    Min SimpleAggregateFunction(min, Float64) CODEC(ZSTD(1)),
    Max SimpleAggregateFunction(max, Float64) CODEC(ZSTD(1)),
    First SimpleAggregateFunction(min, ${point}) CODEC(ZSTD(1)),
    Last SimpleAggregateFunction(max, ${point}) CODEC(ZSTD(1)),
    INDEX idx_t T TYPE minmax GRANULARITY 1
  ) ENGINE = ${dialect.engine('AggregatingMergeTree')}
  PARTITION BY toDate(T)
  ORDER BY (Service, MetricName, T, Kind, ${dimensionKeys}, Series)
  TTL T + INTERVAL ${ttlDays} DAY
  SETTINGS ${dialect.deduplicationWindow} = 1000, index_granularity = 512, ttl_only_drop_parts = 1,
    fsync_after_insert = 1, fsync_part_directory = 1`
}

/** The same for the same attributes in any order: one counter must never be read as two, nor sorted for every point. */
export const hashOf = (attributes: string) =>
  `arraySum(arrayMap((k, v) -> cityHash64(k, v), mapKeys(${attributes}), mapValues(${attributes})))`

/** The whole resource, not only its dimensions: counters of two processes must never be read as one that resets. */
export const series = `cityHash64(${hashOf('ResourceAttributes')}, ScopeName, ${hashOf('Attributes')})`

/** A point that says it has no value carries 0, and stale markers are NaN: neither may look like a fall to nothing. */
const hasValue = 'bitAnd(Flags, 1) = 0 AND isFinite(Value)'

/** `gauge` rows from gauges. */
export function gaugesRollupView(dialect: Dialect): string {
  return `CREATE MATERIALIZED VIEW IF NOT EXISTS rollup_metrics_10s_gauge_mv${dialect.onCluster} TO rollup_metrics_10s AS
  SELECT
    ServiceName AS Service, MetricName, ${tickOf('TimeUnix')} AS T, 'gauge' AS Kind,
    ${dimensionsOfResource},
    ${series} AS Series,
    count() AS N, sum(Value) AS S, min(Value) AS Min, max(Value) AS Max
  FROM otel_metrics_gauge
  WHERE ${hasValue}
  GROUP BY Service, MetricName, T, Kind, ${dimensionKeys}, Series`
}

/**
 * Rows of all three kinds from sums. Changes of a sum that goes up and down (delta, not monotonic) have no level to be
 * judged, and stay in the raw table only.
 */
export function sumsRollupView(dialect: Dialect): string {
  return `CREATE MATERIALIZED VIEW IF NOT EXISTS rollup_metrics_10s_sum_mv${dialect.onCluster} TO rollup_metrics_10s AS
  SELECT
    ServiceName AS Service, MetricName, ${tickOf('TimeUnix')} AS T,
    multiIf(NOT IsMonotonic, 'gauge', AggregationTemporality = 1, 'delta', 'cumulative') AS Kind,
    ${dimensionsOfResource},
    ${series} AS Series,
    count() AS N, sumIf(Value, Kind != 'cumulative') AS S,
    minIf(Value, Kind = 'gauge') AS Min, maxIf(Value, Kind = 'gauge') AS Max,
    minIf((TimeUnix, Value, StartTimeUnix), Kind = 'cumulative') AS First,
    maxIf((TimeUnix, Value, StartTimeUnix), Kind = 'cumulative') AS Last
  FROM otel_metrics_sum
  WHERE ${hasValue} AND (IsMonotonic OR AggregationTemporality != 1)
  GROUP BY Service, MetricName, T, Kind, ${dimensionKeys}, Series`
}
