import { Type } from 'typebox'
import { DavyError } from '../../../domain/errors.ts'
import { instant } from '../../../engine/kayenta/canary-run.ts'
import { leftBy } from '../../left-by.ts'
import type { App, Services } from '../../services.ts'
import { gate, tags } from './kayenta-schemas.ts'

const descriptorsQuery = Type.Object({
  filter: Type.Optional(Type.String({ maxLength: 500 })),
  metricsAccountName: Type.Optional(Type.String()),
})
const mostDescriptors = 200

/** The fields of a query that come one by one; the others are lists, numbers, or of the scope. */
const scalars = ['metricName', 'resourceType', 'customInlineTemplate', 'service', 'operation', 'instrument'] as const
const text = Type.Optional(Type.String({ maxLength: 20_000 }))
const several = Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())]))
const fetchQuery = Type.Object({
  ...Object.fromEntries(scalars.map((name) => [name, text])),
  ...{ metricSetName: text, metricsAccountName: text, storageAccountName: text, customFilter: text, application: text },
  ...{ scope: text, location: text, dryRun: text, quantile: text, labelBindings: several, groupByFields: several },
  start: Type.String(),
  end: Type.String(),
  step: Type.String({ pattern: '^[1-9][0-9]{0,4}$', description: 'seconds' }),
})
const fetchParams = Type.Object({ type: Type.String() })

/** Accounts and what can be read from them: `/credentials`, `/metricsServices`, `/metadata`, `/fetch`. */
export function sourceRoutes(app: App, { kayenta, stopping }: Services): void {
  const config = gate

  app.get('/credentials', { config, schema: { tags } }, () => kayenta.accounts.credentials())

  app.get('/metricsServices', { config, schema: { tags } }, () => kayenta.accounts.metricsServices())

  app.get(
    '/metadata/metricsService',
    { config, schema: { tags, querystring: descriptorsQuery } },
    ({ query }, reply) => {
      const { source } = kayenta.accounts.resolve(query.metricsAccountName)
      return source.describe(query.filter ?? '', mostDescriptors, AbortSignal.any([stopping, leftBy(reply)]))
    },
  )

  app.post(
    '/fetch/:type/query',
    { config, schema: { tags, params: fetchParams, querystring: fetchQuery } },
    ({ params, query: given }, reply) => {
      const query = given as Readonly<Record<string, string | readonly string[] | undefined>>
      const one = (name: string): string => String(query[name] ?? '')
      if (one('customFilter') !== '') {
        const expected = 'customInlineTemplate'
        throw new DavyError('VALIDATION', 'customFilter is not supported.', { expected, where: '?customFilter' })
      }
      const asked = {
        account: one('metricsAccountName') === '' ? undefined : one('metricsAccountName'),
        dryRun: one('dryRun') === 'true',
        query: {
          metricName: one('metricSetName') || one('metricName'),
          query: { type: params.type, ...fieldsOf(query) },
          ...{ templates: {}, application: one('application') },
          scope: {
            ...{ scope: one('scope'), location: one('location'), parameters: {}, stepSeconds: Number(one('step')) },
            ...{ start: instant(one('start'), '?start'), end: instant(one('end'), '?end') },
          },
        },
      }
      return kayenta.lists.fetch(params.type, asked, AbortSignal.any([stopping, leftBy(reply)]))
    },
  )
}

function fieldsOf(query: Readonly<Record<string, string | readonly string[] | undefined>>): object {
  const plain = scalars.flatMap((name) => (query[name] === undefined ? [] : [[name, query[name]] as const]))
  const lists = (['labelBindings', 'groupByFields'] as const).flatMap((name) =>
    query[name] === undefined ? [] : [[name, [query[name]].flat()] as const],
  )
  const quantile = query.quantile === undefined ? [] : [['quantile', Number(query.quantile)] as const]
  return Object.fromEntries([...plain, ...lists, ...quantile])
}
