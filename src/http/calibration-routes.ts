import { type CalibrationRun, usableNulls } from '../domain/calibration.ts'
import { defaultEnvironment } from '../domain/cohort.ts'
import { DavyError } from '../domain/errors.ts'
import { onlyNamespace } from '../engine/registration.ts'
import { calibrationQuery, calibrationSchema, nameParams } from './schemas.ts'
import type { App, Services } from './services.ts'

const tags = ['services']
const dayMs = 86_400_000

/** How often Davy would be wrong about a service: measured on its own history, made every night and on demand. */
export function calibrationRoutes(app: App, services: Services): void {
  const { calibrations, rollups, now } = services

  app.post(
    '/api/v1/services/:name/calibration',
    {
      config: {
        role: 'operator',
        answers: { 202: 'It will be made.' },
        answerHeaders: { location: 'the path that will have it' },
      },
      schema: { tags, params: nameParams, body: calibrationSchema },
    },
    async ({ params, body }, reply) => {
      await services.templates.refresh()
      const template = services.templates.named(body?.template)
      const environment = body?.environment ?? defaultEnvironment
      const versions = await rollups.versions({ service: params.name, from: now() - dayMs, to: now() })
      const seen = versions.filter((row) => row.environment === environment)
      if (seen.length === 0) throw unseen(params.name, environment, versions)
      const namespace = body?.namespace ?? onlyNamespace(seen, { service: params.name, environment })
      const unit = { namespace, service: params.name, environment }
      const { id } = await calibrations.ask(unit, template)
      await services.calibrate()
      const query = new URLSearchParams({ environment, template: template.name })
      const location = `/api/v1/services/${encodeURIComponent(params.name)}/calibration?${query}`
      return reply
        .code(202)
        .header('location', location)
        .send({ id, status: 'asked', ...unit, template: template.name, location })
    },
  )

  app.get(
    '/api/v1/services/:name/calibration',
    { config: { role: 'viewer' }, schema: { tags, params: nameParams, querystring: calibrationQuery } },
    async ({ params, query }) => {
      const isMeant = ({
        service,
        environment,
        template,
      }: {
        service: string
        environment: string
        template: string
      }) =>
        service === params.name &&
        environment === (query.environment ?? environment) &&
        template === (query.template ?? template)
      const runs = (await calibrations.newest(params.name)).filter((run) =>
        isMeant({ ...run, template: run.template.name }),
      )
      const waiting = (await calibrations.asked()).filter(({ unit, template }) =>
        isMeant({ ...unit, template: template.name }),
      )
      const asked = waiting.map(({ key, unit, template }) => ({ id: key, ...unit, template: template.name }))
      if (runs.length === 0) throw uncalibrated(params.name, asked.length > 0)
      return { service: params.name, items: runs.map(runView), asked }
    },
  )
}

/** `falseRollbackRate` is what is published: null when it could not be measured, and then `reason` says why. */
function runView(run: CalibrationRun) {
  const { measure, reason, ...identity } = run
  if (measure === null) return { ...identity, reason, falseRollbackRate: null, isUsed: false }
  const { runs, rollbacks, rate, low, high } = measure.after
  return {
    ...identity,
    reason,
    falseRollbackRate: { rate, low, high, level: 0.95, runs, rollbacks },
    /** Whether deployments that start from now on are judged with `nulls`. */
    isUsed: usableNulls(run) !== null,
    ...measure,
  }
}

function unseen(service: string, environment: string, versions: readonly { readonly environment: string }[]) {
  const others = [...new Set(versions.map((row) => row.environment))].sort().slice(0, 10)
  return new DavyError('NOT_FOUND', `No request of ${JSON.stringify(service.slice(0, 64))} came in the last 24 h.`, {
    expected:
      others.length > 0
        ? `environment: one of ${others.join(', ')}`
        : 'a service.name that sent spans of kind SERVER or CONSUMER',
    got: `environment ${environment.slice(0, 64)}`,
    where: others.length > 0 ? '/environment' : 'name',
  })
}

function uncalibrated(service: string, isAsked: boolean) {
  const name = service.slice(0, 64)
  const detail = isAsked
    ? `The first calibration of ${JSON.stringify(name)} is being computed.`
    : `${JSON.stringify(name)} has not been calibrated, so it is judged with the cold start.`
  return new DavyError('NOT_FOUND', detail, {
    expected: isAsked
      ? 'patience: it takes seconds to minutes'
      : `POST /api/v1/services/${encodeURIComponent(name)}/calibration, or the next night with 4 h of history`,
    where: 'name',
    ...(isAsked ? { retryAfterSeconds: 10 } : {}),
  })
}
