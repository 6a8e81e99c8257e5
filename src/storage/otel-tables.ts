import type { Dialect } from './dialect.ts'

/*
 * The tables of the OpenTelemetry Collector's ClickHouse exporter, which Grafana's OTel mode and ClickStack read: names,
 * types and order of the columns are the exporter's, so a Collector may write here too. Ours are the settings and the
 * skip indexes: keys of attribute maps are indexed, their values are not (a bloom filter over values costs about a
 * microsecond a row); and a part is on disk for good before the segment that it came from is deleted. Metric times keep
 * their nanoseconds; newer exporters cut theirs to seconds.
 */

type Shape = {
  readonly name: string
  readonly columns: readonly string[]
  readonly engine?: string
  readonly partitionBy: string
  readonly primaryKey?: string
  readonly orderBy: string
  /** The DateTime that the time to live counts from. */
  readonly expiresFrom: string
}

function createTable(shape: Shape, dialect: Dialect, ttlDays: number): string {
  return `CREATE TABLE IF NOT EXISTS ${shape.name}${dialect.onCluster} (
    ${shape.columns.join(',\n    ')}
  ) ENGINE = ${dialect.engine(shape.engine ?? 'MergeTree')}
  PARTITION BY ${shape.partitionBy}${shape.primaryKey === undefined ? '' : `\n  PRIMARY KEY ${shape.primaryKey}`}
  ORDER BY ${shape.orderBy}
  TTL ${shape.expiresFrom} + INTERVAL ${ttlDays} DAY
  SETTINGS ${dialect.deduplicationWindow} = 1000, min_bytes_for_wide_part = 134217728, ttl_only_drop_parts = 1,
    fsync_after_insert = 1, fsync_part_directory = 1`
}

const zstd = 'CODEC(ZSTD(1))'
const nanoseconds = 'DateTime64(9) CODEC(Delta(8), ZSTD(1))'
const text = `String ${zstd}`
const name = `LowCardinality(String) ${zstd}`
const attributes = 'Map(LowCardinality(String), String)'

function keyIndex(index: string, column: string): string {
  return `INDEX ${index} mapKeys(${column}) TYPE bloom_filter(0.01) GRANULARITY 1`
}

const traces: Shape = {
  name: 'otel_traces',
  columns: [
    `Timestamp ${nanoseconds}`,
    `TraceId ${text}`,
    `SpanId ${text}`,
    `ParentSpanId ${text}`,
    `TraceState ${text}`,
    `SpanName ${name}`,
    `SpanKind ${name}`,
    `ServiceName ${name}`,
    `ResourceAttributes ${attributes} ${zstd}`,
    `ScopeName ${text}`,
    `ScopeVersion ${text}`,
    `SpanAttributes ${attributes} ${zstd}`,
    'Duration UInt64 CODEC(T64, ZSTD(1))',
    `StatusCode ${name}`,
    `StatusMessage ${text}`,
    `Events Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes ${attributes}) ${zstd}`,
    `Links Nested (TraceId String, SpanId String, TraceState String, Attributes ${attributes}) ${zstd}`,
    'INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1',
    keyIndex('idx_res_attr_key', 'ResourceAttributes'),
    keyIndex('idx_span_attr_key', 'SpanAttributes'),
    'INDEX idx_duration Duration TYPE minmax GRANULARITY 1',
  ],
  partitionBy: 'toDate(Timestamp)',
  primaryKey: '(ServiceName, SpanName, toDateTime(Timestamp))',
  orderBy: '(ServiceName, SpanName, toDateTime(Timestamp), Timestamp)',
  expiresFrom: 'toDateTime(Timestamp)',
}

const traceIdTimes: Shape = {
  name: 'otel_traces_trace_id_ts',
  columns: [
    `TraceId ${text}`,
    `Start SimpleAggregateFunction(min, DateTime) ${zstd}`,
    `End SimpleAggregateFunction(max, DateTime) ${zstd}`,
  ],
  engine: 'AggregatingMergeTree',
  partitionBy: 'toStartOfWeek(Start)',
  orderBy: 'TraceId',
  expiresFrom: 'Start',
}

const logs: Shape = {
  name: 'otel_logs',
  columns: [
    `Timestamp ${nanoseconds}`,
    `TraceId ${text}`,
    `SpanId ${text}`,
    'TraceFlags UInt8',
    `SeverityText ${name}`,
    'SeverityNumber UInt8',
    `ServiceName ${name}`,
    `Body ${text}`,
    `ResourceSchemaUrl ${name}`,
    `ResourceAttributes ${attributes} ${zstd}`,
    `ScopeSchemaUrl ${name}`,
    `ScopeName ${text}`,
    `ScopeVersion ${name}`,
    `ScopeAttributes ${attributes} ${zstd}`,
    `LogAttributes ${attributes} ${zstd}`,
    `EventName ${text}`,
    'INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1',
    keyIndex('idx_res_attr_key', 'ResourceAttributes'),
    keyIndex('idx_scope_attr_key', 'ScopeAttributes'),
    keyIndex('idx_log_attr_key', 'LogAttributes'),
    'INDEX idx_body Body TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8',
  ],
  partitionBy: 'toDate(Timestamp)',
  orderBy: '(toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp)',
  expiresFrom: 'toDateTime(Timestamp)',
}

