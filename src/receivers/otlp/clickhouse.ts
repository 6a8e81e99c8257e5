import type { FileInsert } from '../../domain/storage.ts'
import { type Omitted, protoOf, structureOf } from './clickhouse-format.ts'
import { type MetricKind, metricKinds, requests, type Signal } from './schema.ts'

/**
 * An INSERT from a segment of length-delimited export requests. The storage adds the file, the token and the settings of
 * the format's schema. Bodies must have passed the check: arrays and lists in attributes are strings by then.
 */
export type OtlpInsert = Omit<FileInsert, 'file' | 'token'> & { readonly table: string }

type Columns = Readonly<Record<string, string>>

/** An AnyValue as text: strings as they are, bytes in base64, nothing as ''. */
function textOf(value: string): string {
  return `multiIf(${value}.value = 'stringValue', ${value}.stringValue,
    ${value}.value = 'intValue', toString(${value}.intValue),
    ${value}.value = 'boolValue', if(${value}.boolValue = 0, 'false', 'true'),
    ${value}.value = 'doubleValue', toString(${value}.doubleValue),
    ${value}.value = 'bytesValue', base64Encode(${value}.bytesValue), '')`
}

function mapOf(attributes: string): string {
  return `CAST(arrayMap(kv -> (kv.key, ${textOf('kv.value')}), ${attributes}), 'Map(LowCardinality(String), String)')`
}

const each = (list: string, expression: string): string => `arrayMap(x -> ${expression}, ${list})`
const hexOf = (bytes: string): string => `lower(hex(${bytes}))`
/** toInt64 wraps instead of failing: times outside the window are only left in what has no window, such as events. */
const timeOf = (nanoseconds: string): string => `fromUnixTimestamp64Nano(toInt64(${nanoseconds}))`

function insertOf(table: string, signal: Signal, omitted: Omitted, flatten: string, columns: Columns): OtlpInsert {
  const request = requests[signal]
  const expressions = Object.values(columns).join(',\n  ')
  return {
    table,
    structure: structureOf(request, omitted),
    schema: protoOf(request, omitted),
    message: request.name,
    settings: { input_format_protobuf_oneof_presence: 1, throw_on_max_partitions_per_insert_block: 0 },
    sql: `INSERT INTO ${table} (${Object.keys(columns).join(', ')})\nWITH ${flatten}\nSELECT\n  ${expressions}\nFROM {source}`,
  }
}

/** `otel_traces`. A span that ends before it starts has the duration 0. */
export const tracesInsert = insertOf(
  'otel_traces',
  'traces',
  new Set([
    'ResourceSpans.schemaUrl',
    'ScopeSpans.schemaUrl',
    'InstrumentationScope.attributes',
    'InstrumentationScope.droppedAttributesCount',
  ]),
  `arrayJoin(resourceSpans) AS rs, arrayJoin(rs.scopeSpans) AS ss, arrayJoin(ss.spans) AS span,
  ${mapOf('rs.resource.attributes')} AS resource`,
  {
    Timestamp: timeOf('span.startTimeUnixNano'),
    TraceId: hexOf('span.traceId'),
    SpanId: hexOf('span.spanId'),
    ParentSpanId: hexOf('span.parentSpanId'),
    TraceState: 'span.traceState',
    SpanName: 'span.name',
    SpanKind: `transform(span.kind, [0, 1, 2, 3, 4, 5],
    ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'], '')`,
    ServiceName: "resource['service.name']",
    ResourceAttributes: 'resource',
    ScopeName: 'ss.scope.name',
    ScopeVersion: 'ss.scope.version',
    SpanAttributes: mapOf('span.attributes'),
    Duration: 'if(span.endTimeUnixNano > span.startTimeUnixNano, span.endTimeUnixNano - span.startTimeUnixNano, 0)',
    StatusCode: "transform(span.status.code, [0, 1, 2], ['Unset', 'Ok', 'Error'], '')",
    StatusMessage: 'span.status.message',
    'Events.Timestamp': each('span.events', timeOf('x.timeUnixNano')),
    'Events.Name': 'span.events.name',
    'Events.Attributes': each('span.events', mapOf('x.attributes')),
    'Links.TraceId': each('span.links', hexOf('x.traceId')),
    'Links.SpanId': each('span.links', hexOf('x.spanId')),
    'Links.TraceState': 'span.links.traceState',
    'Links.Attributes': each('span.links', mapOf('x.attributes')),
  },
)

