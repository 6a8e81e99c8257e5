import type { Dialect } from './dialect.ts'
import { hashOf, series } from './metrics-rollup-table.ts'
import { dimensionColumns, dimensionKeys, dimensionsOfResource, tickOf } from './rollup-dimensions.ts'

/**
 * Histograms of durations by series: requests of services that send no spans. Two kinds:
 * `delta` has N, the requests, and H, how many by the sender's own bucket;
 * `cumulative` has the last point of the ten seconds: what it grew by is found when it is read, since points may come in
 * any order. (Of a counter that starts again within ten seconds, what came after the point before and before the new
 * start is lost, as it is to every reader of such a point.)
 * The sender's buckets are kept as they are: `Bounds` of an explicit histogram, `Scale` of an exponential one (of a
 * cumulative one it is in the point). `Process` tells senders apart that share all dimensions.
 */
export function durationsRollupTable(dialect: Dialect, ttlDays: number): string {
  const time = "DateTime64(9, 'UTC')"
  const point = `Tuple(Time ${time}, Start ${time}, Count UInt64, Scale Int32, Offset Int32, Counts Array(UInt64))`
  return `CREATE TABLE IF NOT EXISTS rollup_durations_10s${dialect.onCluster} (
    Service LowCardinality(String),
    MetricName LowCardinality(String),
    T DateTime('UTC') CODEC(Delta, ZSTD(1)),
    Kind Enum8('delta' = 1, 'cumulative' = 2),
    ${dimensionColumns},
    Operation LowCardinality(String),
    Failed Bool,
    Process UInt64,
    Series UInt64,
    Nanoseconds UInt64 CODEC(ZSTD(1)),
    Layout Enum8('explicit' = 1, 'exponential' = 2),
    Bounds Array(Float64) CODEC(ZSTD(1)),
    Scale Int32,
    N SimpleAggregateFunction(sum, UInt64),
    H SimpleAggregateFunction(sumMap, Map(Int32, UInt64)),
    Last SimpleAggregateFunction(max, ${point}) CODEC(ZSTD(1))
  ) ENGINE = ${dialect.engine('AggregatingMergeTree')}
  PARTITION BY toDate(T)
  PRIMARY KEY (Service, MetricName, T)
  ORDER BY (Service, MetricName, T, ${seriesKeys})
  TTL T + INTERVAL ${ttlDays} DAY
  SETTINGS ${dialect.deduplicationWindow} = 1000, index_granularity = 512, ttl_only_drop_parts = 1,
    fsync_after_insert = 1, fsync_part_directory = 1`
}

/** What a series is, besides its service, its metric and its ten seconds. */
const seriesKeys = `Kind, ${dimensionKeys}, Operation, Failed, Process, Series, Nanoseconds, Layout, Bounds, Scale`

/**
 * Method and route where the point names a route, service and method of a remote call, else what there is. It stands in
 * a released migration, as {@link isFailedPoint} does: never edit them.
 */
export const operationOfPoint = `multiIf(Attributes['http.route'] != '',
      trimLeft(concat(if(Attributes['http.request.method'] != '', Attributes['http.request.method'], Attributes['http.method']), ' ', Attributes['http.route'])),
      Attributes['rpc.method'] != '', trimLeft(concat(Attributes['rpc.service'], '/', Attributes['rpc.method']), '/'),
      Attributes['http.request.method'] != '', Attributes['http.request.method'],
      Attributes['http.method'] != '', Attributes['http.method'], MetricName)`

/**
 * An error of the server. Source: OpenTelemetry semantic conventions, `error.type`, HTTP (500 and above) and gRPC
 * (UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS).
 */
export const isFailedPoint = `toBool(Attributes['error.type'] != ''
      OR toUInt16OrZero(Attributes['http.response.status_code']) >= 500
      OR toUInt16OrZero(Attributes['http.status_code']) >= 500
      OR Attributes['rpc.grpc.status_code'] IN ('2', '4', '12', '13', '14', '15'))`

const process = `cityHash64(${hashOf('ResourceAttributes')}, ScopeName)`

type Buckets = { readonly layout: string; readonly bounds: string; readonly scale: string; readonly offset: string }

/**
 * By their unit, and not by name: a template may name any instrument, and a duration has no other unit than a time.
 * Points stay single rows here, which the table sums up itself: grouping them first by so wide a key costs more than
 * all else.
 */
function view(dialect: Dialect, table: string, counts: string, { layout, bounds, scale, offset }: Buckets): string {
  const isDelta = 'AggregationTemporality = 1'
  const buckets = `mapFromArrays(arrayMap(i -> toInt32(${offset} + i), range(length(${counts}))), ${counts})`
  const point = `(TimeUnix, StartTimeUnix, Count, toInt32(${scale}), toInt32(${offset}), ${counts})`
  return `CREATE MATERIALIZED VIEW IF NOT EXISTS rollup_durations_10s_${layout}_mv${dialect.onCluster} TO rollup_durations_10s AS
  SELECT
    ServiceName AS Service, MetricName, ${tickOf('TimeUnix')} AS T,
    if(${isDelta}, 'delta', 'cumulative') AS Kind,
    ${dimensionsOfResource},
    ${operationOfPoint} AS Operation,
    ${isFailedPoint} AS Failed,
    ${process} AS Process, ${series} AS Series,
    toUInt64(if(MetricUnit = 's', 1000000000, 1000000)) AS Nanoseconds,
    '${layout}' AS Layout, ${bounds} AS Bounds, if(${isDelta}, toInt32(${scale}), 0) AS Scale,
    if(${isDelta}, Count, 0) AS N,
    if(${isDelta}, ${buckets}, CAST(map(), 'Map(Int32, UInt64)')) AS H,
    if(${isDelta}, ${noPoint}, ${point}) AS Last
  FROM ${table} AS otel
  WHERE bitAnd(Flags, 1) = 0 AND MetricUnit IN ('s', 'ms')`
}

const noPoint = `CAST((0, 0, 0, 0, 0, []), 'Tuple(DateTime64(9), DateTime64(9), UInt64, Int32, Int32, Array(UInt64))')`

/** Rows from histograms with explicit bounds. */
export function explicitDurationsView(dialect: Dialect): string {
  const buckets = { layout: 'explicit', bounds: 'ExplicitBounds', scale: '0', offset: '0' }
  return view(dialect, 'otel_metrics_histogram', 'BucketCounts', buckets)
}

/** Rows from exponential histograms; what lies at zero or below has no bucket, as in the rollup of spans. */
export function exponentialDurationsView(dialect: Dialect): string {
  const bounds = "CAST([], 'Array(Float64)')"
  const buckets = { layout: 'exponential', bounds, scale: 'otel.Scale', offset: 'PositiveOffset' }
  return view(dialect, 'otel_metrics_exponential_histogram', 'PositiveBucketCounts', buckets)
}
