import type { Run } from './run-client.ts'
import type { SentMetric, SentPoint } from './sent.ts'
import type { Row } from './stored.ts'
import type { Attribute } from './telemetry.ts'

/** What differs between the SDKs, as each of them documents or shows. */
export type Habits = {
  /** The resource's schema URL, which not every SDK sends. */
  readonly resourceSchemaUrl: string
  /** Whether links carry the trace state of what they point to. */
  readonly linkTraceState: boolean
}

const texts = (list: readonly Attribute[]) => Object.fromEntries(list.map(({ key, text }) => [key, text]))

function resourceOf({ telemetry, sent }: Run): Row {
  return { ...sent.resource, ...texts(telemetry.resource) }
}

function serviceOf({ telemetry }: Run): string {
  return telemetry.resource.find(({ key }) => key === 'service.name')!.text
}

/** The rows of `otel_traces` in the order of the spans. */
export function expectedSpans(run: Run, { linkTraceState }: Habits): Row[] {
  const { telemetry, sent } = run
  return telemetry.spans.map((span, index) => ({
    Timestamp: span.start,
    TraceId: sent.spans[index]!.traceId,
    SpanId: sent.spans[index]!.spanId,
    ParentSpanId: sent.spans[index]!.parentSpanId,
    TraceState: span.parent === 'none' ? '' : telemetry.tracestate,
    SpanName: span.name,
    SpanKind: span.kind,
    ServiceName: serviceOf(run),
    ResourceAttributes: resourceOf(run),
    ScopeName: telemetry.scope.name,
    ScopeVersion: telemetry.scope.version,
    SpanAttributes: texts(span.attributes),
    Duration: String(BigInt(span.end) - BigInt(span.start)),
    StatusCode: span.status,
    StatusMessage: span.message,
    'Events.Timestamp': span.events.map(({ time }) => time),
    'Events.Name': span.events.map(({ name }) => name),
    'Events.Attributes': span.events.map(({ attributes }) => texts(attributes)),
    'Links.TraceId': span.links.map(({ traceId }) => traceId),
    'Links.SpanId': span.links.map(({ spanId }) => spanId),
    'Links.TraceState': span.links.map(({ traceState }) => (linkTraceState ? traceState : '')),
    'Links.Attributes': span.links.map(({ attributes }) => texts(attributes)),
  }))
}

/** The rows of `otel_logs` by their times: what was told, and what a handler of the language's own logging made. */
export function expectedLogs(run: Run, { resourceSchemaUrl }: Habits): Row[] {
  const { telemetry, sent } = run
  const common = {
    ServiceName: serviceOf(run),
    ResourceAttributes: resourceOf(run),
    ResourceSchemaUrl: resourceSchemaUrl,
    ScopeAttributes: {},
  }
  const told = telemetry.logs.map((log) => ({
    ...common,
    Timestamp: log.time,
    TraceId: log.inSpan ? sent.spans[0]!.traceId : '',
    SpanId: log.inSpan ? sent.spans[0]!.spanId : '',
    TraceFlags: log.inSpan ? 1 : 0,
    SeverityText: log.severityText,
    SeverityNumber: log.severityNumber,
    Body: log.body.text,
    ScopeSchemaUrl: telemetry.scope.schemaUrl,
    ScopeName: telemetry.scope.name,
    ScopeVersion: telemetry.scope.version,
    LogAttributes: texts(log.attributes),
    EventName: log.eventName,
  }))
  const handled = sent.handled.map((log) => ({
    ...common,
    Timestamp: log.time,
    TraceId: log.traceId,
    SpanId: log.spanId,
    TraceFlags: 1,
    SeverityText: log.severityText,
    SeverityNumber: log.severityNumber,
    Body: typeof log.body === 'string' ? log.body : JSON.stringify(log.body),
    ScopeSchemaUrl: '',
    ScopeName: 'davy.stdlib',
    ScopeVersion: '',
    LogAttributes: log.attributes,
    EventName: '',
  }))
  return [...told, ...handled].sort((a, b) => (BigInt(a.Timestamp) < BigInt(b.Timestamp) ? -1 : 1))
}

const asText = (counts: readonly number[]) => counts.map(String)

function valuesOf({ kind, temporality, monotonic }: SentMetric, point: SentPoint): Row {
  if (kind === 'gauge') return { Value: point.value }
  if (kind === 'sum') return { Value: point.value, AggregationTemporality: temporality, IsMonotonic: monotonic }
  const counted = {
    Count: String(point.count),
    Sum: point.sum,
    Min: point.min,
    Max: point.max,
    AggregationTemporality: temporality,
  }
  if (kind === 'histogram') return { ...counted, ExplicitBounds: point.bounds, BucketCounts: asText(point.counts!) }
  return {
    ...counted,
    Scale: point.scale,
    ZeroCount: String(point.zeroCount),
    PositiveOffset: point.positive!.offset,
    PositiveBucketCounts: asText(point.positive!.counts),
    NegativeOffset: point.negative!.offset,
    NegativeBucketCounts: asText(point.negative!.counts),
  }
}

/** The rows of the table of a kind of metric, by name and then by the attribute http.route. */
export function expectedPoints(run: Run, kind: SentMetric['kind'], { resourceSchemaUrl }: Habits): Row[] {
  const { telemetry, sent } = run
  const rows = sent.metrics
    .filter((metric) => metric.kind === kind)
    .flatMap((metric) => metric.points.map((point) => ({ metric, point })))
    .map(({ metric, point }) => ({
      ResourceAttributes: resourceOf(run),
      ResourceSchemaUrl: resourceSchemaUrl,
      ScopeName: telemetry.scope.name,
      ScopeVersion: telemetry.scope.version,
      ScopeAttributes: {},
      ScopeDroppedAttrCount: 0,
      ScopeSchemaUrl: telemetry.scope.schemaUrl,
      ServiceName: serviceOf(run),
      MetricName: metric.name,
      MetricDescription: metric.description,
      MetricUnit: metric.unit,
      Attributes: point.attributes,
      StartTimeUnix: point.start,
      TimeUnix: point.time,
      Flags: 0,
      'Exemplars.FilteredAttributes': point.exemplars.map(() => ({})),
      'Exemplars.TimeUnix': point.exemplars.map(({ time }) => time),
      'Exemplars.Value': point.exemplars.map(({ value }) => value),
      'Exemplars.SpanId': point.exemplars.map(({ spanId }) => spanId),
      'Exemplars.TraceId': point.exemplars.map(({ traceId }) => traceId),
      ...valuesOf(metric, point),
    }))
  const keyOf = (row: (typeof rows)[number]) => Buffer.from(`${row.MetricName}\n${row.Attributes['http.route'] ?? ''}`)
  return rows.sort((a, b) => Buffer.compare(keyOf(a), keyOf(b)))
}
