import type { FastifyReply } from 'fastify'

/** Nothing is allowed but our own style and pictures that are part of the page. */
export const pagePolicy =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"

/** Answers with a page that may run no script, load nothing foreign, and be shown in no frame. */
export function sendPage(reply: FastifyReply, markup: string): FastifyReply {
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', pagePolicy)
    .header('referrer-policy', 'no-referrer')
    .header('cache-control', 'no-store')
    .serializer((text: string) => text)
    .send(markup)
}
