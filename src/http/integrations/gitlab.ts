import { Type } from 'typebox'
import type { Endpoint } from '../../domain/sink.ts'
import type { App, Services } from '../services.ts'
import { announcedQuery, ignored, type Told, taken, versionOf, versionsOf } from './announced.ts'
import { answeredFor, askEndpoints } from './ask-endpoints.ts'
import { type GitlabQuestion, readGitlabEvent } from './gitlab-events.ts'
import { isSecret, isSigned, signedScope } from './signed-scope.ts'

/**
 * Webhooks and external status checks of GitLab. Deployments are registered and finished; one that is blocked, and a
 * status check, are questions, which the endpoint of their kind answers later.
 */
export function gitlabRoutes(app: App, services: Services): void {
  const by = {
    ...{ name: 'gitlab', header: 'X-Gitlab-Token or X-Gitlab-Signature' },
    proof: (got, body, secrets) =>
      isSecret(got['x-gitlab-token'], secrets) || isSigned(got['x-gitlab-signature'], body, secrets),
  } satisfies Parameters<typeof signedScope>[2]
  signedScope(app, services, by, (scope) => {
    scope.post(
      '/integrations/gitlab',
      {
        config: { role: 'open', answers: { 202: 'What it was taken for.' } },
        bodyLimit: 4 * 2 ** 20,
        schema: {
          ...{ tags: ['integrations'], security: [{ gitlabToken: [] }, { gitlabSignature: [] }] },
          ...{ body: Type.Object({}), querystring: announcedQuery },
        },
      },
      async ({ body, query }, reply) => {
        reply.code(202)
        const event = readGitlabEvent(body, query)
        if (event.type === 'ignored') return ignored(event.why)
        if (event.type === 'announcement') return taken(await services.announcements.take(event.announcement))
        const asked = await ask(services, event.question, query)
        // GitLab switches off a webhook whose calls are refused, and with it the deployments that it tells of.
        return asked.length > 0
          ? { asked }
          : ignored(`no endpoint of format gitlab answers this ${event.question.kind}`)
      },
    )
  })
}

function ask(services: Services, question: GitlabQuestion, told: Told): Promise<readonly string[]> {
  const { kind, environment, service, revision, details } = question
  const own = Object.values(details).join('/')
  const versions = [...new Set([versionOf(told.version, revision), ...versionsOf(revision)])]
  return askEndpoints(
    services,
    (endpoint) => isAnswerer(endpoint, question),
    (endpoint) => {
      const about = answeredFor(endpoint.services, [told.service, service])
      const where = answeredFor(endpoint.environments, [told.environment, environment ?? 'default'])
      if (about === null || where === null) return null
      const key = `gitlab/${endpoint.id}/${kind}/${own}`
      return { key, endpoint: endpoint.id, service: about, environment: where, versions, details }
    },
    () => [],
  )
}

function isAnswerer({ format, options }: Endpoint, question: GitlabQuestion): boolean {
  if (format !== 'gitlab' || options.kind !== question.kind) return false
  if (!question.projects.includes(options.project ?? '')) return false
  if (question.statusCheck !== null) return options.statusCheckId === question.statusCheck
  return options.environment === undefined || options.environment === question.environment
}
