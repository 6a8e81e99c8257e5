import { DavyError } from '../domain/errors.ts'
import { callerName } from './deployment-routes.ts'
import { killSwitchSchema } from './schemas.ts'
import type { App, Services } from './services.ts'

const tags = ['operations']

/** Is it alive, is it ready, what does it measure, and the switch that stops every gate. */
export function probeRoutes(app: App, services: Services): void {
  const { deployments, metrics, draining, storage } = services

  app.get('/livez', { config: { role: 'open' }, schema: { tags } }, () => ({ status: 'alive' }))

  app.get('/readyz', { config: { role: 'open' }, schema: { tags } }, async () => {
    if (draining.aborted) throw new DavyError('STOPPING', 'Davy is stopping.', { retryAfterSeconds: 5 })
    if (!services.isReady()) throw new DavyError('STOPPING', 'Davy is starting.', { retryAfterSeconds: 1 })
    await storage.query('SELECT 1')
    return { status: 'ready' }
  })

  const produces = ['text/plain', 'application/openmetrics-text']
  app.get('/metrics', { config: { role: 'viewer' }, schema: { tags, produces } }, async (request, reply) => {
    services.measure()
    const { contentType, body } = await metrics.render(request.headers.accept)
    return reply.type(contentType).send(body)
  })

  app.get('/api/v1/kill-switch', { config: { role: 'viewer' }, schema: { tags } }, async () => {
    await deployments.refresh()
    return services.killSwitch() ?? { on: false }
  })

  app.put(
    '/api/v1/kill-switch',
    { config: { role: 'admin' }, schema: { tags, body: killSwitchSchema } },
    async (request) => {
      const { on, reason } = request.body
      await deployments.setKillSwitch(on, callerName(request), reason)
      request.log.warn({ on, reason, by: callerName(request) }, 'the kill switch was set')
      return services.killSwitch() ?? { on: false }
    },
  )
}
