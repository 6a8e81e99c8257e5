import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type HrTime, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { compose } from '../src/compose.ts'
import { type Clock, systemClock } from '../src/platform/clock.ts'
import { loadConfig } from '../src/platform/config.ts'
import { createLogger, type LogLevel } from '../src/platform/logger.ts'
import { ShutdownStack } from '../src/platform/shutdown.ts'
import { watchAnswers } from './declared-answers.ts'

/** A whole Davy in this process. chDB opens one directory a process: stop one before starting the next. */
export type Davy = {
  /** Of the API, without a slash at its end. */
  readonly url: string
  /** Of OTLP's own port. */
  readonly otlpUrl: string
  /** Of OTLP's port for gRPC, as exporters take it: http://host:port. */
  readonly otlpGrpcUrl: string
  /** JSON lines. */
  readonly logs: readonly string[]
  /** Stops it and removes its data. */
  stop(): Promise<void>
}

/**
 * Starts the composed product on free ports and an empty embedded storage. Its stop fails when it has given an answer that
 * its `/openapi.json` does not declare.
 * @param env DAVY_ and OTEL_ variables; with DAVY_STORAGE_URL its directory is the caller's to remove.
 */
export async function startDavy(env: Readonly<Record<string, string>> = {}, clock: Clock = systemClock): Promise<Davy> {
  const directory = mkdtempSync(join(tmpdir(), 'davy-'))
  const logs: string[] = []
  const variables = {
    DAVY_STORAGE_URL: `chdb:${join(directory, 'data')}`,
    DAVY_PORT: '0',
    DAVY_OTLP_HTTP_PORT: '0',
    DAVY_OTLP_GRPC_PORT: '0',
    DAVY_INGEST_SEGMENT_MAX_AGE_MS: '100',
    ...env,
  }
  const failures: unknown[] = []
  const stops = new ShutdownStack(systemClock, (name, cause) => failures.push(new Error(name, { cause })), 25_000)
  const stop = async () => {
    await stops.run()
    rmSync(directory, { recursive: true, force: true })
    if (failures.length > 0) throw new AggregateError(failures, 'a part of Davy did not stop')
  }
  try {
    const config = loadConfig(variables, (path) => readFileSync(path, 'utf8'))
    const log = createLogger(config.logLevel as LogLevel, { write: (line) => void logs.push(line) })
    const [composed, undeclared] = await watchAnswers(() => compose(config, clock, log, stops))
    const { address, otlpAddress, otlpGrpcAddress } = composed
    const stopChecked = async () => {
      await stop()
      if (undeclared().length > 0) throw new Error(`/openapi.json does not declare: ${undeclared().join(', ')}`)
    }
    return { url: address, otlpUrl: otlpAddress, otlpGrpcUrl: otlpGrpcAddress, logs, stop: stopChecked }
  } catch (error) {
    await stop()
    throw error
  }
}

/** One request as a SERVER span tells it. */
export type RequestSpan = {
  readonly service: string
  readonly version: string
  /** Unix milliseconds; its block is the one that this lies in. */
  readonly endAt: number
  readonly pod?: string
  readonly route?: string
  readonly seconds?: number
  readonly error?: boolean
  readonly kind?: SpanKind
  /** More resource attributes, such as deployment.environment.name. */
  readonly resource?: Readonly<Record<string, string>>
}

let spanCount = 0

function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000)
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)]
}

function readable(span: RequestSpan, resource: ReadableSpan['resource']): ReadableSpan {
  spanCount += 1
  const id = spanCount.toString(16)
  const route = span.route ?? 'GET /'
  const seconds = span.seconds ?? 0.02
  return {
    name: route,
    kind: span.kind ?? SpanKind.SERVER,
    spanContext: () => ({
      traceId: id.padStart(32, '0'),
      spanId: id.padStart(16, '0'),
      traceFlags: TraceFlags.SAMPLED,
    }),
    startTime: hrTime(span.endAt - seconds * 1000),
    endTime: hrTime(span.endAt),
    duration: hrTime(seconds * 1000),
    ended: true,
    status: { code: span.error === true ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes: { 'http.request.method': route.split(' ')[0]!, 'http.route': route.split(' ').at(-1)! },
    links: [],
    events: [],
    resource,
    instrumentationScope: { name: 'test' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}

function readables(spans: readonly RequestSpan[]): ReadableSpan[] {
  const resources = new Map<string, ReadableSpan['resource']>()
  return spans.map((span) => {
    const attributes = {
      'service.name': span.service,
      'service.version': span.version,
      'k8s.pod.name': span.pod ?? `${span.service}-${span.version}-0`,
      ...span.resource,
    }
    const key = JSON.stringify(attributes)
    const resource = resources.get(key) ?? resourceFromAttributes(attributes)
    resources.set(key, resource)
    return readable(span, resource)
  })
}

/** An ExportTraceServiceRequest in protobuf, as the SDK's exporter would send it. */
export function protobufTraces(spans: readonly RequestSpan[]): Buffer {
  return Buffer.from(ProtobufTraceSerializer.serializeRequest(readables(spans))!)
}

/** The same in OTLP's JSON. */
export function jsonTraces(spans: readonly RequestSpan[]): Buffer {
  return Buffer.from(JsonTraceSerializer.serializeRequest(readables(spans))!)
}

/** Sends spans in bodies of 5,000. They are on disk when it returns, and stored soon after. */
export async function sendSpans(davy: Davy, spans: readonly RequestSpan[]): Promise<void> {
  for (let from = 0; from < spans.length; from += 5000) {
    const response = await fetch(`${davy.otlpUrl}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: new Uint8Array(protobufTraces(spans.slice(from, from + 5000))),
    })
    const answer = await response.text()
    if (response.status !== 200 || answer !== '') throw new Error(`spans were not taken: ${response.status} ${answer}`)
  }
}

/** Resolves with the first value that is neither null nor undefined nor false; rejects after `withinMs`. */
export async function until<T>(
  ask: () => Promise<T | null | undefined | false>,
  what: string,
  withinMs = 15_000,
): Promise<T> {
  const end = Date.now() + withinMs
  for (;;) {
    const value = await ask()
    if (value !== null && value !== undefined && value !== false) return value
    if (Date.now() > end) throw new Error(`did not come about within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Waits until so many requests of a service are stored, over all versions. */
export async function untilStored(davy: Pick<Davy, 'url'>, service: string, requests: number): Promise<void> {
  await until(async () => {
    const response = await fetch(`${davy.url}/api/v1/services/${service}`)
    if (response.status !== 200) return false
    const { versions } = (await response.json()) as { versions: { requests: number }[] }
    return versions.reduce((sum, row) => sum + row.requests, 0) >= requests
  }, `${requests} stored requests of ${service}`)
}
