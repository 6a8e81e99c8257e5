/**
 * Sends the telemetry that comes on standard input with OpenTelemetry's SDK for Node, and prints what the SDK chose.
 * Usage: node-client.ts http/json|http/protobuf|grpc ENDPOINT. Compression and timeouts are the SDK's own variables.
 */
import { text } from 'node:stream/consumers'
import {
  type Attributes,
  type Context,
  context,
  createTraceState,
  DiagLogLevel,
  diag,
  logs,
  type Meter,
  metrics,
  propagation,
  ROOT_CONTEXT,
  type Span as SdkSpan,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources'
import {
  AggregationType,
  type DataPoint,
  DataPointType,
  type ExponentialHistogram,
  type Histogram,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { NodeSDK } from '@opentelemetry/sdk-node'
import type { SentPoint } from './sent.ts'
import type { Attribute, Instrument, Log, Span, Telemetry } from './telemetry.ts'

const [protocol, endpoint] = process.argv.slice(2) as [string, string]
const plan = JSON.parse(await text(process.stdin)) as Telemetry
const { scope } = plan

function nativeOf({ type, value }: Attribute): unknown {
  if (type === 'int') return Number(value)
  if (type === 'ints') return (value as string[]).map(Number)
  return type === 'bytes' ? new Uint8Array(Buffer.from(value as string, 'base64')) : value
}

function attributesOf(list: readonly Attribute[]): Attributes {
  return Object.fromEntries(list.map((one) => [one.key, nativeOf(one)])) as Attributes
}

function timeOf(nanoseconds: string): [number, number] {
  const all = BigInt(nanoseconds)
  return [Number(all / 1_000_000_000n), Number(all % 1_000_000_000n)]
}

const nanosecondsOf = ([seconds, rest]: readonly [number, number]) =>
  String(BigInt(seconds) * 1_000_000_000n + BigInt(rest))

function startSpan(span: Span, first: Context | null): SdkSpan {
  const remote = propagation.extract(ROOT_CONTEXT, { traceparent: plan.traceparent, tracestate: plan.tracestate })
  const started = trace
    .getTracerProvider()
    .getTracer(scope.name, scope.version, { schemaUrl: scope.schemaUrl })
    .startSpan(
      span.name,
      {
        kind: SpanKind[span.kind.toUpperCase() as keyof typeof SpanKind],
        startTime: timeOf(span.start),
        attributes: attributesOf(span.attributes),
        links: span.links.map(({ traceId, spanId, traceState, attributes }) => ({
          context: { traceId, spanId, traceFlags: 1, isRemote: true, traceState: createTraceState(traceState) },
          attributes: attributesOf(attributes),
        })),
      },
      { remote, first: first ?? ROOT_CONTEXT, none: ROOT_CONTEXT }[span.parent],
    )
  for (const { name, attributes, time } of span.events) started.addEvent(name, attributesOf(attributes), timeOf(time))
  if (span.status !== 'Unset') {
    const code = span.status === 'Ok' ? SpanStatusCode.OK : SpanStatusCode.ERROR
    started.setStatus(span.message === '' ? { code } : { code, message: span.message })
  }
  return started
}

function measure(meter: Meter, instrument: Instrument): void {
  const { name, kind, values, unit, description, bounds } = instrument
  const options = {
    unit,
    description,
    ...(kind === 'histogram' && { advice: { explicitBucketBoundaries: [...bounds] } }),
  }
  const record = {
    counter: () => {
      const counter = meter.createCounter(name, options)
      return counter.add.bind(counter)
    },
    upDownCounter: () => {
      const counter = meter.createUpDownCounter(name, options)
      return counter.add.bind(counter)
    },
    gauge: () => {
      const gauge = meter.createGauge(name, options)
      return gauge.record.bind(gauge)
    },
    histogram: () => {
      const histogram = meter.createHistogram(name, options)
      return histogram.record.bind(histogram)
    },
    exponentialHistogram: () => {
      const histogram = meter.createHistogram(name, options)
      return histogram.record.bind(histogram)
    },
  }[kind]()
  for (const { value, attributes } of values) record(value, attributesOf(attributes))
}

function pointOf(kind: DataPointType, point: DataPoint<number | Histogram | ExponentialHistogram>): SentPoint {
  const attributes = Object.fromEntries(Object.entries(point.attributes).map(([key, value]) => [key, String(value)]))
  const times = { start: nanosecondsOf(point.startTime), time: nanosecondsOf(point.endTime) }
  const shown = { attributes, ...times, exemplars: [] }
  if (typeof point.value === 'number') return { ...shown, value: point.value }
  const { count, sum = 0, min = 0, max = 0 } = point.value
  const counted = { ...shown, count, sum, min, max }
  if (kind === DataPointType.HISTOGRAM) {
    const { boundaries, counts } = (point.value as Histogram).buckets
    return { ...counted, bounds: boundaries, counts }
  }
  const { scale, zeroCount, positive, negative } = point.value as ExponentialHistogram
  const bucketsOf = ({ offset, bucketCounts }: typeof positive) => ({ offset, counts: bucketCounts })
  return { ...counted, scale, zeroCount, positive: bucketsOf(positive), negative: bucketsOf(negative) }
}

function metricOf(metric: MetricData) {
  const { name, description, unit } = metric.descriptor
  const isSum = metric.dataPointType === DataPointType.SUM
  const kind = { 0: 'histogram', 1: 'exponentialHistogram', 2: 'gauge', 3: 'sum' }[metric.dataPointType]
  const temporality = kind === 'gauge' ? 0 : metric.aggregationTemporality + 1
  const points = metric.dataPoints.map((point) => pointOf(metric.dataPointType, point))
  return { name, description, unit, kind, temporality, monotonic: isSum && metric.isMonotonic, points }
}

function emit(log: Log, within: Context): void {
  logs.getLogger(scope.name, scope.version, { schemaUrl: scope.schemaUrl }).emit({
    timestamp: timeOf(log.time),
    observedTimestamp: timeOf(String(BigInt(log.time) + 1n)),
    severityNumber: log.severityNumber,
    severityText: log.severityText,
    ...(log.eventName !== '' && { eventName: log.eventName }),
    body: nativeOf(log.body) as string,
    attributes: attributesOf(log.attributes),
    context: within,
  })
}

const errors: string[] = []
const collected: MetricData[] = []
// The exporters are the SDK's own choice by its variables; what its reader collects is what they send.
const { collect } = PeriodicExportingMetricReader.prototype
PeriodicExportingMetricReader.prototype.collect = async function (...options) {
  const result = await collect.apply(this, options)
  collected.push(...result.resourceMetrics.scopeMetrics.flatMap((each) => each.metrics))
  return result
}
Object.assign(process.env, {
  OTEL_TRACES_EXPORTER: 'otlp',
  OTEL_LOGS_EXPORTER: 'otlp',
  OTEL_METRICS_EXPORTER: 'otlp',
  OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  OTEL_METRIC_EXPORT_INTERVAL: '3600000',
})
const note = (message: string, ...rest: unknown[]) => void errors.push([message, ...rest.map(String)].join(' '))
const resource = defaultResource().merge(resourceFromAttributes(attributesOf(plan.resource)))
const sdk = new NodeSDK({
  resource,
  autoDetectResources: false,
  views: plan.instruments
    .filter(({ kind }) => kind === 'exponentialHistogram')
    .map(({ name }) => ({ instrumentName: name, aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } })),
})
sdk.start()
diag.setLogger(
  { error: note, warn: note, info: () => {}, debug: () => {}, verbose: () => {} },
  { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
)

const first = startSpan(plan.spans[0]!, null)
const within = trace.setSpan(ROOT_CONTEXT, first)
const spans = [first, ...plan.spans.slice(1).map((span) => startSpan(span, within))]
const meter = metrics.getMeter(scope.name, scope.version, { schemaUrl: scope.schemaUrl })
context.with(within, () => {
  for (const instrument of plan.instruments) measure(meter, instrument)
})
for (const log of plan.logs) emit(log, log.inSpan ? within : ROOT_CONTEXT)
for (const [index, span] of spans.entries()) span.end(timeOf(plan.spans[index]!.end))
await sdk.shutdown().catch((cause) => note('shutdown:', cause))

const remoteSpanId = plan.traceparent.split('-')[2]!
const chosen = Object.entries(resource.attributes).filter(([key]) => key.startsWith('telemetry.'))
console.log(
  JSON.stringify({
    resource: Object.fromEntries(chosen),
    spans: spans.map((span, index) => ({
      traceId: span.spanContext().traceId,
      spanId: span.spanContext().spanId,
      parentSpanId: { remote: remoteSpanId, first: first.spanContext().spanId, none: '' }[plan.spans[index]!.parent],
    })),
    metrics: collected.map(metricOf),
    handled: [],
    errors,
  }),
)
