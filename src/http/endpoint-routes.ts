import { randomBytes } from 'node:crypto'
import { Type } from 'typebox'
import { newWebhookSecret } from '../platform/webhook-secret.ts'
import { endpointSchema, idParams, pageQuery } from './schemas.ts'
import type { App, Services } from './services.ts'

const deliveriesQuery = Type.Object(
  {
    deploymentId: Type.Optional(Type.String()),
    endpoint: Type.Optional(Type.String()),
    state: Type.Optional(Type.Enum(['pending', 'delivered', 'failed'])),
    ...pageQuery,
  },
  { additionalProperties: false },
)

/** Who gets verdicts by webhook, and what became of each of them. */
export function endpointRoutes(app: App, { endpoints, deliverer, stopping }: Services): void {
  const viewer = { role: 'viewer' } as const
  const operator = { role: 'operator' } as const

  app.get('/api/v1/endpoints', { config: viewer, schema: { tags: ['endpoints'] } }, async () => {
    await endpoints.refresh()
    return { items: endpoints.list() }
  })

  app.post(
    '/api/v1/endpoints',
    { config: operator, schema: { tags: ['endpoints'], body: endpointSchema } },
    async ({ body }, reply) => {
      const secret = newWebhookSecret(randomBytes(32))
      const endpoint = await endpoints.add(body.url, body.events ?? ['verdict.changed'], secret)
      reply.code(201).header('location', `/api/v1/endpoints/${endpoint.id}`).header('cache-control', 'no-store')
      return { ...endpoint, secret }
    },
  )

  app.get(
    '/api/v1/endpoints/:id',
    { config: viewer, schema: { tags: ['endpoints'], params: idParams } },
    async ({ params }) => {
      await endpoints.refresh()
      return endpoints.get(params.id)
    },
  )

  app.delete(
    '/api/v1/endpoints/:id',
    { config: operator, schema: { tags: ['endpoints'], params: idParams } },
    async ({ params }, reply) => {
      await endpoints.refresh()
      await endpoints.remove(params.id)
      return reply.code(204).send()
    },
  )

  app.post(
    '/api/v1/endpoints/:id/test',
    { config: operator, schema: { tags: ['endpoints'], params: idParams } },
    ({ params }) => deliverer.test(params.id, stopping),
  )

  app.get(
    '/api/v1/deliveries',
    { config: viewer, schema: { tags: ['endpoints'], querystring: deliveriesQuery } },
    async ({ query }) => {
      await deliverer.refresh()
      const limit = Number(query.limit ?? 50)
      const matching = deliverer
        .list()
        .filter((each) => query.deploymentId === undefined || each.deploymentId === query.deploymentId)
        .filter((each) => query.endpoint === undefined || each.endpoint === query.endpoint)
        .filter((each) => query.state === undefined || each.state === query.state)
        .filter((each) => query.cursor === undefined || each.id < query.cursor)
      const items = matching.slice(0, limit)
      return { items, nextCursor: matching.length > limit ? (items.at(-1)?.id ?? null) : null }
    },
  )

  app.post(
    '/api/v1/deliveries/:id/replay',
    { config: operator, schema: { tags: ['endpoints'], params: idParams } },
    ({ params }) => deliverer.replay(params.id, stopping),
  )
}
