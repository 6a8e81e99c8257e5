import { type Context, context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** The context of the request's span; null where none was made. */
    traceContext: Context | null
  }
}

/** Runs `fn` in the request's span, or just so when it has none. */
export function inRequestSpan(request: FastifyRequest, fn: () => void): void {
  if (request.traceContext) context.with(request.traceContext, fn)
  else fn()
}

/** What is known when a request arrives. The query is left out: it may hold what nobody should read. */
function requestAttributes(request: FastifyRequest) {
  const { method, protocol, hostname, port, ip, headers, raw, routeOptions } = request
  return {
    'http.request.method': method,
    'url.path': request.url.split('?', 1)[0]!,
    'url.scheme': protocol,
    'server.address': hostname,
    'network.protocol.version': raw.httpVersion,
    'client.address': ip,
    ...(Number.isInteger(port) ? { 'server.port': port as number } : {}),
    ...(routeOptions.url === undefined ? {} : { 'http.route': routeOptions.url }),
    ...(headers['user-agent'] === undefined ? {} : { 'user_agent.original': headers['user-agent'] }),
  }
}

function endSpan(request: FastifyRequest, reply: FastifyReply): void {
  const span = request.traceContext ? trace.getSpan(request.traceContext) : undefined
  if (span === undefined) return
  span.setAttribute('http.response.status_code', reply.statusCode)
  if (reply.statusCode >= 500) {
    span.setAttribute('error.type', String(reply.statusCode))
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end()
}

/**
 * One SERVER span a request, after the HTTP semantic conventions, below the caller's when its headers name one. Telemetry
 * that comes in has none: there is a lot of it, and a Davy that is watched by another must not double it. To be called on
 * the root instance before any other hook.
 */
export function registerTracing(app: FastifyInstance): void {
  app.decorateRequest('traceContext', null)
  app.addHook('onRequest', (request, _reply, done) => {
    const { config, url } = request.routeOptions
    if (config.role === 'ingest') return done()
    const parent = propagation.extract(ROOT_CONTEXT, request.headers)
    const name = url === undefined ? request.method : `${request.method} ${url}`
    const options = { kind: SpanKind.SERVER, attributes: requestAttributes(request) }
    request.traceContext = trace.setSpan(parent, trace.getTracer('davy').startSpan(name, options, parent))
    inRequestSpan(request, () => done())
  })
  // Reading a body goes on from the socket's events, which belong to no request: the context is lost there.
  app.addHook('preValidation', (request, _reply, done) => inRequestSpan(request, () => done()))
  app.addHook('onResponse', (request, reply, done) => {
    endSpan(request, reply)
    done()
  })
}
