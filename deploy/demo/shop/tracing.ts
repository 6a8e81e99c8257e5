import type { IncomingHttpHeaders } from 'node:http'
import { type Attributes, context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { NodeSDK } from '@opentelemetry/sdk-node'

const tracer = trace.getTracer('davy-demo-shop')

/**
 * Starts the OpenTelemetry SDK; everything is set by its standard environment variables (`OTEL_SERVICE_NAME`,
 * `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_BSP_SCHEDULE_DELAY`). Call before the first span;
 * `shutdown` of what it returns sends the spans that still wait.
 */
export function startTracing(): NodeSDK {
  const sdk = new NodeSDK({ traceExporter: new OTLPTraceExporter() })
  sdk.start()
  return sdk
}

async function inSpan<Result>(span: Span, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    span.recordException(error instanceof Error ? error : String(error))
    span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) })
    throw error
  } finally {
    span.end()
  }
}

/**
 * Runs `work` in a SERVER span named `POST /pay`, the child of the caller's span when the headers carry a W3C trace
 * context. The span ends with `work`; when `work` throws it is an error and the exception is thrown on.
 */
export function serverSpan<Result>(
  method: string,
  route: string,
  headers: IncomingHttpHeaders,
  work: (span: Span) => Promise<Result>,
): Promise<Result> {
  const parent = propagation.extract(context.active(), headers)
  const attributes: Attributes = {
    'http.request.method': method,
    'http.route': route,
    'url.path': route,
    'url.scheme': 'http',
  }
  return tracer.startActiveSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent, (span) =>
    inSpan(span, () => work(span)),
  )
}

/** Runs `work` in a CLIENT span and hands it the headers that carry the trace context on. Ends like {@link serverSpan}. */
export function clientSpan<Result>(
  method: string,
  url: URL,
  work: (span: Span, headers: Record<string, string>) => Promise<Result>,
): Promise<Result> {
  const attributes: Attributes = {
    'http.request.method': method,
    'url.full': url.href,
    'server.address': url.hostname,
    'server.port': Number(url.port),
  }
  return tracer.startActiveSpan(`${method} ${url.pathname}`, { kind: SpanKind.CLIENT, attributes }, (span) => {
    const headers: Record<string, string> = {}
    propagation.inject(context.active(), headers)
    return inSpan(span, () => work(span, headers))
  })
}

/** Writes the answer's status on a span; `failure`, when there is one, makes the span an error and says why. */
export function setOutcome(span: Span, httpStatus: number, failure: string | undefined): void {
  span.setAttribute('http.response.status_code', httpStatus)
  if (failure === undefined) return
  span.setAttribute('error.type', String(httpStatus))
  span.setStatus({ code: SpanStatusCode.ERROR, message: failure })
}