const exemplars =
  `Exemplars Nested (FilteredAttributes ${attributes}, TimeUnix DateTime64(9), Value Float64, ` +
  `SpanId String, TraceId String) ${zstd}`

function metricShape(kind: string, columns: readonly string[]): Shape {
  return {
    name: `otel_metrics_${kind}`,
    columns: [
      `ResourceAttributes ${attributes} ${zstd}`,
      `ResourceSchemaUrl ${text}`,
      `ScopeName ${text}`,
      `ScopeVersion ${text}`,
      `ScopeAttributes ${attributes} ${zstd}`,
      `ScopeDroppedAttrCount UInt32 ${zstd}`,
      `ScopeSchemaUrl ${text}`,
      `ServiceName ${name}`,
      `MetricName ${name}`,
      `MetricDescription ${text}`,
      `MetricUnit ${text}`,
      `Attributes ${attributes} ${zstd}`,
      `StartTimeUnix ${nanoseconds}`,
      `TimeUnix ${nanoseconds}`,
      ...columns,
      keyIndex('idx_res_attr_key', 'ResourceAttributes'),
      keyIndex('idx_scope_attr_key', 'ScopeAttributes'),
      keyIndex('idx_attr_key', 'Attributes'),
      'INDEX idx_time_minmax TimeUnix TYPE minmax GRANULARITY 1',
    ],
    partitionBy: 'toDate(TimeUnix)',
    orderBy: '(ServiceName, MetricName, toStartOfHour(TimeUnix), cityHash64(Attributes), TimeUnix)',
    expiresFrom: 'toDateTime(TimeUnix)',
  }
}

const count = 'Count UInt64 CODEC(Delta, ZSTD(1))'
const float = (column: string): string => `${column} Float64 ${zstd}`
const flags = `Flags UInt32 ${zstd}`
const temporality = `AggregationTemporality Int32 ${zstd}`

const metrics: readonly Shape[] = [
  metricShape('gauge', [float('Value'), flags, exemplars]),
  metricShape('sum', [float('Value'), flags, exemplars, temporality, 'IsMonotonic Boolean CODEC(Delta, ZSTD(1))']),
  metricShape('histogram', [
    count,
    float('Sum'),
    `BucketCounts Array(UInt64) ${zstd}`,
    `ExplicitBounds Array(Float64) ${zstd}`,
    exemplars,
    flags,
    float('Min'),
    float('Max'),
    temporality,
  ]),
  metricShape('exponential_histogram', [
    count,
    float('Sum'),
    `Scale Int32 ${zstd}`,
    `ZeroCount UInt64 ${zstd}`,
    `PositiveOffset Int32 ${zstd}`,
    `PositiveBucketCounts Array(UInt64) ${zstd}`,
    `NegativeOffset Int32 ${zstd}`,
    `NegativeBucketCounts Array(UInt64) ${zstd}`,
    exemplars,
    flags,
    float('Min'),
    float('Max'),
    temporality,
  ]),
  metricShape('summary', [
    count,
    float('Sum'),
    `ValueAtQuantiles Nested (Quantile Float64, Value Float64) ${zstd}`,
    flags,
  ]),
]

/** Fills `otel_traces_trace_id_ts`, by which Grafana finds the days of a trace. */
function traceIdTimesView(dialect: Dialect): string {
  return `CREATE MATERIALIZED VIEW IF NOT EXISTS otel_traces_trace_id_ts_mv${dialect.onCluster} TO otel_traces_trace_id_ts AS
  SELECT TraceId, min(Timestamp) AS Start, max(Timestamp) AS End FROM otel_traces WHERE TraceId != '' GROUP BY TraceId`
}

const shapes = [traces, traceIdTimes, logs, ...metrics]

/** The tables of raw telemetry, and the DateTime in each from which the days of its rows are counted. */
export const otelTimes = shapes.map(({ name: table, expiresFrom: time }) => ({ table, time }))

/**
 * The eight tables of raw telemetry and the view between two of them, one statement each, in the order of creation.
 * @param ttlDays days that rows are kept.
 */
export function otelTables(dialect: Dialect, ttlDays: number): readonly string[] {
  const tables = shapes.map((shape) => createTable(shape, dialect, ttlDays))
  return [...tables, traceIdTimesView(dialect)]
}
