import { type Static, Type } from 'typebox'
import { DavyError } from '../domain/errors.ts'
import type { ComparedTemplate, ListedTemplate, LogCounts } from '../engine/logs/log-templates.ts'
import { callerName } from './deployment-routes.ts'
import { severities, severityName } from './log-severity.ts'
import { idParams, nameParams } from './schemas.ts'
import type { App, Services } from './services.ts'

const tags = ['services']
const dayMs = 86_400_000
const closed = { additionalProperties: false }

const listQuery = Type.Object(
  {
    version: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'only what this version logged' })),
    namespace: Type.Optional(Type.String({ maxLength: 255 })),
    environment: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    severity: Type.Optional(
      Type.Enum(Object.keys(severities) as (keyof typeof severities)[], { description: 'the least; all when absent' }),
    ),
    hours: Type.Optional(
      Type.String({ pattern: '^[1-9][0-9]{0,2}$', description: 'so far back, at most 336; 24 when absent' }),
    ),
    hash: Type.Optional(Type.String({ pattern: '^[0-9a-f]{14}$', description: 'only this template' })),
    limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,2}$', description: '1 to 999; 100 when absent' })),
  },
  closed,
)

const feedbackParams = Type.Object({
  name: nameParams.properties.name,
  hash: Type.String({ pattern: '^[0-9a-f]{14}$' }),
})

const feedbackBody = Type.Object(
  {
    verdict: Type.Optional(
      Type.Enum(['expected', 'unexpected'], {
        description: 'expected (the default): it is no evidence until expiresAt; unexpected: it is evidence again',
      }),
    ),
    reason: Type.String({ minLength: 1, maxLength: 1000 }),
    expiresAt: Type.Optional(
      Type.String({ format: 'date-time', description: 'within a year; 30 days from now when absent' }),
    ),
  },
  closed,
)

const mostHours = 336
const defaultDays = 30
const mostDays = 366

/** What services log, by template, and what people say of it. */
export function logTemplateRoutes(app: App, { logTemplates, deployments, now }: Services): void {
  app.get(
    '/api/v1/deployments/:id/log-templates',
    { config: { role: 'viewer' }, schema: { tags: ['deployments'], params: idParams } },
    async ({ params }) => {
      await deployments.refresh()
      const deployment = deployments.get(params.id)
      const to = deployment.endedAt === null ? now() : Date.parse(deployment.endedAt)
      const compared = await logTemplates.compare(deployment, to)
      const { service, startedAt: from } = deployment
      return { service, from, to: rfc3339(to), items: compared.map(comparedView) }
    },
  )

  app.get(
    '/api/v1/services/:name/log-templates',
    { config: { role: 'viewer' }, schema: { tags, params: nameParams, querystring: listQuery } },
    async ({ params, query }) => {
      const { version, namespace, environment, severity } = query
      const hours = Math.min(mostHours, Number(query.hours ?? 24))
      const limit = Number(query.limit ?? 100)
      const to = now()
      const unit = {
        service: params.name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(environment === undefined ? {} : { environment }),
      }
      const least = severity === undefined ? 0 : severities[severity]
      const from = to - hours * 3_600_000
      const all = await logTemplates.list(unit, { from, to, severity: least })
      const chosen = all.filter(
        ({ template, versions }) =>
          (query.hash ?? template.hash) === template.hash &&
          (version === undefined || versions.some((one) => one.version === version)),
      )
      return {
        service: params.name,
        from: rfc3339(from),
        to: rfc3339(to),
        items: chosen.slice(0, limit).map(templateView),
        more: Math.max(0, chosen.length - limit),
      }
    },
  )

  app.post(
    '/api/v1/services/:name/log-templates/:hash/feedback',
    {
      config: { role: 'operator', answers: { 201: 'It is kept.' } },
      schema: { tags, params: feedbackParams, body: feedbackBody },
    },
    async (request, reply) => {
      const { name, hash } = request.params
      const { verdict = 'expected', reason, expiresAt } = request.body
      const at = now()
      const until = expiryOf(expiresAt, at)
      const by = callerName(request)
      const { id, template } = await logTemplates.say(
        { service: name, hash, verdict, reason, expiresAt: until, by },
        at,
      )
      request.log.info({ service: name, hash, verdict, expiresAt: until, by }, 'somebody spoke about a log template')
      return reply
        .code(201)
        .send({ id, service: name, hash, text: template.text, verdict, reason, expiresAt: until, by })
    },
  )
}

function expiryOf(expiresAt: Static<typeof feedbackBody>['expiresAt'], at: number): string {
  if (expiresAt === undefined) return rfc3339(at + defaultDays * dayMs)
  const until = Date.parse(expiresAt)
  if (until > at && until <= at + mostDays * dayMs) return rfc3339(until)
  throw new DavyError('UNPROCESSABLE', 'What is expected is so for a while.', {
    expected: 'expiresAt in the future, within a year',
    got: expiresAt,
    where: '/expiresAt',
  })
}

function templateView({ template, severity, versions, muted, ...counts }: ListedTemplate) {
  const { hash, kind, text, example } = template
  const [first] = versions
  return {
    ...{ hash, kind, text, example, severity: severityName(severity), ...countsView(counts) },
    firstVersion: first?.version ?? '',
    versions: versions.map(({ version, ...own }) => ({ version, ...countsView(own) })),
    muted,
  }
}

function comparedView({ template, severity, change, firstSeen, firstVersion, arms, muted }: ComparedTemplate) {
  const { hash, kind, text, example } = template
  return {
    ...{ hash, kind, text, example, severity: severityName(severity), change },
    ...{ firstSeen: rfc3339(firstSeen), firstVersion, ...arms, muted },
  }
}

function countsView({ lines, requests, firstSeen, lastSeen }: LogCounts) {
  return { lines, requests, firstSeen: rfc3339(firstSeen), lastSeen: rfc3339(lastSeen) }
}

function rfc3339(at: number): string {
  return new Date(at).toISOString()
}
