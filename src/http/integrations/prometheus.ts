import { Type } from 'typebox'
import type { Deployment } from '../../domain/deployment.ts'
import type { Controller } from '../../engine/workloads/workload.ts'
import type { App, Services } from '../services.ts'
import { type DeploymentGate, deploymentGate } from './deployment-gate.ts'
import { readScoreQuery, type ScoreMetric, type ScoreQuery } from './score-query.ts'
import { undecidedScore } from './workload-gate.ts'

const form = 'application/x-www-form-urlencoded'
const path = '/integrations/prometheus/api/v1/query'

/** Clients send time, timeout and more; what is there now is the answer to all of it. */
const querySchema = Type.Object({ query: Type.Optional(Type.String({ maxLength: 4000 })) })

const answers = {
  200: 'A vector of one sample, or of none.',
  400: { text: 'The query is none that is answered here.', types: ['application/json'] },
}

type Sample = { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] }

/**
 * Verdicts in the shape of Prometheus' instant query, for a Flagger MetricTemplate or Argo's prometheus provider. It
 * opens no deployment. A MetricTemplate knows pass and fail and no third answer, so it is no gate.
 */
export function prometheusRoutes(app: App, services: Services): void {
  const answer = async (text: string | undefined) => {
    const query = readScoreQuery(text ?? '')
    if (typeof query === 'string')
      return { status: 400, body: { status: 'error', errorType: 'bad_data', error: query } }
    return {
      status: 200,
      body: { status: 'success', data: { resultType: 'vector', result: await samples(services, query) } },
    }
  }
  const schema = { tags: ['integrations'] }
  const config = { role: 'gate', answers } as const
  app.get(path, { config, schema: { ...schema, querystring: querySchema } }, async (request, reply) => {
    const { status, body } = await answer(request.query.query)
    return reply.code(status).send(body)
  })
  app.register(async (scope) => {
    scope.addContentTypeParser(form, { parseAs: 'string', bodyLimit: 2 ** 14 }, (_request, text, done) =>
      done(null, Object.fromEntries(new URLSearchParams(text.toString()))),
    )
    scope.post<{ Body: { readonly query?: string } | undefined }>(
      path,
      {
        config: { ...config, contentTypes: [form] },
        schema: { ...schema, consumes: [form, 'application/json'], body: querySchema },
      },
      async (request, reply) => {
        const { status, body } = await answer(request.body?.query)
        return reply.code(status).send(body)
      },
    )
  })
}

async function samples(services: Services, query: ScoreQuery): Promise<readonly Sample[]> {
  const now = services.now() / 1000
  if (query.type === 'vector') return [{ metric: {}, value: [now, String(query.value)] }]
  const deployment = await deploymentOf(services, query.labels)
  if (deployment === null) return []
  const { id, service, environment } = deployment
  const answered = await deploymentGate(services, id, null)
  services.polled(id)
  const metric = { __name__: query.metric, ...query.labels, id, service, environment, verdict: answered.gate.verdict }
  return [{ metric, value: [now, String(valueIn(query.metric, answered))] }]
}

function valueIn(metric: ScoreMetric, { gate, verdict }: DeploymentGate): number {
  if (metric !== 'davy_score') return metric === `davy_${gate.verdict}` ? 1 : 0
  // A gate that waits in other words than the verdict's own does not trust it: too old, observed, switched off, closed.
  const isTrusted = gate.verdict !== 'wait' || gate.reason === verdict.reason.summary
  return isTrusted ? gate.score : undecidedScore
}

/** The newest deployment that all labels fit; null when there is none. */
async function deploymentOf(
  { deployments, workloads }: Services,
  labels: Extract<ScoreQuery, { type: 'series' }>['labels'],
): Promise<Deployment | null> {
  const { namespace, name, controller = 'flagger' } = labels
  await deployments.refresh()
  const fits = (each: Deployment) =>
    (labels.id === undefined || each.id === labels.id) &&
    (labels.service === undefined || each.service === labels.service) &&
    (labels.environment === undefined || each.environment === labels.environment)
  if (namespace === undefined && name === undefined) return deployments.list().find(fits) ?? null
  const newest = await workloads.newest({
    controller: controller as Controller,
    namespace: namespace ?? '',
    name: name ?? '',
  })
  return newest !== null && fits(newest) ? newest : null
}
