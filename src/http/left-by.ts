import type { FastifyReply } from 'fastify'

/** Aborts when nobody waits for the answer any more. */
export function leftBy(reply: FastifyReply): AbortSignal {
  const left = new AbortController()
  reply.raw.once('close', () => left.abort())
  return left.signal
}
