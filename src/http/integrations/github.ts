import { Type } from 'typebox'
import type { Approval } from '../../domain/approval.ts'
import { DavyError } from '../../domain/errors.ts'
import type { Endpoint } from '../../domain/sink.ts'
import type { App, Services } from '../services.ts'
import { announcedQuery, ignored, taken } from './announced.ts'
import { answeredFor, askEndpoints } from './ask-endpoints.ts'
import { type GithubQuestion, readGithubEvent } from './github-events.ts'
import { isSigned, sha256Of, signedScope } from './signed-scope.ts'

const anyObject = Type.Object({})
const headers = Type.Object({ 'x-github-event': Type.String({ minLength: 1, maxLength: 100 }) })

/**
 * Webhooks of a GitHub App or repository: deployments and their statuses are registered and finished; a deployment
 * protection rule's question is written down, and answered later by the endpoint of kind `review`.
 */
export function githubRoutes(app: App, services: Services): void {
  const by = {
    ...{ name: 'github', header: 'X-Hub-Signature-256' },
    proof: (got, body, secrets) => isSigned(sha256Of(got['x-hub-signature-256']), body, secrets),
  } satisfies Parameters<typeof signedScope>[2]
  signedScope(app, services, by, (scope) => {
    scope.post(
      '/integrations/github',
      {
        config: { role: 'open', answers: { 202: 'What it was taken for.' } },
        bodyLimit: 4 * 2 ** 20,
        schema: {
          ...{ tags: ['integrations'], security: [{ github: [] }] },
          ...{ body: anyObject, headers, querystring: announcedQuery },
        },
      },
      async (request, reply) => {
        reply.code(202)
        const event = readGithubEvent(
          request.headers['x-github-event'],
          request.body,
          request.query,
          services.publicUrl,
        )
        if (event.type === 'ignored') return ignored(event.why)
        if (event.type === 'announcement') return taken(await services.announcements.take(event.announcement))
        return { asked: await ask(services, event.question) }
      },
    )
  })
}

function ask(services: Services, question: GithubQuestion): Promise<readonly string[]> {
  const { repository, environment, run, service, versions, told } = question
  const asked = (endpoint: Endpoint): Omit<Approval, 'askedAt'> | null => {
    const about = answeredFor(endpoint.services, [told.service, service])
    const where = answeredFor(endpoint.environments, [told.environment, environment])
    if (about === null || where === null) return null
    return {
      key: `github/${endpoint.id}/${repository.toLowerCase()}/${run}/${environment}`,
      endpoint: endpoint.id,
      ...{ service: about, environment: where, versions },
      details: { run, environment },
    }
  }
  return askEndpoints(
    services,
    (endpoint) => isReviewer(endpoint, question),
    asked,
    () => {
      throw new DavyError('UNPROCESSABLE', `No endpoint answers for ${environment} of ${repository}; the run waits.`, {
        expected: `a webhook of format github with the options kind: review and repository: ${repository}`,
        got: 'none',
        where: '/environment',
      })
    },
  )
}

function isReviewer({ format, options }: Endpoint, { repository, environment }: GithubQuestion): boolean {
  if (format !== 'github' || options.kind !== 'review') return false
  if (options.repository?.toLowerCase() !== repository.toLowerCase()) return false
  return options.environment === undefined || options.environment === environment
}
