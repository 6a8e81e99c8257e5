import { Type } from 'typebox'
import type { Deployment } from '../domain/deployment.ts'
import { DavyError } from '../domain/errors.ts'
import {
  type Body,
  feedbackSchema,
  finishSchema,
  idParams,
  overrideSchema,
  pageQuery,
  present,
  progressSchema,
  readTime,
  registrationSchema,
  toSelector,
} from './schemas.ts'
import type { App, Services } from './services.ts'

/** What the API shows of a deployment: all of it, the template by name and digest. */
export function deploymentView(deployment: Deployment, publicUrl: string) {
  const { template, templateDigest, ...rest } = deployment
  return {
    ...rest,
    template: { name: template.name, digest: templateDigest },
    verdictUrl: `${publicUrl}/api/v1/deployments/${deployment.id}/verdict`,
    reportUrl: `${publicUrl}/deployments/${deployment.id}`,
  }
}

const listQuery = Type.Object(
  {
    service: Type.Optional(Type.String()),
    environment: Type.Optional(Type.String()),
    status: Type.Optional(Type.Enum(['open', 'closed'])),
    ...pageQuery,
  },
  { additionalProperties: false },
)

const idempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({ minLength: 1, maxLength: 255, description: 'the same one is answered with what it opened' }),
  ),
})

/** Registering deployments and telling what happens to them. */
export function deploymentRoutes(app: App, { deployments, bus, publicUrl, now }: Services): void {
  const view = (deployment: Deployment) => deploymentView(deployment, publicUrl)
  const tell = (deployment: Deployment) => {
    bus.publish({ type: 'deployment', data: deployment })
    return view(deployment)
  }

  app.post(
    '/api/v1/deployments',
    {
      config: {
        role: 'gate',
        answers: { 201: 'It is open.', 200: 'It was open already, or the Idempotency-Key is known: the same one.' },
        answerHeaders: { location: 'the path of the deployment' },
      },
      schema: { tags: ['deployments'], body: registrationSchema, headers: idempotencyHeaders },
    },
    async (request, reply) => {
      const key = request.headers['idempotency-key']
      const { deployment, created } = await deployments.register(toRegistration(request.body), key)
      reply.code(created ? 201 : 200).header('location', `/api/v1/deployments/${deployment.id}`)
      return created ? tell(deployment) : view(deployment)
    },
  )

  app.get(
    '/api/v1/deployments',
    { config: { role: 'viewer' }, schema: { tags: ['deployments'], querystring: listQuery } },
    async ({ query }) => {
      await deployments.refresh()
      const limit = Number(query.limit ?? 50)
      const matching = deployments
        .list()
        .filter((each) => query.service === undefined || each.service === query.service)
        .filter((each) => query.environment === undefined || each.environment === query.environment)
        .filter((each) => query.status === undefined || each.status === query.status)
        .filter((each) => query.cursor === undefined || each.id < query.cursor)
      const items = matching.slice(0, limit)
      return { items: items.map(view), nextCursor: matching.length > limit ? (items.at(-1)?.id ?? null) : null }
    },
  )

  app.get(
    '/api/v1/deployments/:id',
    { config: { role: 'viewer' }, schema: { tags: ['deployments'], params: idParams } },
    async ({ params }) => {
      await deployments.refresh()
      return view(deployments.get(params.id))
    },
  )

  app.post(
    '/api/v1/deployments/:id/finish',
    { config: { role: 'gate' }, schema: { tags: ['deployments'], params: idParams, body: finishSchema } },
    async (request) => {
      await deployments.refresh()
      return tell(await deployments.close(request.params.id, request.body.outcome, callerName(request)))
    },
  )

  app.post(
    '/api/v1/deployments/:id/progress',
    { config: { role: 'gate' }, schema: { tags: ['deployments'], params: idParams, body: progressSchema } },
    async ({ params, body }) => {
      await deployments.refresh()
      const at = body.at === undefined ? now() : readTime(body.at, '/at')
      checkStepTime(deployments.get(params.id), at, now())
      const progress = { at: new Date(at).toISOString(), weight: body.weight ?? null, step: body.step ?? null }
      return tell(await deployments.progress(params.id, progress))
    },
  )

  app.post(
    '/api/v1/deployments/:id/override',
    { config: { role: 'operator' }, schema: { tags: ['deployments'], params: idParams, body: overrideSchema } },
    async (request) => {
      await deployments.refresh()
      const override = { at: new Date(now()).toISOString(), ...request.body, by: callerName(request) }
      const overridden = await deployments.override(request.params.id, override)
      request.log.warn({ deploymentId: request.params.id, ...override }, 'a person overrides the verdict')
      return tell(overridden)
    },
  )

  app.post(
    '/api/v1/deployments/:id/feedback',
    {
      config: { role: 'operator', answers: { 204: 'It is kept.' } },
      schema: { tags: ['deployments'], params: idParams, body: feedbackSchema },
    },
    async (request, reply) => {
      await deployments.refresh()
      const { verdictWas, note } = request.body
      await deployments.feedback(request.params.id, { verdictWas, note: note ?? null, by: callerName(request) })
      return reply.code(204).send()
    },
  )
}

function toRegistration(body: Body<typeof registrationSchema>) {
  const { canary, baseline, ...rest } = body
  return present({
    ...rest,
    canary: toSelector(canary, '/canary'),
    baseline: baseline === undefined ? undefined : toSelector(baseline, '/baseline'),
  })
}

/** A step lies within the rollout, give or take the clocks of two machines. */
function checkStepTime({ startedAt }: Deployment, at: number, now: number): void {
  const tolerance = 3_600_000
  if (at >= Date.parse(startedAt) - tolerance && at <= now + tolerance) return
  throw new DavyError('UNPROCESSABLE', 'The step lies outside the rollout.', {
    expected: `a time between ${startedAt} and now`,
    got: new Date(at).toISOString().replace('.000Z', 'Z'),
    where: '/at',
  })
}

/** Who did it, for the record. A token of the name `davy` is not Davy. */
export function callerName(request: { readonly caller: { readonly name: string } | null }): string {
  const name = request.caller?.name ?? 'unknown'
  return name === 'davy' ? 'token davy' : name
}
