import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import { isSpanContextValid, TraceFlags, trace } from '@opentelemetry/api'
import { Counter, collectDefaultMetrics, Gauge, Histogram, type OpenMetricsContentType, Registry } from 'prom-client'
import { errorTable } from '../domain/errors.ts'

type OpenMetricsRegistry = Registry<OpenMetricsContentType>

/** HTTP server buckets in seconds, those of the OpenTelemetry semantic conventions. */
const requestBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const lagBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600]
const operationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Values of davy_deployment_state. */
export const deploymentStates = { closed: 0, judging: 1, promote: 2, inconclusive: 3, rollback: 4 } as const

/** Beyond so many pairs of service and environment, further ones are counted as `other`. */
const maxUnits = 500

function httpInstruments(registers: OpenMetricsRegistry[]) {
  return {
    httpRequestDuration: new Histogram({
      name: 'http_server_request_duration_seconds',
      help: 'Duration of HTTP requests.',
      labelNames: ['http_request_method', 'http_route', 'http_response_status_code'],
      buckets: requestBuckets,
      enableExemplars: true,
      registers,
    }),
    requestErrors: new Counter({
      name: 'davy_request_errors_total',
      help: 'Requests answered with a problem, by its code.',
      labelNames: ['code'],
      registers,
    }),
  }
}

function ingestInstruments(registers: OpenMetricsRegistry[]) {
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Counter({ name: `davy_ingest_${name}`, help, labelNames, registers })
  const gauge = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name: `davy_ingest_${name}`, help, labelNames, registers })
  return {
    ingestRequests: counter('requests_total', 'Requests with telemetry.', ['signal', 'protocol', 'outcome']),
    ingestItems: counter('items_total', 'Spans, metric points and log records.', ['signal', 'outcome']),
    ingestRejectedItems: counter('rejected_items_total', 'Items refused, by reason.', ['signal', 'reason']),
    ingestQuarantinedBodies: counter('quarantined_bodies_total', 'Bodies that the storage refused.', ['signal']),
    ingestQuarantineRetries: counter('quarantine_retries_total', 'Bodies put back, by outcome.', ['signal', 'outcome']),
    ingestQuarantineBodies: gauge('quarantine_bodies', 'Bodies that are in quarantine now.', ['signal']),
    ingestQuarantineBytes: gauge('quarantine_bytes', 'Bytes that are in quarantine now.', ['signal']),
    ingestInFlightBytes: gauge('in_flight_bytes', 'Bytes of bodies that are in memory, not yet on disk.'),
    ingestInFlightLimit: gauge('in_flight_limit_bytes', 'Beyond so many of them senders get 429.'),
    ingestNegativeDurations: counter('negative_durations_total', 'Spans that ended before they started.', []),
    ingestNonFinitePoints: counter('non_finite_points_total', 'Metric points with NaN or an infinite value.', []),
    ingestBacklogBytes: gauge('backlog_bytes', 'Bytes that are accepted and not yet stored.'),
    ingestBacklogLimit: gauge('backlog_limit_bytes', 'Beyond so many, quarantine included, senders get 429.'),
    ingestOldestSegmentAge: gauge('oldest_segment_age_seconds', 'Age of the oldest bytes that are not yet stored.'),
    ingestLag: new Histogram({
      name: 'davy_ingest_lag_seconds',
      help: 'From accepting a body to its being stored.',
      buckets: lagBuckets,
      registers,
    }),
  }
}

function storageInstruments(registers: OpenMetricsRegistry[]) {
  return {
    storageOperationDuration: new Histogram({
      name: 'davy_storage_operation_duration_seconds',
      help: 'Duration of storage operations.',
      labelNames: ['backend', 'operation', 'outcome'],
      buckets: operationBuckets,
      registers,
    }),
    storageUp: new Gauge({ name: 'davy_storage_up', help: '1 while the storage answers.', registers }),
    storageNewerMigrations: new Gauge({
      name: 'davy_storage_newer_migrations',
      help: 'Migrations of a newer version that this one found when it started, and works with.',
      registers,
    }),
  }
}

