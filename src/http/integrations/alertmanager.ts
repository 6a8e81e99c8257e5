import { Type } from 'typebox'
import type { App, Services } from '../services.ts'

const labels = Type.Record(Type.String(), Type.String())

/** A longer link is none. */
const longestUrl = 4096

/**
 * A message of Alertmanager's webhook, version 4; newer ones may send more. Source: Alertmanager, template.Data. Texts
 * may be as long as the body: a message that is refused is not sent again, with all the alerts in it.
 */
const messageSchema = Type.Object({
  version: Type.Literal('4'),
  alerts: Type.Array(
    Type.Object({
      status: Type.Enum(['firing', 'resolved']),
      labels,
      annotations: Type.Optional(labels),
      startsAt: Type.String({ format: 'date-time' }),
      generatorURL: Type.Optional(Type.String()),
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
        url: isLink(generatorURL) ? generatorURL : null,
      }))
      const taken = await alerts.receive(received)
      return { received: taken, ignored: received.length - taken }
    },
  )
}

function isLink(text: string | undefined): text is string {
  return text !== undefined && text.length <= longestUrl && /^https?:\/\//.test(text)
}
