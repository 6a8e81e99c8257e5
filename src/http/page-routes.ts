import type { Deployment } from '../domain/deployment.ts'
import type { Look } from '../domain/look.ts'
import type { Verdict } from '../domain/verdict.ts'
import { renderDeployment } from '../report/deployment-page.ts'
import { renderFleet } from '../report/fleet-page.ts'
import type { ReportDelivery, ReportLook } from '../report/report-input.ts'
import { styleSheet } from '../report/style.ts'
import { reportLogs } from './report-logs.ts'
import { idParams } from './schemas.ts'
import { sendPage } from './send-page.ts'
import type { App, Services } from './services.ts'

/** The pages that people look at. No script, no foreign origin. */
export function pageRoutes(app: App, services: Services): void {
  const { deployments, looks, explanations, deliverer, now, newestVerdict } = services

  app.get('/assets/davy.css', { config: { role: 'open' }, schema: { hide: true } }, (_request, reply) =>
    reply.type('text/css; charset=utf-8').header('cache-control', 'public, max-age=300').send(styleSheet),
  )

  app.get('/', { config: { role: 'viewer' }, schema: { hide: true } }, async (_request, reply) => {
    await deployments.refresh()
    const shown = deployments.list().slice(0, 200)
    const verdicts = await looks.newest(shown.map(({ id }) => id))
    // Of one that was closed before its first look there is nothing to say.
    const verdictOf = async ({ id, status }: Deployment): Promise<Verdict | null> =>
      verdicts.get(id) ?? (status === 'open' ? await newestVerdict(id) : null)
    const rows = await Promise.all(
      shown.map(async (deployment) => ({ deployment, verdict: await verdictOf(deployment) })),
    )
    return sendPage(reply, renderFleet({ deployments: rows, now: now() }))
  })

  app.get(
    '/deployments/:id',
    { config: { role: 'viewer' }, schema: { hide: true, params: idParams } },
    async ({ params }, reply) => {
      // Takes in what is new of deployments, too.
      const verdict = await newestVerdict(params.id)
      await deliverer.refresh()
      const deployment = deployments.get(params.id)
      const rows = await looks.list(params.id)
      const html = renderDeployment({
        deployment,
        verdict,
        looks: rows.flatMap(reportLook),
        calibration: rows[0]?.evidence.calibration ?? null,
        checks: services.checksOf(deployment),
        explanation: await explanations.newestOf(params.id),
        logs: reportLogs(await services.logTemplates.compare(deployment, untilOf(deployment, now()))),
        deliveries: reportDeliveries(deliverer.list(), deployment),
        now: now(),
        nextLookAt: services.nextLookAt(deployment),
        queries: services.sources.show(deployment),
      })
      return sendPage(reply, html)
    },
  )
}

/** Unix milliseconds up to which a deployment's telemetry is its own. */
function untilOf({ endedAt }: Deployment, now: number): number {
  return endedAt === null ? now : Date.parse(endedAt)
}

function reportLook({ look, at, evidence, verdict }: Look): ReportLook[] {
  if (evidence.slice === null) return []
  const { decision, reason, confidence } = verdict
  return [
    {
      look,
      at,
      slice: evidence.slice,
      decision,
      code: reason.code,
      eValue: confidence.eValue,
      promoteEValue: confidence.promoteEValue,
      metrics: verdict.metrics.map(metricOf),
    },
  ]
}

function metricOf({ name, eValue, promoteEValue, effect }: Verdict['metrics'][number]): ReportLook['metrics'][number] {
  return { name, eValue, promoteEValue, effect }
}

function reportDeliveries(
  all: ReturnType<Services['deliverer']['list']>,
  deployment: Deployment,
): readonly ReportDelivery[] {
  return all
    .filter(({ deploymentId, state }) => deploymentId === deployment.id && state !== 'skipped')
    .flatMap(({ endpoint, messageId, state, attempts }) =>
      attempts.map(({ at, outcome, status, attempt, note }, index) => {
        const isLast = index === attempts.length - 1 && state === 'failed'
        const shown = isLast && outcome === 'retry' ? 'failed' : outcome
        return { endpoint, messageId, at, outcome: shown, status, attempt, note }
      }),
    )
    .sort((a, b) => (a.at < b.at ? -1 : 1))
}
