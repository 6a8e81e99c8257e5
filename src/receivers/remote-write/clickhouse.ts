import type { OtlpInsert } from '../otlp/clickhouse.ts'
import { storedFields, type WriteKind } from './schema.ts'

type Columns = Readonly<Record<string, string>>

const map = 'Map(LowCardinality(String), String)'
const labelTuple = 'Array(Tuple(name String, value String))'

const parts = {
  samples: {
    structure: 'samples Array(Tuple(value Float64, timestamp Int64, start Int64, flags UInt64))',
    field: 'repeated Sample samples = 2;',
    message: 'message Sample { double value = 1; int64 timestamp = 2; int64 start = 3; uint64 flags = 4; }',
  },
  points: {
    structure: `points Array(Tuple(timestamp Int64, start Int64, flags UInt64, temporality UInt64, count UInt64, sum Float64,
      scale Int64, zeroCount UInt64, positiveOffset Int64, positive Array(UInt64), negativeOffset Int64,
      negative Array(UInt64), bounds Array(Float64)))`,
    field: 'repeated Point points = 5;',
    message: `message Point { int64 timestamp = 1; int64 start = 2; uint64 flags = 3; uint64 temporality = 4; uint64 count = 5;
      double sum = 6; sint64 scale = 7; uint64 zeroCount = 8; sint64 positiveOffset = 9; repeated uint64 positive = 10;
      sint64 negativeOffset = 11; repeated uint64 negative = 12; repeated double bounds = 13; }`,
  },
}

const each = (list: string, expression: string): string => `arrayMap(x -> ${expression}, ${list})`
const mapOf = (labels: string): string => `CAST((${labels}.name, ${labels}.value), '${map}')`
/** Milliseconds; what lies beyond the range wraps instead of failing. */
const timeOf = (milliseconds: string): string => `fromUnixTimestamp64Nano(toInt64(${milliseconds} * 1000000))`

/** Labels that are not attributes of the point, but its name, its resource and its scope. */
const notAttributes = `'__name__', 'job', 'instance', 'otel_scope_name', 'otel_scope_version'`

/**
 * `job` is service.namespace/service.name, or the name alone; `instance` is service.instance.id: the mapping of
 * OpenTelemetry's "Prometheus and OpenMetrics Compatibility", read backwards.
 */
const resource = `mapFilter((k, v) -> v != '', CAST((
    ['service.namespace', 'service.name', 'service.instance.id'],
    [if(hasNamespace, splitByChar('/', job)[1], ''), if(hasNamespace, splitByChar('/', job)[2], job), labels['instance']]), '${map}'))`

const shared: Columns = {
  ResourceAttributes: 'resource',
  ScopeName: "labels['otel_scope_name']",
  ScopeVersion: "labels['otel_scope_version']",
  ServiceName: "resource['service.name']",
  MetricName: "labels['__name__']",
  MetricDescription: 'series.help',
  MetricUnit: 'series.unit',
  Attributes: `mapFilter((k, v) -> k NOT IN (${notAttributes}), labels)`,
  StartTimeUnix: timeOf('point.start'),
  TimeUnix: timeOf('point.timestamp'),
  Flags: 'toUInt32(point.flags)',
  // The exemplars of a series belong to its last point.
  'Exemplars.FilteredAttributes': each(
    'exemplars',
    `mapFilter((k, v) -> k NOT IN ('trace_id', 'span_id'), ${mapOf('x.labels')})`,
  ),
  'Exemplars.TimeUnix': each('exemplars', timeOf('x.timestamp')),
  'Exemplars.Value': 'exemplars.value',
  'Exemplars.SpanId': each('exemplars', `${mapOf('x.labels')}['span_id']`),
  'Exemplars.TraceId': each('exemplars', `${mapOf('x.labels')}['trace_id']`),
}

function insertOf(table: string, kind: WriteKind, list: keyof typeof parts, columns: Columns): OtlpInsert {
  const all = { ...shared, ...columns }
  const { structure, field, message } = parts[list]
  return {
    table,
    structure: `${kind} Array(Tuple(labels ${labelTuple}, ${structure}, exemplars Array(Tuple(labels ${labelTuple}, value Float64, timestamp Int64)), help String, unit String))`,
    schema: `syntax = "proto3"; message Label { string name = 1; string value = 2; } ${message}
      message Exemplar { repeated Label labels = 1; double value = 2; int64 timestamp = 3; }
      message Series { repeated Label labels = 1; ${field} repeated Exemplar exemplars = 3; string help = 6; string unit = 7; }
      message Stored { repeated Series ${kind} = ${storedFields[kind]}; }`,
    message: 'Stored',
    settings: { throw_on_max_partitions_per_insert_block: 0 },
    sql: `INSERT INTO ${table} (${Object.keys(all).join(', ')})
WITH arrayJoin(${kind}) AS series, arrayJoin(arrayEnumerate(series.${list})) AS place, series.${list}[place] AS point,
  if(place = length(series.${list}), series.exemplars, []) AS exemplars,
  ${mapOf('series.labels')} AS labels, labels['job'] AS job, match(job, '^[^/]+/[^/]+$') AS hasNamespace,
  ${resource} AS resource
SELECT
  ${Object.values(all).join(',\n  ')}
FROM {source}`,
  }
}

const value: Columns = { Value: 'point.value' }
const totals: Columns = {
  Count: 'point.count',
  Sum: 'point.sum',
  Min: '0',
  Max: '0',
  AggregationTemporality: 'toInt32(point.temporality)',
}

/** One statement per kind of table: run those whose kind is present in the segment. */
export const writeInserts: Readonly<Record<WriteKind, OtlpInsert>> = {
  gauge: insertOf('otel_metrics_gauge', 'gauge', 'samples', value),
  sum: insertOf('otel_metrics_sum', 'sum', 'samples', {
    ...value,
    AggregationTemporality: '2',
    IsMonotonic: 'true',
  }),
  histogram: insertOf('otel_metrics_histogram', 'histogram', 'points', {
    ...totals,
    BucketCounts: 'point.positive',
    ExplicitBounds: 'point.bounds',
  }),
  exponentialHistogram: insertOf('otel_metrics_exponential_histogram', 'exponentialHistogram', 'points', {
    ...totals,
    Scale: 'toInt32(point.scale)',
    ZeroCount: 'point.zeroCount',
    PositiveOffset: 'toInt32(point.positiveOffset)',
    PositiveBucketCounts: 'point.positive',
    NegativeOffset: 'toInt32(point.negativeOffset)',
    NegativeBucketCounts: 'point.negative',
  }),
}