function deploymentInstruments(registers: OpenMetricsRegistry[]) {
  return {
    deploymentInfo: new Gauge({
      name: 'davy_deployment_info',
      help: '1 for each deployment that is judged.',
      labelNames: ['service', 'environment', 'deployment_id', 'version', 'baseline_version', 'strategy'],
      registers,
    }),
    deploymentState: new Gauge({
      name: 'davy_deployment_state',
      help: 'The newest deployment: 0 closed, 1 judging, 2 promote, 3 inconclusive, 4 rollback.',
      labelNames: ['service', 'environment'],
      registers,
    }),
    deploymentReason: new Gauge({
      name: 'davy_deployment_reason',
      help: '1 for decision and reason of the newest verdict of each deployment that is judged.',
      labelNames: ['service', 'environment', 'deployment_id', 'mode', 'decision', 'code'],
      registers,
    }),
    lookOverdue: new Gauge({
      name: 'davy_deployment_look_overdue_seconds',
      help: 'Since when the next look of a deployment is due; 0 when it is not, or waits on purpose.',
      labelNames: ['service', 'environment', 'deployment_id', 'mode'],
      registers,
    }),
    rollbackTimestamp: new Gauge({
      name: 'davy_rollback_timestamp_seconds',
      help: 'When a deployment was rolled back, Unix time, and whether davy or a person decided it; of the last 24 hours.',
      labelNames: ['service', 'environment', 'deployment_id', 'version', 'baseline_version', 'mode', 'decided_by'],
      registers,
    }),
    rolledBackRequests: new Gauge({
      name: 'davy_rolled_back_requests',
      help: 'Requests that the version of a rolled back deployment answered in the last five minutes; of the last 24 hours.',
      labelNames: ['service', 'environment', 'deployment_id', 'version'],
      registers,
    }),
    killSwitch: new Gauge({ name: 'davy_kill_switch', help: '1 while every gate answers wait.', registers }),
    lookFailures: new Counter({
      name: 'davy_look_failures_total',
      help: 'Looks that failed and are tried again.',
      registers,
    }),
    verdicts: new Counter({
      name: 'davy_verdicts_total',
      help: 'Verdicts whose decision or reason changed.',
      labelNames: ['service', 'environment', 'verdict'],
      registers,
    }),
    lookDuration: new Histogram({
      name: 'davy_look_duration_seconds',
      help: 'Duration of one look at one deployment.',
      buckets: operationBuckets,
      registers,
    }),
    lookLag: new Histogram({
      name: 'davy_look_lag_seconds',
      help: 'From when a look was due to when its verdict stood; also of looks that an outage made late.',
      buckets: lagBuckets,
      registers,
    }),
  }
}

function sourceInstruments(registers: OpenMetricsRegistry[]) {
  return {
    sourceQuestions: new Counter({
      name: 'davy_source_questions_total',
      help: 'Questions to systems that are asked for metrics, by outcome.',
      labelNames: ['source', 'outcome'],
      registers,
    }),
    logLinesUnkept: new Counter({
      name: 'davy_log_lines_unkept_total',
      help: 'Log lines that are counted without their message, since their service logs too many different ones.',
      registers,
    }),
    sourceQuestionDuration: new Histogram({
      name: 'davy_source_question_duration_seconds',
      help: 'From a question to a source to its answer, or its failure.',
      labelNames: ['source'],
      buckets: operationBuckets,
      registers,
    }),
  }
}

function webhookInstruments(registers: OpenMetricsRegistry[]) {
  return {
    webhookDeliveries: new Counter({
      name: 'davy_webhook_deliveries_total',
      help: 'Attempts to deliver, by outcome.',
      labelNames: ['endpoint', 'outcome'],
      registers,
    }),
    webhookDeliveryDuration: new Histogram({
      name: 'davy_webhook_delivery_duration_seconds',
      help: 'Duration of attempts to deliver.',
      labelNames: ['endpoint'],
      buckets: requestBuckets,
      registers,
    }),
    webhookPending: new Gauge({
      name: 'davy_webhook_pending',
      help: 'Deliveries that wait for their next attempt.',
      registers,
    }),
    webhookOldestPending: new Gauge({
      name: 'davy_webhook_oldest_pending_seconds',
      help: 'Age of the oldest verdict that waits to be delivered.',
      registers,
    }),
    webhookEndpointGone: new Gauge({
      name: 'davy_webhook_endpoint_gone',
      help: '1 for an endpoint that said it is gone (410) and is told nothing any more, 0 for those that are told.',
      labelNames: ['endpoint'],
      registers,
    }),
  }
}

