import type { App, Services } from '../services.ts'
import { announcedQuery, ignored, type Told, taken } from './announced.ts'
import { fluxSchema, readFluxEvent } from './flux-event.ts'
import { isSigned, sha256Of, signedScope } from './signed-scope.ts'

type Event = Parameters<typeof readFluxEvent>[0]

/**
 * Events of Flux: a Provider of type generic sends a token in a header, one of type generic-hmac signs. Either begins or
 * ends what is judged.
 */
export function fluxRoutes(app: App, services: Services): void {
  const schema = { tags: ['integrations'], body: fluxSchema, querystring: announcedQuery }
  const options = { bodyLimit: 2 ** 18, schema }

  const answers = { 202: 'What it was taken for.' }

  app.post('/integrations/flux', { ...options, config: { role: 'gate', answers } }, async ({ body, query }, reply) => {
    reply.code(202)
    return take(services, body, query)
  })

  const by = {
    ...{ name: 'flux', header: 'X-Signature' },
    proof: (got, body, secrets) => isSigned(sha256Of(got['x-signature']), body, secrets),
  } satisfies Parameters<typeof signedScope>[2]
  signedScope(app, services, by, (scope) => {
    scope.post(
      '/integrations/flux/hmac',
      { ...options, config: { role: 'open', answers }, schema: { ...schema, security: [{ flux: [] }] } },
      async ({ body, query }, reply) => {
        reply.code(202)
        return take(services, body, query)
      },
    )
  })
}

async function take({ announcements }: Services, event: Event, query: Told) {
  const news = readFluxEvent(event, query)
  return 'ignored' in news ? ignored(news.ignored) : taken(await announcements.take(news))
}
