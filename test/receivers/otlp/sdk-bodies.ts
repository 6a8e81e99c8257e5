import { context, type HrTime, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api'
import {
  type ISerializer,
  JsonLogsSerializer,
  JsonMetricsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import {
  AggregationTemporality,
  AggregationType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import type { Signal } from '../../../src/receivers/otlp/schema.ts'

/** The same telemetry in both encodings, as the OpenTelemetry SDK for JavaScript sends it. */
export type SdkBody = { readonly protobuf: Uint8Array; readonly json: Uint8Array }

const resource = resourceFromAttributes({
  'service.name': 'checkout',
  'service.version': '2.4.1',
  'process.command_args': ['node', 'main.js'],
})

function serialize<Request>(
  request: Request,
  protobuf: ISerializer<Request, never> | ISerializer<Request, unknown>,
  json: ISerializer<Request, never> | ISerializer<Request, unknown>,
): SdkBody {
  return { protobuf: protobuf.serializeRequest(request)!, json: json.serializeRequest(request)! }
}

async function traceBody(nowMs: number): Promise<SdkBody> {
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const tracer = provider.getTracer('shop', '1.2.3')
  const start: HrTime = [Math.floor(nowMs / 1000) - 10, 123_456_789]
  const parent = tracer.startSpan('POST /pay', {
    kind: SpanKind.SERVER,
    startTime: start,
    attributes: { 'http.route': '/pay', retries: 0, big: 2 ** 40, ratio: 0.25, ok: false, empty: '', tags: ['a', 'b'] },
    links: [
      {
        context: {
          traceId: '0af7651916cd43dd8448eb211c80319c',
          spanId: 'b7ad6b7169203331',
          traceFlags: TraceFlags.SAMPLED,
        },
        attributes: { why: 'retry' },
      },
    ],
  })
  parent.addEvent('exception', { 'exception.type': 'Error', 'exception.message': 'nö “really”' }, start)
  const child = tracer.startSpan(
    'SELECT',
    { kind: SpanKind.CLIENT, startTime: start },
    trace.setSpan(context.active(), parent),
  )
  child.end([start[0], start[1] + 1_000])
  parent.setStatus({ code: SpanStatusCode.ERROR, message: 'declined' })
  parent.end([start[0] + 2, 5])
  await provider.forceFlush()
  return serialize(exporter.getFinishedSpans(), ProtobufTraceSerializer, JsonTraceSerializer)
}

async function logBody(nowMs: number): Promise<SdkBody> {
  const exporter = new InMemoryLogRecordExporter()
  const provider = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor({ exporter })] })
  const logger = provider.getLogger('log-lib', '0.1')
  logger.emit({
    timestamp: [Math.floor(nowMs / 1000) - 5, 7],
    severityNumber: 17,
    severityText: 'ERROR',
    eventName: 'payment.failed',
    body: { reason: 'declined', code: 51, nested: { deep: [1, 2.5, true, null, 'x'] }, raw: new Uint8Array([1, 2, 3]) },
    attributes: { 'user.id': 'u-1' },
  })
  logger.emit({ timestamp: [Math.floor(nowMs / 1000) - 4, 8], body: 'plain text', severityNumber: 9 })
  await provider.forceFlush()
  return serialize(exporter.getFinishedLogRecords(), ProtobufLogsSerializer, JsonLogsSerializer)
}

async function metricBody(): Promise<SdkBody> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({
    resource,
    readers: [reader],
    views: [{ instrumentName: 'exp', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
  })
  const meter = provider.getMeter('meter', '3')
  meter.createCounter('requests', { unit: '1', description: 'all of them' }).add(3, { route: '/pay' })
  meter.createUpDownCounter('queue').add(-2.5)
  meter.createGauge('temperature', { unit: 'Cel' }).record(-3)
  const histogram = meter.createHistogram('latency', { unit: 's' })
  for (const value of [0.1, 5, 70, 1e6]) histogram.record(value, { route: '/pay' })
  const exponential = meter.createHistogram('exp')
  for (const value of [0, 0.001, 1, 1024]) exponential.record(value)
  await provider.forceFlush()
  const body = serialize(exporter.getMetrics()[0]!, ProtobufMetricsSerializer, JsonMetricsSerializer)
  await provider.shutdown()
  return body
}

export async function sdkBodies(nowMs: number): Promise<Readonly<Record<Signal, SdkBody>>> {
  return { traces: await traceBody(nowMs), logs: await logBody(nowMs), metrics: await metricBody() }
}
