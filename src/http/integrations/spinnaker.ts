import { Type } from 'typebox'
import type { GateAnswer } from '../gate.ts'
import { idParams, present, registrationSchema, toSelector } from '../schemas.ts'
import type { App, Services } from '../services.ts'
import { type DeploymentGate, deploymentGate, isOver } from './deployment-gate.ts'

const runSchema = Type.Object(
  {
    ...registrationSchema.properties,
    executionId: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        description: 'a repeated call with the same one opens nothing anew',
      }),
    ),
    step: Type.Optional(
      Type.String({ minLength: 1, maxLength: 253, description: 'each asks anew, as the stages of one pipeline do' }),
    ),
    weight: Type.Optional(Type.Number({ minimum: 0, maximum: 100 })),
  },
  { additionalProperties: false },
)

const stepQuery = Type.Object(
  { step: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })) },
  { additionalProperties: false },
)

const statuses = { promote: 'PROMOTE', rollback: 'ROLLBACK', wait: 'RUNNING' } as const

/** What `statusJsonPath` of a webhook stage reads. INCONCLUSIVE: it ended without an answer, and none will come. */
type RunStatus = {
  readonly status: 'RUNNING' | 'PROMOTE' | 'ROLLBACK' | 'INCONCLUSIVE'
  readonly statusUrl: string
  readonly progress: string
} & Omit<GateAnswer, 'verdict'>

/** The webhook stage of Spinnaker: a call that starts a run, an address that is polled, one that cancels. */
export function spinnakerRoutes(app: App, services: Services): void {
  const { deployments, workloads, bus } = services
  const tags = ['integrations']

  app.post(
    '/integrations/spinnaker/runs',
    {
      config: {
        role: 'gate',
        answers: { 202: 'It runs; how it stands.' },
        answerHeaders: { location: 'the address that is polled' },
      },
      schema: { tags, body: runSchema },
    },
    async ({ body }, reply) => {
      const { canary, baseline, executionId, step, weight, ...rest } = body
      const registration = present({
        ...rest,
        canary: toSelector(canary, '/canary'),
        baseline: baseline === undefined ? undefined : toSelector(baseline, '/baseline'),
      })
      const key = executionId === undefined ? undefined : `spinnaker/${executionId}`
      const { deployment, created } = await deployments.register(registration, key)
      if (created) bus.publish({ type: 'deployment', data: deployment })
      if (step !== undefined) await workloads.openStep(deployment.id, step, weight ?? null)
      const status = await runStatus(services, deployment.id, step)
      return reply.code(202).header('location', status.statusUrl).send(status)
    },
  )

  app.get(
    '/integrations/spinnaker/runs/:id',
    { config: { role: 'gate' }, schema: { tags, params: idParams, querystring: stepQuery } },
    async ({ params, query }, reply) => {
      reply.header('cache-control', 'no-store')
      return runStatus(services, params.id, query.step)
    },
  )

  app.post(
    '/integrations/spinnaker/runs/:id/cancel',
    { config: { role: 'gate' }, schema: { tags, params: idParams } },
    async ({ params }) => {
      await deployments.refresh()
      const { status } = deployments.get(params.id)
      const deployment = await deployments.closeOnce(params.id, 'aborted', 'spinnaker')
      if (status === 'open') bus.publish({ type: 'deployment', data: deployment })
      return { deploymentId: deployment.id, outcome: deployment.outcome }
    },
  )
}

async function runStatus(services: Services, id: string, step: string | undefined): Promise<RunStatus> {
  const found = await deploymentGate(services, id, step ?? null)
  services.polled(id)
  const { verdict, ...gate } = found.gate
  const query = step === undefined ? '' : `?step=${encodeURIComponent(step)}`
  return {
    status: isOver(found, services.killSwitch()) ? 'INCONCLUSIVE' : statuses[verdict],
    statusUrl: `${services.publicUrl}/integrations/spinnaker/runs/${id}${query}`,
    progress: progressOf(found),
    ...gate,
  }
}

function progressOf({ gate, deployment }: DeploymentGate): string {
  return deployment.outcome === null ? gate.reason : `${deployment.outcome}: ${gate.reason}`
}
