import { deployment } from './deployment.ts'
import { fleet } from './fleet.ts'
import { history } from './history.ts'
import { pipeline } from './pipeline.ts'
import { serviceHealth } from './service-health.ts'
import { slo } from './slo.ts'
import { webhooks } from './webhooks.ts'

/** The texts of all dashboards by the names of their files. */
export const dashboardFiles: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    'davy-fleet': fleet,
    'davy-deployment': deployment,
    'davy-history': history,
    'davy-slo': slo,
    'davy-service-health': serviceHealth,
    'davy-pipeline': pipeline,
    'davy-webhooks': webhooks,
  }).map(([uid, content]) => [`${uid}.json`, `${JSON.stringify(content, null, 2)}\n`]),
)
