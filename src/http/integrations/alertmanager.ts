import { Type } from 'typebox'
import type { App, Services } from '../services.ts'

const text = (maxLength: number) => Type.String({ maxLength })
const labels = Type.Record(Type.String(), text(4096))

/** A message of Alertmanager's webhook, version 4; newer ones may send more. Source: Alertmanager, template.Data. */
const messageSchema = Type.Object({
  version: Type.Literal('4'),
  alerts: Type.Array(
    Type.Object({
      status: Type.Enum(['firing', 'resolved']),
      labels,
      annotations: Type.Optional(labels),
      startsAt: Type.String({ format: 'date-time' }),
      generatorURL: Type.Optional(text(4096)),
    }),
    { maxItems: 10_000 },
  ),
})

/**
 * Alerts of other systems as a signal: one that fires for the canary, or for its service and not for its baseline, holds
 * a promote, and counts as evidence where a template has a metric with `source: alerts`.
 */
export function alertmanagerRoutes(app: App, { alerts }: Services): void {
  app.post(
    '/integrations/alertmanager',
    {
      config: { role: 'gate' },
      bodyLimit: 4 * 2 ** 20,
      schema: { tags: ['integrations'], body: messageSchema },
    },
    async ({ body }) => {
      const received = body.alerts.map(({ status, labels: ofAlert, annotations, startsAt, generatorURL }) => ({
        ...{ status, labels: ofAlert, startsAt },
        summary: (annotations?.summary ?? annotations?.description ?? '').slice(0, 500),
        url: generatorURL !== undefined && /^https?:\/\//.test(generatorURL) ? generatorURL : null,
      }))
      const taken = await alerts.receive(received)
      return { received: taken, ignored: received.length - taken }
    },
  )
}
