import { Type } from 'typebox'
import type { ListKind } from '../../../engine/kayenta/canary-runs.ts'
import type { App, Services } from '../../services.ts'
import { gate, idAnswer, idParams, listBody, operator, removed, tags } from './kayenta-schemas.ts'

const kinds = [
  { path: '/metricSetList', kind: 'metric-set-list', idName: 'metricSetListId' },
  { path: '/metricSetPairList', kind: 'metric-set-pair-list', idName: 'metricSetPairListId' },
] as const satisfies readonly { readonly path: string; readonly kind: ListKind; readonly idName: string }[]

const pairParams = Type.Object({ id: Type.String(), pairId: Type.String() })

/** Series that were read: `/metricSetList`, and in pairs `/metricSetPairList`. */
export function listRoutes(app: App, { kayenta: { lists } }: Services): void {
  const byId = { tags, params: idParams }
  for (const { path, kind, idName } of kinds) {
    app.get(path, { config: gate, schema: { tags } }, () => lists.list(kind))

    app.post(
      path,
      { config: gate, bodyLimit: 8 * 2 ** 20, schema: { tags, body: listBody, response: idAnswer(idName) } },
      async ({ body }) => ({ [idName]: await lists.keep(kind, body) }),
    )

    app.get(`${path}/:id`, { config: gate, schema: byId }, ({ params }) => lists.get(kind, params.id))

    app.delete(
      `${path}/:id`,
      { config: { ...operator, answers: removed }, schema: byId },
      async ({ params }, reply) => {
        await lists.remove(kind, params.id)
        return reply.code(204).send()
      },
    )
  }

  app.get('/metricSetPairList/:id/:pairId', { config: gate, schema: { tags, params: pairParams } }, ({ params }) =>
    lists.pair(params.id, params.pairId),
  )
}
