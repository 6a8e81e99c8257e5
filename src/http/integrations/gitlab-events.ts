import { type Static, Type } from 'typebox'
import type { Announcement } from '../../engine/announcements/announcements.ts'
import { fitting, outcomeOf, type Revision, registrationOf, type Told, versionOf } from './announced.ts'

const text = (maxLength = 1000) => Type.String({ maxLength })

const project = Type.Object({ id: Type.Integer(), name: text(255), path_with_namespace: text() })

/** Newer payloads may have more. Source: GitLab, webhook events. */
const deploymentEvent = Type.Object({
  object_kind: Type.Literal('deployment'),
  status: text(50),
  deployment_id: Type.Integer(),
  environment: text(255),
  short_sha: Type.String({ pattern: '^[0-9a-fA-F]{7,64}$' }),
  commit_url: Type.Optional(Type.Union([text(2000), Type.Null()])),
  ref: Type.Optional(Type.Union([text(), Type.Null()])),
  project,
})

/** A merge request's event with the rule whose external address is called. Source: GitLab, external status checks. */
const statusCheckEvent = Type.Object({
  object_kind: Type.Literal('merge_request'),
  project,
  object_attributes: Type.Object({
    iid: Type.Integer(),
    source_branch: Type.Optional(text()),
    last_commit: Type.Object({ id: Type.String({ pattern: '^[0-9a-fA-F]{7,64}$' }) }),
  }),
  external_approval_rule: Type.Object({ id: Type.Integer() }),
})

/** A question of GitLab: a blocked deployment, or the external status check of a merge request. */
export type GitlabQuestion = {
  readonly kind: 'approval' | 'status-check'
  /** The ways in which an endpoint may name the project. */
  readonly projects: readonly string[]
  /** GitLab's name of the environment; null: a merge request has none. */
  readonly environment: string | null
  /** The number of the status check; null: it is a deployment. */
  readonly statusCheck: string | null
  readonly service: string
  readonly revision: Revision
  /** What the answer is put at, and what makes the question unique. */
  readonly details: Readonly<Record<string, string>>
}

/** What an event means for Davy. */
export type GitlabEvent =
  | { readonly type: 'announcement'; readonly announcement: Announcement }
  | { readonly type: 'question'; readonly question: GitlabQuestion }
  | { readonly type: 'ignored'; readonly why: string }

/** @throws DavyError VALIDATION for an event of a kind that is understood and does not fit. */
export function readGitlabEvent(body: object, query: Told): GitlabEvent {
  const { object_kind: kind } = body as { object_kind?: unknown }
  if (kind === 'deployment') return readDeployment(body, query)
  if (kind === 'merge_request' && 'external_approval_rule' in body) return readStatusCheck(body)
  return { type: 'ignored', why: `events of the kind ${String(kind).slice(0, 100)} change nothing` }
}

function readDeployment(body: object, query: Told): GitlabEvent {
  const event = fitting(deploymentEvent, body)
  const { status, deployment_id: number, environment, project: of } = event
  const revision = revisionOf(event)
  if (status === 'blocked') {
    const question: GitlabQuestion = {
      ...{ kind: 'approval' as const, environment, statusCheck: null, service: of.name, revision },
      ...{ projects: [String(of.id), of.path_with_namespace], details: { deployment: String(number) } },
    }
    return { type: 'question', question }
  }
  const announcement = {
    by: 'gitlab',
    key: `gitlab/${of.id}/${number}`,
    registration: registrationOf(of.name, versionOf(query.version, revision), { environment, ...query }),
  } as const
  if (status === 'running') return { type: 'announcement', announcement: { ...announcement, type: 'started' } }
  if (status !== 'success' && status !== 'failed' && status !== 'canceled')
    return { type: 'ignored', why: `the status ${status} changes nothing` }
  const outcome = outcomeOf(status === 'success', query)
  if (outcome === null) return { type: 'announcement', announcement: { ...announcement, type: 'started' } }
  return { type: 'announcement', announcement: { ...announcement, type: 'finished', outcome } }
}

function readStatusCheck(body: object): GitlabEvent {
  const { project: of, object_attributes: request, external_approval_rule: rule } = fitting(statusCheckEvent, body)
  const sha = request.last_commit.id
  const question = {
    ...({ kind: 'status-check', environment: null, statusCheck: String(rule.id), service: of.name } as const),
    projects: [String(of.id), of.path_with_namespace],
    revision: { sha, ref: request.source_branch ?? '' },
    details: { mergeRequest: String(request.iid), sha },
  }
  return { type: 'question', question }
}

/** The full hash stands only in the address of the commit. */
function revisionOf({ short_sha: short, commit_url: url, ref }: Static<typeof deploymentEvent>): Revision {
  const [, full] = /\/([0-9a-f]{40,64})$/i.exec(url ?? '') ?? []
  return { sha: full?.startsWith(short) === true ? full : short, ref: ref ?? '' }
}
