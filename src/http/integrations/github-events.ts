import { Type } from 'typebox'
import { DavyError } from '../../domain/errors.ts'
import type { Announcement } from '../../engine/announcements/announcements.ts'
import { fitting, outcomeOf, registrationOf, type Told, toldIn, versionOf, versionsOf } from './announced.ts'

const text = (maxLength = 1000) => Type.String({ maxLength })

const repository = Type.Object({ full_name: text(200), name: text(100) })

/** Newer payloads may have more. Source: GitHub's webhook events and payloads. */
const deployment = Type.Object({
  id: Type.Integer(),
  sha: Type.String({ pattern: '^[0-9a-fA-F]{7,64}$' }),
  ref: text(),
  environment: text(255),
  payload: Type.Optional(Type.Unknown()),
})

const deploymentEvent = Type.Object({ deployment, repository })

const statusEvent = Type.Object({
  deployment,
  repository,
  deployment_status: Type.Object({
    state: text(50),
    log_url: Type.Optional(Type.Union([text(2000), Type.Null()])),
    target_url: Type.Optional(Type.Union([text(2000), Type.Null()])),
  }),
})

const ruleEvent = Type.Object({
  action: text(50),
  environment: Type.String({ minLength: 1, maxLength: 255 }),
  deployment_callback_url: text(2000),
  deployment,
  repository,
})

/** The question of a deployment protection rule. */
export type GithubQuestion = {
  readonly repository: string
  /** GitHub's name of the protected environment. */
  readonly environment: string
  readonly run: string
  readonly service: string
  readonly versions: readonly string[]
  /** By the address of the webhook, which an operator wrote. */
  readonly told: Told
}

/** What an event means for Davy. */
export type GithubEvent =
  | { readonly type: 'announcement'; readonly announcement: Announcement }
  | { readonly type: 'question'; readonly question: GithubQuestion }
  | { readonly type: 'ignored'; readonly why: string }

/**
 * @param event of the header X-GitHub-Event. @param publicUrl Davy's: statuses that link to it are its own.
 * @throws DavyError VALIDATION, UNPROCESSABLE for one that cannot be answered.
 */
export function readGithubEvent(event: string, body: unknown, query: Told, publicUrl: string): GithubEvent {
  if (event === 'deployment') return readDeployment(body, query)
  if (event === 'deployment_status') return readStatus(body, query, publicUrl)
  if (event === 'deployment_protection_rule') return readRule(body, query)
  return { type: 'ignored', why: `events of the type ${event.slice(0, 100)} change nothing` }
}

function readDeployment(body: unknown, query: Told): GithubEvent {
  const { deployment: made, repository: of } = fitting(deploymentEvent, body)
  return { type: 'announcement', announcement: { ...announced(made, of, query), type: 'started' } }
}

function readStatus(body: unknown, query: Told, publicUrl: string): GithubEvent {
  const { deployment: made, repository: of, deployment_status: status } = fitting(statusEvent, body)
  const links = [status.log_url, status.target_url]
  if (links.some((link) => link?.startsWith(`${publicUrl}/deployments/`) === true))
    return { type: 'ignored', why: "the status is Davy's own" }
  const announcement = announced(made, of, query)
  switch (status.state) {
    case 'queued':
    case 'pending':
    case 'waiting':
      return { type: 'ignored', why: `nothing is deployed yet (${status.state})` }
    case 'in_progress':
      return { type: 'announcement', announcement: { ...announcement, type: 'started' } }
    case 'success':
    case 'failure':
    case 'error': {
      const outcome = outcomeOf(status.state === 'success', toldOf(made, query))
      const type = outcome === null ? ({ type: 'started' } as const) : ({ type: 'finished', outcome } as const)
      return { type: 'announcement', announcement: { ...announcement, ...type } }
    }
    case 'inactive':
      return { type: 'announcement', announcement: { ...announcement, type: 'finished', outcome: 'aborted' } }
    default:
      return { type: 'ignored', why: `the state ${status.state} changes nothing` }
  }
}

function readRule(body: unknown, query: Told): GithubEvent {
  const { action, environment, deployment_callback_url: callback, ...rest } = fitting(ruleEvent, body)
  if (action !== 'requested') return { type: 'ignored', why: `the action ${action} asks nothing` }
  const { full_name: name, name: service } = rest.repository
  const [, run] = /\/actions\/runs\/(\d{1,20})\/deployment_protection_rule$/.exec(callback) ?? []
  if (run === undefined) {
    throw new DavyError('UNPROCESSABLE', 'The protection rule does not say which run waits.', {
      expected: 'an address that ends in /actions/runs/<number>/deployment_protection_rule',
      where: '/deployment_callback_url',
    })
  }
  // What a deployment says of itself is not asked: whoever deploys is the one to be held back.
  const versions = [...new Set([versionOf(query.version, rest.deployment), ...versionsOf(rest.deployment)])]
  return { type: 'question', question: { repository: name, environment, run, service, versions, told: query } }
}

type Made = { readonly id: number; readonly sha: string; readonly ref: string; readonly environment: string } & {
  readonly payload?: unknown
}

function announced(made: Made, of: { readonly full_name: string; readonly name: string }, query: Told) {
  const own = toldIn(made.payload)
  const version = own.version ?? versionOf(query.version, made)
  const told = { environment: made.environment, ...toldOf(made, query) }
  return {
    by: 'github',
    key: `github/${of.full_name.toLowerCase()}/${made.id}`,
    registration: registrationOf(of.name, version, told),
  } as const
}

function toldOf({ payload }: Made, query: Told): Told {
  return { ...query, ...toldIn(payload) }
}
