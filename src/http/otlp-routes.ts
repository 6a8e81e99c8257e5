import { promisify } from 'node:util'
import { gunzip, inflate, zstdDecompress } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { DavyError } from '../domain/errors.ts'
import { signals } from '../engine/ingest/signals.ts'
import { encodingOf } from '../receivers/otlp/receive.ts'
import { contentTypes, statusResponse } from '../receivers/otlp/response.ts'
import { failureSentence } from './failure-sentence.ts'
import { problemOf } from './problem.ts'
import type { Services } from './services.ts'
import { takeTelemetry } from './take-telemetry.ts'

const decoders: Readonly<Record<string, (body: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>>> =
  {
    gzip: promisify(gunzip),
    deflate: promisify(inflate),
    zstd: promisify(zstdDecompress),
  }

/** gRPC codes of the HTTP statuses that can occur; senders read the status, people the code. */
const grpcCodes: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 413: 8, 415: 3, 421: 3, 429: 8, 503: 14 }

/** OTLP over HTTP: a body is answered with 200 once it is on disk, checked to its depth, and counted. */
export function otlpRoutes(root: FastifyInstance, services: Services): void {
  const { ingestLimits, metrics } = services
  root.register(async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: ingestLimits.maxBodyBytes }, (_request, body, done) =>
      done(null, body),
    )
    app.setErrorHandler((error, request, reply) => sendStatus(error, request, reply, services))
    for (const signal of signals) {
      app.post(
        `/v1/${signal}`,
        {
          bodyLimit: ingestLimits.maxBodyBytes,
          config: { role: 'ingest', contentTypes: ['application/protobuf'] },
          schema: { tags: ['otlp'], consumes: Object.values(contentTypes) },
        },
        async (request, reply) => {
          const body = await decompress(request, ingestLimits.maxDecompressedBytes)
          const outcome = await takeTelemetry(signal, request.headers['content-type'], body, services)
          metrics.ingestRequests.inc({ signal, protocol: 'otlp-http', outcome: 'accepted' })
          return reply.type(contentTypes[outcome.encoding]).send(Buffer.from(outcome.response))
        },
      )
    }
  })
}

async function decompress(request: FastifyRequest, maxBytes: number): Promise<Uint8Array> {
  const body = (request.body ?? Buffer.alloc(0)) as Buffer
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (encoding === 'identity' || encoding === '') return body
  const decode = decoders[encoding]
  if (decode === undefined) {
    throw new DavyError('UNSUPPORTED_ENCODING', 'The body has an encoding that is not taken here.', {
      expected: `${Object.keys(decoders).join(', ')} or identity`,
      got: JSON.stringify(encoding.slice(0, 40)),
      where: 'header content-encoding',
    })
  }
  try {
    return await decode(body, { maxOutputLength: maxBytes })
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new DavyError('BODY_TOO_LARGE', 'The body is too large after decompression.', {
        expected: `at most ${maxBytes} bytes`,
        got: `more, from ${body.length} compressed bytes`,
      })
    }
    throw new DavyError('BAD_ENCODING', `The body is not valid ${encoding}.`, {
      expected: `a whole ${encoding} stream`,
      got: cause instanceof Error ? cause.message : String(cause),
      where: 'body',
    })
  }
}

/** Every failure of an OTLP route as google.rpc.Status, in the request's own encoding. */
function sendStatus(error: unknown, request: FastifyRequest, reply: FastifyReply, { metrics }: Services): FastifyReply {
  const problem = problemOf(error as Error & { code: string }, request)
  if (problem.status >= 500) request.log.error({ err: error, code: problem.code }, 'telemetry was not taken')
  metrics.requestErrors.inc({ code: problem.code })
  const signal = request.routeOptions.url?.split('/').at(-1) ?? 'unknown'
  metrics.ingestRequests.inc({ signal, protocol: 'otlp-http', outcome: problem.code.toLowerCase() })
  const retryAfter = error instanceof DavyError ? error.retryAfterSeconds : undefined
  if (retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(retryAfter)))
  const encoding = encodingOf(request.headers['content-type']) ?? 'json'
  const message = failureSentence(problem.detail, problem)
  return reply
    .code(problem.status)
    .type(contentTypes[encoding])
    .send(Buffer.from(statusResponse(encoding, grpcCodes[problem.status] ?? 13, message)))
}
