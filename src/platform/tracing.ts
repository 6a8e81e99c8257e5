import { hostname, networkInterfaces } from 'node:os'
import { type Attributes, type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { DavyError } from '../domain/errors.ts'
import type { Config } from './config.ts'
import { isLoopbackHost } from './loopback.ts'

/** Davy's own tracing; `stop` sends what is waiting. */
export type Tracing = { stop(): Promise<void> }

type OwnAddress = Pick<Config, 'host' | 'port' | 'otlpHttpPort' | 'otlpGrpcPort' | 'publicUrl'>

function machineNames(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  return [hostname(), ...addresses.map((each) => each.address)].map((each) => each.toLowerCase())
}

function bareHost(url: URL): string {
  return url.hostname.toLowerCase().replace(/^\[(.*)\]$/, '$1')
}

function portOf(url: URL): number {
  return Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
}

/**
 * true when `endpoint` is one of Davy's own ports: traces about taking in traces would never end.
 * @param machine The names and addresses of this machine, in lower case.
 */
export function isOwnIngest(endpoint: URL, own: OwnAddress, machine: readonly string[]): boolean {
  const host = bareHost(endpoint)
  const publicUrl = new URL(own.publicUrl)
  if (host === bareHost(publicUrl) && portOf(endpoint) === portOf(publicUrl)) return true
  if (![own.port, own.otlpHttpPort, own.otlpGrpcPort].includes(portOf(endpoint))) return false
  return isLoopbackHost(host) || machine.includes(host) || host === own.host || host === bareHost(publicUrl)
}

/**
 * Starts sending Davy's own traces when an endpoint is configured, else does nothing. Nothing is instrumented by itself.
 * @throws DavyError CONFIG when the endpoint is no URL, or is Davy.
 */
export function startTracing(config: OwnAddress & Pick<Config, 'tracesEndpoint'>): Tracing {
  const { tracesEndpoint } = config
  if (tracesEndpoint === null) return { stop: async () => {} }
  const where = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT'
  if (!URL.canParse(tracesEndpoint) || !/^https?:/.test(tracesEndpoint)) {
    throw new DavyError('CONFIG', `${where}: expected an http or https URL, got another text`, { where })
  }
  if (isOwnIngest(new URL(tracesEndpoint), config, machineNames())) {
    const detail = `${where}: expected another OTLP endpoint than Davy itself; set OTEL_SDK_DISABLED=true to send no traces`
    throw new DavyError('CONFIG', detail, { where })
  }
  const sdk = new NodeSDK({
    serviceName: process.env.OTEL_SERVICE_NAME ?? 'davy',
    traceExporter: new OTLPTraceExporter({ url: tracesEndpoint }),
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: [],
  })
  sdk.start()
  return { stop: () => sdk.shutdown() }
}

/**
 * Runs `fn` in a span of its own; what it throws is recorded and thrown on. Without {@link startTracing} it only runs.
 */
export function withSpan<Result>(
  name: string,
  attributes: Attributes,
  fn: (span: Span) => Promise<Result>,
): Promise<Result> {
  return trace.getTracer('davy').startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await fn(span)
    } catch (error) {
      if (error instanceof Error) span.recordException(error)
      span.setStatus({ code: SpanStatusCode.ERROR })
      throw error
    } finally {
      span.end()
    }
  })
}
