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
      // Numbers that are not finite are strings here, which is what its clients read.
      app.setReplySerializer((payload) => kayentaJson(payload))
      // Some clients name JSON and send nothing, where all is in the query string.
      app.removeContentTypeParser('application/json')
      app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
        if (body === '') return done(null, undefined)
        app.getDefaultJsonParser('error', 'ignore')(_request, body as string, done)
      })
      configRoutes(app, services)
      canaryRoutes(app, services)
      judgeRoutes(app, services)
      listRoutes(app, services)
      sourceRoutes(app, services)
    },
    { prefix: '/kayenta' },
  )
}
