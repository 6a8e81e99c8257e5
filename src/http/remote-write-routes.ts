import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { DavyError } from '../domain/errors.ts'
import { remoteWrite } from '../receivers/index.ts'
import { type TakenWrite, versionOf, type WriteVersion, writeContentTypes } from '../receivers/remote-write/receive.ts'
import { problemOf } from './problem.ts'
import { readBody } from './read-body.ts'
import type { Services } from './services.ts'
import { unsnap } from './unsnap.ts'

const counters = ['samples', 'histograms', 'exemplars'] as const
type Written = Pick<TakenWrite, (typeof counters)[number]>

const nothing: Written = { samples: 0, histograms: 0, exemplars: 0 }

/**
 * Prometheus remote write 1.0 and 2.0: a body is answered with 204 once it is on disk, checked to its depth, and counted.
 * What cannot be taken of it is answered with 400 and told, and the rest is stored all the same, as 2.0 wants it.
 */
export function remoteWriteRoutes(root: FastifyInstance, services: Services): void {
  const { inFlight, ingestLimits, metrics } = services
  root.register(async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, stream, done) => done(null, stream))
    app.setErrorHandler((error, request, reply) => sendFailure(error, request, reply, services))
    app.post(
      '/api/v1/write',
      {
        bodyLimit: ingestLimits.maxBodyBytes,
        config: {
          ...{ role: 'ingest', answers: { 204: 'All of it is on disk.' } },
          takes: { 'application/x-protobuf': { type: 'string', format: 'binary', description: 'snappy' } },
        },
        schema: { tags: ['remote write'] },
      },
      async (request, reply) => {
        const version = checkHeaders(request)
        tellWritten(reply, version, nothing)
        const hold = inFlight.hold()
        try {
          const { body: stream, headers } = request
          const wire = await readBody(
            { body: stream, headers: { 'content-length': headers['content-length'] } },
            ingestLimits,
            hold,
          )
          const body = unsnap(wire, ingestLimits.maxDecompressedBytes)
          hold.set(wire.length + body.length)
          const taken = await take(version, body, services)
          tellWritten(reply, version, taken)
          if (taken.rejected.length > 0) throw partialWrite(taken)
        } finally {
          hold.release()
        }
        metrics.ingestRequests.inc({ signal: 'metrics', protocol: 'remote-write', outcome: 'accepted' })
        return reply.code(204).send()
      },
    )
  })
}

/** @throws DavyError UNSUPPORTED_MEDIA_TYPE, UNSUPPORTED_ENCODING: senders then try another version. */
function checkHeaders({ headers }: FastifyRequest): WriteVersion {
  const version = versionOf(headers['content-type'])
  if (version === null) {
    throw new DavyError('UNSUPPORTED_MEDIA_TYPE', 'This is no message of Prometheus remote write that is taken here.', {
      expected: writeContentTypes,
      got: JSON.stringify((headers['content-type'] ?? '').slice(0, 100)),
      where: 'header content-type',
    })
  }
  // Old senders of 1.0 do not name the only encoding that there is.
  const encoding = (headers['content-encoding'] ?? 'snappy').trim().toLowerCase()
  if (encoding !== 'snappy') {
    throw new DavyError('UNSUPPORTED_ENCODING', 'The body has an encoding that is not taken here.', {
      expected: 'snappy',
      got: JSON.stringify(encoding.slice(0, 40)),
      where: 'header content-encoding',
    })
  }
  return version
}

/** @throws DavyError BAD_REMOTE_WRITE with the place of the fault, BODY_TOO_LARGE, and as `Ingest.accept`. */
async function take(version: WriteVersion, body: Uint8Array, services: Services): Promise<TakenWrite> {
  const { ingest, ingestLimits, metrics, now, retentionRawDays } = services
  const limits = { nowMs: now(), ttlMs: retentionRawDays['remote-write'] * 86_400_000 }
  const received = remoteWrite.receive(version, body, limits, ingestLimits.maxDecompressedBytes)
  if (!received.ok) {
    const { expected, got, where, offset } = received.error
    throw new DavyError('BAD_REMOTE_WRITE', `The body is not a message of Prometheus remote write ${version}.`, {
      expected,
      got,
      where: `${where} at byte ${offset}`,
    })
  }
  if (received.body.length > 0) await ingest.accept('remote-write', received.body, received.kinds.keys())
  metrics.ingestItems.inc({ signal: 'metrics', outcome: 'accepted' }, received.samples + received.histograms)
  for (const { reason, count } of received.rejected) {
    metrics.ingestItems.inc({ signal: 'metrics', outcome: 'rejected' }, count)
    metrics.ingestRejectedItems.inc({ signal: 'metrics', reason }, count)
  }
  if (received.nonFinite > 0) metrics.ingestNonFinitePoints.inc(received.nonFinite)
  return received
}

function partialWrite({ rejected, samples, histograms, exemplars }: TakenWrite): DavyError {
  const reasons = rejected.map(({ reason, count, example }) => `${count} × ${reason}, the first: ${example}`)
  const taken = `${samples} samples, ${histograms} histograms and ${exemplars} exemplars were taken`
  return new DavyError('BAD_REMOTE_WRITE', `Not all could be taken: ${reasons.join('; ')}. Of the rest ${taken}.`)
}

/** What has been written, as 2.0 wants every answer to say; a sender of 1.0 does not know of it. */
function tellWritten(reply: FastifyReply, version: WriteVersion, written: Written): void {
  if (version === '1.0') return
  for (const name of counters) {
    reply.header(`x-prometheus-remote-write-${name}-written`, String(written[name]))
  }
}

/** Every failure as a problem on one line, which senders log. */
function sendFailure(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  { metrics }: Services,
): FastifyReply {
  const problem = problemOf(error as Error & { code: string }, request)
  // Prometheus throws away what is answered with 429 unless it is told not to, and sends again after any 5xx.
  const status = problem.status === 429 ? 503 : problem.status
  if (status >= 500) request.log.error({ err: error, code: problem.code }, 'telemetry was not taken')
  metrics.requestErrors.inc({ code: problem.code })
  metrics.ingestRequests.inc({ signal: 'metrics', protocol: 'remote-write', outcome: problem.code.toLowerCase() })
  const retryAfter = error instanceof DavyError ? error.retryAfterSeconds : undefined
  if (retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(retryAfter)))
  // Who stalls would keep the connection open, too.
  if (problem.status === 408) reply.header('connection', 'close')
  const body = JSON.stringify({ ...problem, status })
  return reply
    .code(status)
    .type('application/problem+json')
    .serializer((text: string) => text)
    .send(body)
}
