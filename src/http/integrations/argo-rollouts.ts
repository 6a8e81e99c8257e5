import { type Static, type TSchema, Type } from 'typebox'
import type { Deployment } from '../../domain/deployment.ts'
import { strategies } from '../../domain/deployment.ts'
import { DavyError } from '../../domain/errors.ts'
import type { Hints, Side, Workload } from '../../engine/workloads/workload.ts'
import type { GateAnswer } from '../gate.ts'
import { present } from '../schemas.ts'
import type { App, Services } from '../services.ts'
import { waitBecause, workloadGate } from './workload-gate.ts'

/** Argo keeps ten of these per metric in the status of the AnalysisRun: the extracted object stays below 1 KiB. */
const mostGateBytes = 1000

/** An argument without a value reaches us as ''. */
const text = (description: string) => Type.Optional(Type.String({ maxLength: 253, description }))
const kubernetesName = (description: string) => Type.String({ minLength: 1, maxLength: 253, description })
const closed = { additionalProperties: false }

/** Go's templates write null for what a Rollout's status does not have. */
function orNull<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()])
}

const sideSchema = Type.Object(
  {
    podTemplateHash: text('of its ReplicaSet: podTemplateHashValue'),
    version: text('service.version of its telemetry, where that does not name replica sets'),
  },
  closed,
)

const weightSchema = Type.Union([
  Type.Number({ minimum: 0, maximum: 100 }),
  Type.String({ pattern: '^(|100(\\.0+)?|[0-9]{1,2}(\\.[0-9]+)?)$' }),
])

const measureSchema = Type.Object(
  {
    kind: Type.Optional(Type.Literal('argo-rollouts')),
    namespace: kubernetesName('Kubernetes namespace of the Rollout'),
    name: kubernetesName('name of the Rollout'),
    canary: sideSchema,
    stable: Type.Optional(sideSchema),
    gate: text('name of the step; each asks anew. Absent: a watch in the background, which is no step'),
    weight: Type.Optional(weightSchema),
    service: text('service.name, where it cannot be learnt from telemetry'),
    serviceNamespace: text('service.namespace'),
    environment: text('deployment.environment.name'),
    template: text('a template of Davy by name'),
    policy: text('the same as template'),
    strategy: Type.Optional(Type.Enum([...strategies, ''])),
    revision: text('of the Rollout; not used'),
  },
  closed,
)

const notificationSchema = Type.Object(
  {
    event: Type.Optional(Type.Enum(['step', 'completed', 'aborted'])),
    namespace: kubernetesName('Kubernetes namespace of the Rollout'),
    name: kubernetesName('name of the Rollout'),
    canaryHash: Type.String({ minLength: 1, maxLength: 253, description: 'status.currentPodHash' }),
    stableHash: Type.Optional(orNull(Type.String({ maxLength: 253 }))),
    phase: Type.Optional(orNull(Type.String({ maxLength: 64 }))),
    abort: Type.Optional(orNull(Type.Boolean())),
    step: Type.Optional(orNull(Type.Integer({ minimum: 0 }))),
    weight: Type.Optional(orNull(weightSchema)),
    message: Type.Optional(orNull(Type.String({ maxLength: 10_000 }))),
  },
  closed,
)

/** What Argo Rollouts calls as it is: the web metric of its analyses, and its notifications. */
export function argoRolloutsRoutes(app: App, services: Services): void {
  app.post(
    '/integrations/argo-rollouts/measure',
    { config: { role: 'gate' }, bodyLimit: 2 ** 16, schema: { tags: ['integrations'], body: measureSchema } },
    async (request) => {
      const { gate, deployment } = await measure(services, request.body).catch((error: unknown) => {
        // An error would be counted against the rollout; to wait is what it means.
        services.log.error({ err: error }, 'a measurement of Argo Rollouts could not be answered; it was told to wait')
        services.metrics.requestErrors.inc({ code: error instanceof DavyError ? error.code : 'INTERNAL' })
        return { gate: waitBecause(reasonOf(error), services), deployment: null }
      })
      return { gate: withinBytes(gate), ...(deployment === null ? {} : { deployment }) }
    },
  )

  app.post(
    '/integrations/argo-rollouts/notifications',
    { config: { role: 'gate' }, bodyLimit: 2 ** 16, schema: { tags: ['integrations'], body: notificationSchema } },
    async ({ body }) => {
      const deployment = await takeNotification(services, body)
      return { deploymentId: deployment?.id ?? null, status: deployment?.status ?? null }
    },
  )
}