/** What the process may use; a share of it says more than bytes do. */
function measureLimits(registers: OpenMetricsRegistry[]): void {
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers })
  // 0 or a number near 2^64: no limit is set.
  const constrained = process.constrainedMemory()
  const memory = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
  gauge('davy_memory_limit_bytes', 'Memory of the container, or of the machine.').set(memory)
  gauge('davy_heap_limit_bytes', 'The largest heap that Node takes.').set(getHeapStatistics().heap_size_limit)
}

/** The exemplar of the active span, when it is sampled: a trace that nobody stores explains nothing. */
function exemplar(): Record<string, string> | null {
  const context = trace.getActiveSpan()?.spanContext()
  if (context === undefined || !isSpanContextValid(context)) return null
  return (context.traceFlags & TraceFlags.SAMPLED) === 0 ? null : { trace_id: context.traceId, span_id: context.spanId }
}

/**
 * prom-client drops `_total` from the names of its counters when it renders OpenMetrics and never puts it back, so the
 * text format has to do so, and no two renderings may overlap.
 */
async function render(registry: OpenMetricsRegistry, isOpenMetrics: boolean): Promise<string> {
  if (isOpenMetrics) {
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    return await registry.metrics()
  }
  registry.setContentType(Registry.PROMETHEUS_CONTENT_TYPE as never)
  for (const metric of registry.getMetricsAsArray() as unknown as { name: string; type: string }[]) {
    if (metric.type === 'counter' && !metric.name.endsWith('_total')) metric.name += '_total'
  }
  return await registry.metrics()
}

/** What {@link createMetrics} makes. */
export type Metrics = ReturnType<typeof createMetrics>

/**
 * All instruments of the process in a registry of their own, in base units.
 * @returns The instruments; `observeRequest` (with the trace of the active span as exemplar); `unitLabels`, which
 * bounds the number of services; and `render(accept)`: OpenMetrics when the Accept header asks for it, else text 0.0.4.
 */
export function createMetrics(build: { readonly version: string; readonly publicUrl: string }) {
  const registry = new Registry<OpenMetricsContentType>()
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  measureLimits(registers)
  const http = httpInstruments(registers)
  const buildInfo = new Gauge({
    name: 'davy_build_info',
    help: '1, with what runs as labels.',
    labelNames: ['version', 'node_version', 'public_url'],
    registers,
  })
  buildInfo.set({ version: build.version, node_version: process.version, public_url: build.publicUrl }, 1)
  for (const code of Object.keys(errorTable)) http.requestErrors.inc({ code }, 0)
  const units = new Set<string>()
  let rendering: Promise<unknown> = Promise.resolve()

  function observeRequest(method: string, route: string, status: number, seconds: number): void {
    const labels = { http_request_method: method, http_route: route, http_response_status_code: String(status) }
    const exemplarLabels = exemplar()
    http.httpRequestDuration.observe(
      exemplarLabels === null
        ? { labels, value: seconds }
        : { labels, value: seconds, exemplarLabels: exemplarLabels as never },
    )
  }

  function unitLabels(service: string, environment: string): { service: string; environment: string } {
    const unit = JSON.stringify([service, environment])
    if (units.size >= maxUnits && !units.has(unit)) return { service: 'other', environment: 'other' }
    units.add(unit)
    return { service, environment }
  }

  function renderFor(accept: string | undefined): Promise<{ readonly contentType: string; readonly body: string }> {
    const isOpenMetrics = accept?.includes('application/openmetrics-text') ?? false
    const contentType = isOpenMetrics ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE
    const result = rendering.then(async () => ({ contentType, body: await render(registry, isOpenMetrics) }))
    rendering = result.catch(() => {})
    return result
  }

  return {
    ...http,
    ...ingestInstruments(registers),
    ...storageInstruments(registers),
    ...deploymentInstruments(registers),
    ...sourceInstruments(registers),
    ...webhookInstruments(registers),
    observeRequest,
    unitLabels,
    render: renderFor,
  }
}