/** `otel_logs`. The time is the record's own, or when it was observed. */
export const logsInsert = insertOf(
  'otel_logs',
  'logs',
  new Set(['InstrumentationScope.droppedAttributesCount']),
  `arrayJoin(resourceLogs) AS rl, arrayJoin(rl.scopeLogs) AS sl, arrayJoin(sl.logRecords) AS record,
  ${mapOf('rl.resource.attributes')} AS resource`,
  {
    Timestamp: timeOf('if(record.timeUnixNano = 0, record.observedTimeUnixNano, record.timeUnixNano)'),
    TraceId: hexOf('record.traceId'),
    SpanId: hexOf('record.spanId'),
    TraceFlags: 'toUInt8(bitAnd(record.flags, 255))',
    SeverityText: 'record.severityText',
    SeverityNumber: 'if(record.severityNumber BETWEEN 0 AND 255, toUInt8(record.severityNumber), 0)',
    ServiceName: "resource['service.name']",
    Body: textOf('record.body'),
    ResourceSchemaUrl: 'rl.schemaUrl',
    ResourceAttributes: 'resource',
    ScopeSchemaUrl: 'sl.schemaUrl',
    ScopeName: 'sl.scope.name',
    ScopeVersion: 'sl.scope.version',
    ScopeAttributes: mapOf('sl.scope.attributes'),
    LogAttributes: mapOf('record.attributes'),
    EventName: 'record.eventName',
  },
)

/** One member of the oneof is set at most, and the other one is 0 then. */
const numberOf = (point: string): string => `if(${point}.asInt != 0, toFloat64(${point}.asInt), ${point}.asDouble)`

const exemplars: Columns = {
  'Exemplars.FilteredAttributes': each('point.exemplars', mapOf('x.filteredAttributes')),
  'Exemplars.TimeUnix': each('point.exemplars', timeOf('x.timeUnixNano')),
  'Exemplars.Value': each('point.exemplars', numberOf('x')),
  'Exemplars.SpanId': each('point.exemplars', hexOf('x.spanId')),
  'Exemplars.TraceId': each('point.exemplars', hexOf('x.traceId')),
}

const countAndSum: Columns = { Count: 'point.count', Sum: 'point.sum' }
const minAndMax: Columns = { Min: 'point.min', Max: 'point.max' }
const temporalityOf = (kind: MetricKind): Columns => ({
  AggregationTemporality: `toInt32(metric.${kind}.aggregationTemporality)`,
})

/** A statement names only its own kind, so that the reader skips the bytes of the others. */
function metricInsert(table: string, kind: MetricKind, columns: Columns): OtlpInsert {
  const others = metricKinds.filter((other) => other !== kind).map((other) => `Metric.${other}`)
  return insertOf(
    table,
    'metrics',
    new Set(others),
    `arrayJoin(resourceMetrics) AS rm, arrayJoin(rm.scopeMetrics) AS sm, arrayJoin(sm.metrics) AS metric,
  arrayJoin(metric.${kind}.dataPoints) AS point, ${mapOf('rm.resource.attributes')} AS resource`,
    {
      ResourceAttributes: 'resource',
      ResourceSchemaUrl: 'rm.schemaUrl',
      ScopeName: 'sm.scope.name',
      ScopeVersion: 'sm.scope.version',
      ScopeAttributes: mapOf('sm.scope.attributes'),
      ScopeDroppedAttrCount: 'toUInt32(sm.scope.droppedAttributesCount)',
      ScopeSchemaUrl: 'sm.schemaUrl',
      ServiceName: "resource['service.name']",
      MetricName: 'metric.name',
      MetricDescription: 'metric.description',
      MetricUnit: 'metric.unit',
      Attributes: mapOf('point.attributes'),
      StartTimeUnix: timeOf('point.startTimeUnixNano'),
      TimeUnix: timeOf('point.timeUnixNano'),
      Flags: 'toUInt32(point.flags)',
      ...columns,
    },
  )
}

/** One statement per kind of metric: run those whose kind is present in the segment. */
export const metricInserts: Readonly<Record<MetricKind, OtlpInsert>> = {
  gauge: metricInsert('otel_metrics_gauge', 'gauge', { Value: numberOf('point'), ...exemplars }),
  sum: metricInsert('otel_metrics_sum', 'sum', {
    Value: numberOf('point'),
    ...exemplars,
    ...temporalityOf('sum'),
    IsMonotonic: 'metric.sum.isMonotonic != 0',
  }),
  histogram: metricInsert('otel_metrics_histogram', 'histogram', {
    ...countAndSum,
    BucketCounts: 'point.bucketCounts',
    ExplicitBounds: 'point.explicitBounds',
    ...exemplars,
    ...minAndMax,
    ...temporalityOf('histogram'),
  }),
  exponentialHistogram: metricInsert('otel_metrics_exponential_histogram', 'exponentialHistogram', {
    ...countAndSum,
    Scale: 'toInt32(point.scale)',
    ZeroCount: 'point.zeroCount',
    PositiveOffset: 'toInt32(point.positive.offset)',
    PositiveBucketCounts: 'point.positive.bucketCounts',
    NegativeOffset: 'toInt32(point.negative.offset)',
    NegativeBucketCounts: 'point.negative.bucketCounts',
    ...exemplars,
    ...minAndMax,
    ...temporalityOf('exponentialHistogram'),
  }),
  summary: metricInsert('otel_metrics_summary', 'summary', {
    ...countAndSum,
    'ValueAtQuantiles.Quantile': 'point.quantileValues.quantile',
    'ValueAtQuantiles.Value': 'point.quantileValues.value',
  }),
}