async function measure(services: Services, body: Static<typeof measureSchema>) {
  const workload: Workload = { controller: 'argo-rollouts', namespace: body.namespace, name: body.name }
  const canary = sideOf(body.canary)
  if (canary.hash === undefined && canary.version === undefined) {
    return { gate: waitBecause('Which one is the canary? Its podTemplateHash is empty.', services), deployment: null }
  }
  const question = { workload, canary, stable: sideOf(body.stable ?? {}), hints: hintsOf(body) }
  const found = await services.workloads.ofPair(question)
  const step = given(body.gate) === undefined ? null : { name: `${body.gate}`, weight: weightOf(body.weight) }
  const gate = await workloadGate(services, workload, found, step)
  if ('question' in found) return { gate, deployment: null }
  const { id, service, environment, attempt } = found
  return { gate, deployment: { id, service, environment, attempt } }
}

/** A rollout that was completed or aborted is finished here; else what it tells of step and weight is noted. */
async function takeNotification(
  { workloads }: Services,
  body: Static<typeof notificationSchema>,
): Promise<Deployment | null> {
  const workload: Workload = { controller: 'argo-rollouts', namespace: body.namespace, name: body.name }
  const { canaryHash } = body
  const outcome = outcomeOf(body)
  if (outcome !== null) return workloads.endCanary(workload, canaryHash, outcome)
  const deployment = await workloads.ofCanary(workload, canaryHash)
  const weight = weightOf(body.weight ?? undefined)
  if (deployment === null || deployment.status === 'closed') return deployment
  if (weight === null && typeof body.step !== 'number') return deployment
  const step = typeof body.step === 'number' ? `step ${body.step}` : `weight ${weight}`
  return workloads.openStep(deployment.id, step, weight)
}

/** How the rollout ended; null: it did not. Who names no event is understood by its status. */
function outcomeOf({ event, abort, phase, stableHash, canaryHash }: Static<typeof notificationSchema>) {
  if (event === 'aborted' || abort === true) return 'aborted'
  if (event === 'completed' || (phase === 'Healthy' && stableHash === canaryHash)) return 'promoted'
  return null
}

function reasonOf(error: unknown): string {
  if (!(error instanceof DavyError))
    return 'Davy failed to answer; its log says why. This says nothing about the release.'
  const expected = error.expected === undefined ? '' : ` Expected ${error.expected}.`
  return `${error.message}${expected} This says nothing about the release.`
}

/** The answer with so much of its reason as fits. */
function withinBytes(gate: GateAnswer): GateAnswer {
  let { reason } = gate
  while (Buffer.byteLength(JSON.stringify({ ...gate, reason })) > mostGateBytes && reason.length > 1) {
    reason = `${reason.slice(0, Math.floor(reason.length * 0.9) - 1).trimEnd()}…`
  }
  return { ...gate, reason }
}

function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}

function sideOf({ podTemplateHash, version }: Static<typeof sideSchema>): Side {
  return present({ hash: given(podTemplateHash), version: given(version) })
}

function hintsOf(body: Static<typeof measureSchema>): Hints {
  const { strategy } = body
  return present({
    service: given(body.service),
    serviceNamespace: given(body.serviceNamespace),
    environment: given(body.environment),
    template: given(body.template) ?? given(body.policy),
    strategy: strategy === '' ? undefined : strategy,
  })
}

function weightOf(weight: Static<typeof weightSchema> | undefined): number | null {
  return weight === undefined || weight === '' ? null : Number(weight)
}
