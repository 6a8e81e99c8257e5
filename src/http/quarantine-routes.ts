import { setTimeout as sleep } from 'node:timers/promises'
import { Type } from 'typebox'
import { readDelimited } from '../engine/ingest/delimited.ts'
import type { QuarantinedBody } from '../engine/ingest/quarantine-record.ts'
import { type Preview, previewOf } from '../receivers/otlp/preview.ts'
import { type Message, requests } from '../receivers/otlp/schema.ts'
import { idParams, pageQuery } from './schemas.ts'
import type { App, Services } from './services.ts'

const listQuery = Type.Object(pageQuery, { additionalProperties: false })
const schema = { tags: ['quarantine'] }
/** Bodies hold what senders put into their telemetry, so that they are no reading for every viewer. */
const config = { role: 'operator' } as const

/** How long the answer to a retry waits for what becomes of it. */
const retryPatienceMs = 10_000
/** Of a segment with many bodies the first ones are shown. */
const shownBodies = 3

/** What the storage would not take: look at it, put it back, or delete it. */
export function quarantineRoutes(app: App, { ingest, metrics, log, stopping }: Services): void {
  const { quarantine } = ingest

  app.get('/api/v1/quarantine', { config, schema: { ...schema, querystring: listQuery } }, ({ query }) => {
    const limit = Number(query.limit ?? 50)
    const all = quarantine.list()
    const after = query.cursor === undefined ? 0 : all.findIndex(({ id }) => id === query.cursor) + 1
    const items = all.slice(after, after + limit)
    return {
      items: items.map(viewOf),
      nextCursor: after + limit < all.length ? (items.at(-1)?.id ?? null) : null,
      total: { bodies: all.reduce((sum, { bodies }) => sum + Math.max(1, bodies), 0), bytes: quarantine.bytes },
    }
  })

  app.get(
    '/api/v1/quarantine/:id',
    { config, schema: { ...schema, params: idParams, produces: ['application/json', 'application/octet-stream'] } },
    async ({ params, headers }, reply) => {
      const body = quarantine.get(params.id)
      const bytes = await quarantine.read(params.id)
      reply.header('cache-control', 'no-store').header('vary', 'accept')
      if (!/\bapplication\/octet-stream\b/.test(headers.accept ?? '')) {
        return { ...viewOf(body), previews: previewsOf(body, bytes) }
      }
      return reply
        .type('application/octet-stream')
        .header('content-disposition', `attachment; filename="${body.id.replaceAll(/[^\w-]/g, '_')}.pb"`)
        .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    },
  )

  app.post(
    '/api/v1/quarantine/:id/retry',
    {
      config: { ...config, answers: { 200: 'What became of it.', 202: 'It is tried; nothing has come of it yet.' } },
      schema: { ...schema, params: idParams },
    },
    async ({ params, caller }, reply) => {
      const { signal } = quarantine.get(params.id)
      const { outcome } = await ingest.retry(params.id)
      log.info({ id: params.id, signal, by: caller?.name }, 'a body was put back from quarantine')
      void outcome.then((settled) => metrics.ingestQuarantineRetries.inc({ signal, outcome: settled }))
      const waiting = sleep(retryPatienceMs, 'waiting' as const, { signal: stopping }).catch(() => 'waiting' as const)
      const settled = await Promise.race([outcome, waiting])
      if (settled === 'stored') return { id: params.id, outcome: settled }
      reply.code(settled === 'waiting' ? 202 : 200)
      return { ...viewOf(quarantine.get(params.id)), outcome: settled }
    },
  )

  app.delete(
    '/api/v1/quarantine/:id',
    { config: { ...config, answers: { 204: 'It is deleted.' } }, schema: { ...schema, params: idParams } },
    async ({ params, caller }, reply) => {
      const { signal, bytes } = quarantine.get(params.id)
      await quarantine.remove(params.id)
      log.warn({ id: params.id, signal, bytes, by: caller?.name }, 'a body was deleted from quarantine')
      return reply.code(204).send()
    },
  )
}

function viewOf({ isRetrying, quarantinedAt, ...body }: QuarantinedBody) {
  return {
    ...body,
    quarantinedAt: new Date(quarantinedAt).toISOString(),
    state: isRetrying ? ('retrying' as const) : ('kept' as const),
  }
}

function previewsOf({ signal, bodies }: QuarantinedBody, bytes: Uint8Array): readonly Preview[] {
  const message = (requests as Readonly<Record<string, Message>>)[signal] ?? null
  const shown = bodies > 1 ? readDelimited(bytes).bodies.slice(0, shownBodies) : [bytes]
  return shown.map((body) => previewOf(message, body))
}
