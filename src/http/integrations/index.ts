import type { App, Services } from '../services.ts'
import { alertmanagerRoutes } from './alertmanager.ts'
import { argoCdRoutes } from './argo-cd.ts'
import { argoRolloutsRoutes } from './argo-rollouts.ts'
import { azureRoutes } from './azure.ts'
import { cloudeventsRoutes } from './cloudevents.ts'
import { flaggerRoutes } from './flagger.ts'
import { fluxRoutes } from './flux.ts'
import { githubRoutes } from './github.ts'
import { gitlabRoutes } from './gitlab.ts'
import { kayentaRoutes } from './kayenta/kayenta-routes.ts'
import { prometheusRoutes } from './prometheus.ts'
import { spinnakerRoutes } from './spinnaker.ts'

/** The systems that call Davy in their own words. */
export const integrations: readonly ((app: App, services: Services) => void)[] = [
  alertmanagerRoutes,
  argoCdRoutes,
  argoRolloutsRoutes,
  azureRoutes,
  cloudeventsRoutes,
  flaggerRoutes,
  fluxRoutes,
  githubRoutes,
  gitlabRoutes,
  kayentaRoutes,
  prometheusRoutes,
  spinnakerRoutes,
]
