import { DavyError } from '../../../domain/errors.ts'
import { kayentaJson } from '../../../engine/kayenta/plain-json.ts'
import type { App, Services } from '../../services.ts'
import { canaryRoutes } from './canary-routes.ts'
import { configRoutes } from './config-routes.ts'
import { judgeRoutes } from './judge-routes.ts'
import { answerAsKayenta } from './kayenta-problems.ts'
import { listRoutes } from './list-routes.ts'
import { sourceRoutes } from './source-routes.ts'

/**
 * Kayenta's API below `/kayenta`, for clients that are given that as the address of their Kayenta: Argo Rollouts,
 * Spinnaker, and a Kayenta whose judge is elsewhere.
 */
export function kayentaRoutes(root: App, services: Services): void {
  root.register(
    async (scope) => {
      const app = scope as App
      answerAsKayenta(app, services)
      // The root refuses unknown paths before this is asked; with it they are this scope's, and answered in its shape.
      app.setNotFoundHandler(async () => {
        throw new DavyError('NOT_FOUND', 'Nothing is at this path.')
      })
      // Numbers that are not finite are strings here, which is what its clients read.
      app.setReplySerializer((payload) => kayentaJson(payload))
      configRoutes(app, services)
      canaryRoutes(app, services)
      judgeRoutes(app, services)
      listRoutes(app, services)
      sourceRoutes(app, services)
    },
    { prefix: '/kayenta' },
  )
}
