import { randomUUID } from 'node:crypto'
import { Type } from 'typebox'
import type { App, Services } from '../../services.ts'
import { gate, idAnswer, idParams, objectBody, operator, removed, tags } from './kayenta-schemas.ts'

const listQuery = Type.Object({
  application: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
})
const answer = idAnswer('canaryConfigId')

/** Canary configs: `/canaryConfig`. */
export function configRoutes(app: App, { kayenta: { configs } }: Services): void {
  app.get('/canaryConfig', { config: gate, schema: { tags, querystring: listQuery } }, ({ query }) => {
    const given = [query.application ?? []].flat()
    // A client that joins its parameters by hand sends an empty one for none.
    return configs.list(given.flatMap((each) => each.split(',')).filter((each) => each !== ''))
  })

  app.post(
    '/canaryConfig',
    { config: operator, schema: { tags, body: objectBody, response: answer } },
    async ({ body }) => ({ canaryConfigId: await configs.add(body, randomUUID) }),
  )

  app.get('/canaryConfig/:id', { config: gate, schema: { tags, params: idParams } }, ({ params }) =>
    configs.get(params.id),
  )

  app.put(
    '/canaryConfig/:id',
    { config: operator, schema: { tags, params: idParams, body: objectBody, response: answer } },
    async ({ params, body }) => ({ canaryConfigId: await configs.replace(params.id, body) }),
  )

  app.delete(
    '/canaryConfig/:id',
    { config: { ...operator, answers: removed }, schema: { tags, params: idParams } },
    async ({ params }, reply) => {
      await configs.remove(params.id)
      return reply.code(204).send()
    },
  )
}
