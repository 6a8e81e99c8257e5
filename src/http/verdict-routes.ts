import type { FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import { DavyError } from '../domain/errors.ts'
import type { Verdict } from '../domain/verdict.ts'
import { renderMarkdown } from '../report/markdown.ts'
import { awaitNews } from './await-news.ts'
import { deploymentView } from './deployment-routes.ts'
import { ecsHookAnswer, gateAnswer } from './gate.ts'
import { promoteOrWait } from './integrations/workload-gate.ts'
import { idParams } from './schemas.ts'
import type { App, Services } from './services.ts'

const maxWaitMs = 300_000

const verdictQuery = Type.Object(
  {
    wait: Type.Optional(Type.String({ description: 'how long to wait for another verdict, like 30s; at most 5m' })),
    format: Type.Optional(Type.Enum(['json', 'gate', 'ecs-hook', 'markdown'])),
  },
  { additionalProperties: false },
)

const verdictHeaders = Type.Object({
  'if-none-match': Type.Optional(
    Type.String({ description: 'the ETag of a verdict that is known: with `wait`, one that differs is waited for' }),
  ),
})

/** The answers: the newest verdict in every form, all of them, and what they rest on. */
export function verdictRoutes(app: App, services: Services): void {
  const { deployments, looks, publicUrl, newestVerdict } = services

  app.get(
    '/api/v1/deployments/:id/verdict',
    {
      config: {
        role: 'gate',
        answers: { 200: 'The newest verdict, in the form that was asked for.', 304: 'It is the one of If-None-Match.' },
        answerHeaders: { etag: 'the id of the verdict; of a gate that has to wait under it, another one' },
      },
      schema: {
        ...{ tags: ['verdicts'], produces: ['application/json', 'text/markdown'] },
        ...{ params: idParams, querystring: verdictQuery, headers: verdictHeaders },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const { format } = request.query
      const waitMs = parseWait(request.query.wait)
      const read = async () => answerOf(await newestVerdict(id), format, services)
      let answer = await read()
      services.polled(id)
      const known = knownTags(request.headers['if-none-match'])
      const seen = known ?? [answer.tag]
      if (waitMs > 0 && !answer.final && isIn(seen, answer)) {
        const isNews = (next: Answer) => next.final || !isIn(seen, next)
        answer = await awaitNews({ read, isNews, ...waiting(services, id, waitMs, reply) })
      }
      reply.header('etag', `"${answer.tag}"`).header('cache-control', 'no-store')
      if (known !== null && isIn(known, answer)) return reply.code(304).send()
      if (answer.type !== null) reply.type(answer.type)
      return reply.send(answer.body)
    },
  )

  app.get(
    '/api/v1/deployments/:id/verdicts',
    { config: { role: 'gate' }, schema: { tags: ['verdicts'], params: idParams } },
    async ({ params }) => {
      await deployments.refresh()
      deployments.get(params.id)
      return { items: await looks.verdicts(params.id) }
    },
  )

  app.get(
    '/api/v1/deployments/:id/evidence',
    { config: { role: 'viewer' }, schema: { tags: ['verdicts'], params: idParams } },
    async ({ params }, reply) => {
      await deployments.refresh()
      const deployment = deployments.get(params.id)
      const rows = await looks.list(params.id)
      reply.header('content-disposition', `attachment; filename="davy-${deployment.id}.json"`)
      return {
        format: 'davy-evidence/1',
        engine: services.engine,
        deployment: deploymentView(deployment, publicUrl),
        template: deployment.template,
        history: deployments.history(deployment.id),
        looks: rows.map(({ look, at, watermark, evidence, verdict }) => ({ look, at, watermark, evidence, verdict })),
      }
    },
  )
}

type Format = Static<typeof verdictQuery>['format']

/** A verdict in the form that was asked for. `tag`: what its ETag holds. */
type Answer = { readonly tag: string; readonly final: boolean; readonly type: string | null; readonly body: unknown }

function answerOf(verdict: Verdict, format: Format, services: Services): Answer {
  const { id, final } = verdict
  if (format === 'markdown') {
    return { tag: id, final, type: 'text/markdown; charset=utf-8', body: renderMarkdown(verdict) }
  }
  if (format !== 'gate' && format !== 'ecs-hook') return { tag: id, final, type: null, body: verdict }
  const told = gateAnswer(verdict, services.killSwitch(), services.now())
  // Closed a moment ago, its last verdict is still to come.
  const isPromote = told.verdict === 'promote'
  const gate = isPromote ? promoteOrWait(told, verdict, services.deployments.get(verdict.deploymentId), null) : told
  // A gate may have to wait under the same verdict: kill switch, old age. Who knows the verdict does not know that.
  const tag = gate.verdict === 'wait' && verdict.decision !== 'hold' ? `${id}.wait` : id
  return { tag, final, type: null, body: format === 'gate' ? gate : ecsHookAnswer(gate) }
}

/** The tags of an If-None-Match header; null without one. Proxies make weak ones of ours. */
function knownTags(header: string | undefined): readonly string[] | null {
  if (header === undefined) return null
  return header.split(',').map((tag) =>
    tag
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1'),
  )
}

function isIn(tags: readonly string[], { tag }: Answer): boolean {
  return tags.includes(tag) || tags.includes('*')
}

/** `30s`, `500ms`, `2m` in milliseconds; 0 when absent. */
function parseWait(text: string | undefined): number {
  if (text === undefined) return 0
  const [, amount, unit] = /^(\d{1,6})(ms|s|m)$/.exec(text) ?? []
  const ms = Number(amount) * (unit === 'ms' ? 1 : unit === 's' ? 1000 : 60_000)
  if (amount !== undefined && ms <= maxWaitMs) return ms
  throw new DavyError('VALIDATION', 'The time to wait is not usable.', {
    expected: 'a duration of at most 5m, like 500ms, 30s or 2m',
    got: JSON.stringify(text.slice(0, 20)),
    where: 'query wait',
  })
}

/** What ends the waiting for a verdict, and what is worth looking again for. */
function waiting({ bus, draining }: Services, id: string, waitMs: number, reply: FastifyReply) {
  const left = new AbortController()
  const leave = () => left.abort()
  const timer = setTimeout(leave, waitMs)
  draining.addEventListener('abort', leave)
  if (draining.aborted) leave()
  reply.raw.once('close', () => {
    leave()
    clearTimeout(timer)
    draining.removeEventListener('abort', leave)
  })
  const subscribe = (wake: () => void) =>
    bus.subscribe((event) => {
      if (event.type === 'verdict' && event.data.deploymentId === id) wake()
    })
  return { subscribe, signal: left.signal }
}
