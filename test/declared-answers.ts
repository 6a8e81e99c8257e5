import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

type Operation = { readonly responses: Readonly<Record<string, { readonly content?: object }>> }
type Document = { readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>> }

/**
 * Compares every answer of the fastify apps that `start` makes with their `/openapi.json`: its status, and the media type
 * of what it holds. What the document does not speak of, pages and unknown paths, is left alone.
 * @returns what `start` does, and the answers so far that the document does not declare, each once.
 */
export async function watchAnswers<T>(start: () => Promise<T>): Promise<readonly [T, () => readonly string[]]> {
  const undeclared = new Set<string>()
  const watch = (message: unknown) => {
    const app = (message as { readonly fastify: FastifyInstance }).fastify
    app.addHook('onResponse', async (request, reply) => {
      const found = app.hasDecorator('swagger')
        ? undeclaredIn(app.swagger() as unknown as Document, request, reply)
        : null
      if (found !== null) undeclared.add(found)
    })
  }
  subscribe('fastify.initialization', watch)
  try {
    return [await start(), () => [...undeclared]]
  } finally {
    unsubscribe('fastify.initialization', watch)
  }
}

function undeclaredIn({ paths }: Document, request: FastifyRequest, reply: FastifyReply): string | null {
  const { url = '' } = request.routeOptions
  const method = request.method === 'HEAD' ? 'get' : request.method.toLowerCase()
  const operation = paths?.[url.replaceAll(/:(\w+)/g, '{$1}')]?.[method]
  // Who left before the answer was not answered.
  if (operation === undefined || !reply.raw.headersSent) return null
  const { statusCode } = reply
  const declared = operation.responses[statusCode] ?? operation.responses[`${Math.floor(statusCode / 100)}XX`]
  const answered = `${request.method} ${url} ${statusCode}`
  if (declared === undefined) return answered
  const type = String(reply.getHeader('content-type') ?? '').split(';', 1)[0]!
  return type === '' || type in (declared.content ?? {}) ? null : `${answered} ${type}`
}
