import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { DavyError } from '../domain/errors.ts'
import { otlpSignals } from '../engine/ingest/signals.ts'
import { encodingOf } from '../receivers/otlp/receive.ts'
import { contentTypes, statusResponse } from '../receivers/otlp/response.ts'
import { failureSentence } from './failure-sentence.ts'
import { otlpRetrySeconds } from './otlp-retry.ts'
import { problemOf } from './problem.ts'
import { readBody } from './read-body.ts'
import type { Services } from './services.ts'
import { takeTelemetry } from './take-telemetry.ts'

/** gRPC codes of the HTTP statuses that can occur; senders read the status, people the code. */
const grpcCodes: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  408: 4,
  413: 8,
  415: 3,
  421: 3,
  429: 8,
  503: 14,
}

const protobuf = { type: 'string', format: 'binary' }
const bodies = {
  'application/x-protobuf': protobuf,
  'application/protobuf': protobuf,
  'application/json': { type: 'object' },
}

/** OTLP over HTTP: a body is answered with 200 once it is on disk, checked to its depth, and counted. */
export function otlpRoutes(root: FastifyInstance, services: Services): void {
  const { inFlight, ingestLimits, metrics } = services
  root.register(async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, stream, done) => done(null, stream))
    app.setErrorHandler((error, request, reply) => sendStatus(error, request, reply, services))
    for (const signal of otlpSignals) {
      app.post(
        `/v1/${signal}`,
        {
          bodyLimit: ingestLimits.maxBodyBytes,
          config: {
            ...{ role: 'ingest', contentTypes: ['application/protobuf'] },
            answers: { 200: 'It is on disk; what was left out of it is a partial success.' },
            takes: bodies,
          },
          schema: { tags: ['otlp'], produces: Object.values(contentTypes) },
        },
        async (request, reply) => {
          const hold = inFlight.hold()
          try {
            const body = await readBody(request, ingestLimits, hold)
            const outcome = await takeTelemetry(signal, request.headers['content-type'], body, services)
            metrics.ingestRequests.inc({ signal, protocol: 'otlp-http', outcome: 'accepted' })
            return reply.type(contentTypes[outcome.encoding]).send(Buffer.from(outcome.response))
          } finally {
            hold.release()
          }
        },
      )
    }
  })
}

/** Every failure of an OTLP route as google.rpc.Status, in the request's own encoding. */
function sendStatus(error: unknown, request: FastifyRequest, reply: FastifyReply, { metrics }: Services): FastifyReply {
  const problem = problemOf(error as Error & { code: string }, request)
  if (problem.status >= 500) request.log.error({ err: error, code: problem.code }, 'telemetry was not taken')
  metrics.requestErrors.inc({ code: problem.code })
  const signal = request.routeOptions.url?.split('/').at(-1) ?? 'unknown'
  metrics.ingestRequests.inc({ signal, protocol: 'otlp-http', outcome: problem.code.toLowerCase() })
  if (error instanceof DavyError && error.retryAfterSeconds !== undefined) {
    reply.header('retry-after', String(Math.ceil(otlpRetrySeconds(error))))
  }
  // Who stalls would keep the connection open, too.
  if (problem.status === 408) reply.header('connection', 'close')
  const encoding = encodingOf(request.headers['content-type']) ?? 'json'
  const message = failureSentence(problem.detail, problem)
  return reply
    .code(problem.status)
    .type(contentTypes[encoding])
    .send(Buffer.from(statusResponse(encoding, grpcCodes[problem.status] ?? 13, message)))
}
