import { deliveriesQuery } from './endpoint-schemas.ts'
import { idParams } from './schemas.ts'
import type { App, Services } from './services.ts'

/** What became of every message of the last week, what waits or died within it, and sending one again. */
export function deliveryRoutes(app: App, { deliverer, stopping }: Services): void {
  app.get(
    '/api/v1/deliveries',
    { config: { role: 'viewer' }, schema: { tags: ['endpoints'], querystring: deliveriesQuery } },
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
    { config: { role: 'operator' }, schema: { tags: ['endpoints'], params: idParams } },
    ({ params }) => deliverer.replay(params.id, stopping),
  )
}
