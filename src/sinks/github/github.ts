import type { AttemptResult, Delivery, DeploymentNotice, HttpResponse, Ports, Sink } from '../../domain/sink.ts'
import { fillName } from '../../report/messages/links.ts'
import type { Notice } from '../../report/messages/notice.ts'
import { clip, plainText } from '../../report/messages/plain-text.ts'
import { noticeIn } from '../message-options.ts'
import { pathSegment } from '../path-segment.ts'
import { failed, isSuccess, jsonIn, skipped } from '../platform-answer.ts'
import { githubFault, githubHeaders } from './github-answer.ts'
import { reviewRun } from './github-review.ts'
import { commitStateOf, deploymentStateOf, descriptionOf } from './github-status.ts'
import { githubToken } from './github-token.ts'

const apiUrl = 'https://api.github.com'
const fullHash = /^[0-9a-f]{40}$/

/** Asks something of the repository. @param more `accept` of another form than JSON, `body` for a POST. */
type Ask = (
  method: 'GET' | 'POST',
  path: string,
  more?: { readonly accept?: string; readonly body?: object },
) => Promise<HttpResponse>

/** What a status is to be put at, or why there is none. */
type Target = { readonly id: string; readonly fault: null } | { readonly id: null; readonly fault: AttemptResult }

/** The full hash of the commit that a deployment is of. */
async function commitOf(delivery: Delivery, deployment: DeploymentNotice, ask: Ask): Promise<Target> {
  const ref = fillName(delivery.endpoint.options.ref ?? '{canary}', deployment)
  if (fullHash.test(ref)) return { id: ref, fault: null }
  const known = delivery.receipts.findLast(({ commit }) => commit !== undefined)?.commit
  if (known !== undefined) return { id: known, fault: null }
  const segment = pathSegment(ref)
  if (segment === null) return { id: null, fault: failed('the version of the deployment is no name of a commit') }
  const response = await ask('GET', `/commits/${segment}`, { accept: 'application/vnd.github.sha' })
  if (!isSuccess(response.status)) return { id: null, fault: githubFault(response, delivery) }
  const hash = response.text.trim()
  if (fullHash.test(hash)) return { id: hash, fault: null }
  return { id: null, fault: failed(`GitHub names no commit of ${clip(plainText(ref), 60)}`, response.status) }
}

/** The newest GitHub deployment that one filter finds in the environment. */
async function newestDeployment(
  delivery: Delivery,
  filter: Readonly<Record<string, string>>,
  ask: Ask,
): Promise<{ readonly id: string | null; readonly fault: AttemptResult | null }> {
  const response = await ask('GET', `/deployments?${new URLSearchParams({ ...filter, per_page: '1' })}`)
  if (!isSuccess(response.status)) return { id: null, fault: githubFault(response, delivery) }
  const found = jsonIn(response.text)
  const id = Array.isArray(found) ? (found[0] as { id?: unknown } | undefined)?.id : undefined
  return { id: typeof id === 'number' ? String(id) : null, fault: null }
}

/**
 * The newest GitHub deployment of the version in the environment: by the name that it was made with, else by the
 * commit. Davy makes none, since that would start workflows.
 */
async function deploymentOf(delivery: Delivery, deployment: DeploymentNotice, ask: Ask): Promise<Target> {
  const known = delivery.receipts.findLast(({ githubDeployment }) => githubDeployment !== undefined)?.githubDeployment
  if (known !== undefined) return { id: known, fault: null }
  const ref = fillName(delivery.endpoint.options.ref ?? '{canary}', deployment)
  const environment = fillName(delivery.endpoint.options.environment ?? '{environment}', deployment)
  const isHash = fullHash.test(ref)
  const first = await newestDeployment(delivery, { [isHash ? 'sha' : 'ref']: ref, environment }, ask)
  if (first.fault !== null) return { id: null, fault: first.fault }
  if (first.id !== null) return { id: first.id, fault: null }
  const none = failed(`GitHub has no deployment of ${clip(plainText(ref), 60)} in ${clip(plainText(environment), 60)}`)
  if (isHash) return { id: null, fault: none }
  const commit = await commitOf(delivery, deployment, ask)
  if (commit.fault !== null) return commit.fault.outcome === 'retry' ? commit : { id: null, fault: none }
  const second = await newestDeployment(delivery, { sha: commit.id, environment }, ask)
  if (second.id !== null) return { id: second.id, fault: null }
  return { id: null, fault: second.fault ?? none }
}

async function putStatus(
  delivery: Delivery,
  deployment: DeploymentNotice,
  notice: Notice,
  ask: Ask,
): Promise<AttemptResult> {
  const { endpoint, message } = delivery
  const isCommit = endpoint.options.kind === 'commit'
  const { id, fault } = await (isCommit ? commitOf : deploymentOf)(delivery, deployment, ask)
  if (fault !== null) return fault
  const description = descriptionOf(notice)
  const report = notice.links[0]?.href
  const link = (name: string) => (report === undefined ? {} : { [name]: report })
  const context = clip(`davy/${notice.environment}/${notice.service}`, 200)
  const body = isCommit
    ? { state: commitStateOf(message), context, description, ...link('target_url') }
    : { state: deploymentStateOf(message), description, auto_inactive: false, ...link('log_url') }
  const response = await ask('POST', isCommit ? `/statuses/${id}` : `/deployments/${id}/statuses`, { body })
  if (!isSuccess(response.status)) return githubFault(response, delivery)
  const receipt = isCommit ? { commit: id } : { githubDeployment: id }
  return { outcome: 'delivered', status: response.status, receipt }
}

async function deliver(delivery: Delivery, { http }: Ports, signal: AbortSignal): Promise<AttemptResult> {
  const { endpoint, message, isOvertaken, deployment } = delivery
  if (isOvertaken) return skipped('a later message of the deployment was sent already')
  const { token, fault } = await githubToken(delivery, http, signal)
  if (fault !== null) return fault
  const repository = `${endpoint.url.replace(/\/+$/, '')}/repos/${endpoint.options.repository}`
  const ask: Ask = (method, path, { accept, body } = {}) => {
    const headers = { ...githubHeaders(token), ...(accept === undefined ? {} : { accept }) }
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    return http({ method, url: `${repository}${path}`, headers, ...sent }, signal)
  }
  if (message.type === 'endpoint.test') {
    const response = await ask('GET', '')
    if (!isSuccess(response.status)) return githubFault(response, delivery)
    return { outcome: 'delivered', status: response.status, note: 'the repository can be read; no status was written' }
  }
  if (endpoint.options.kind === 'review') return reviewRun(delivery, (body, path) => ask('POST', path, { body }))
  if (deployment === null) return failed('the deployment of the message is not known any more')
  return putStatus(delivery, deployment, noticeIn(delivery), ask)
}

/** Statuses of GitHub deployments, or of commits, by a token or as an App. */
export function createGithubSink(): Sink {
  return {
    format: 'github',
    signature: 'none',
    requires: {
      schemes: ['http', 'https'],
      defaultUrl: apiUrl,
      isUrlSecret: false,
      options: {
        repository: {
          description: 'owner/name',
          isRequired: true,
          pattern: /^(?!\.+\/)[\w.-]{1,100}\/(?!\.+$)[\w.-]{1,100}$/,
        },
        kind: {
          description:
            'deployment (default): statuses of GitHub deployments; commit: commit statuses; review: answers to the deployment protection rule of an environment, which come in at /integrations/github',
          pattern: /^(?:deployment|commit|review)$/,
        },
        ref: {
          description:
            'how a commit or tag is named after the version; {canary} when absent, v{canary} for tags with a v',
        },
        environment: { description: "GitHub's name of the environment; {environment} when absent" },
        appId: {
          description: 'the id or client id of a GitHub App, whose private key the secret is',
          pattern: /^[\w.]{1,64}$/,
        },
        installationId: { description: "the number of the App's installation", pattern: /^\d{1,20}$/ },
      },
      secret: { description: 'a token, or with the option appId the private key of the App in PEM', isRequired: true },
      events: ['deployment.started', 'verdict.changed', 'deployment.finished'],
      canAct: false,
      isAnswer: ({ options }) => options.kind === 'review',
      fault: ({ options }) => {
        if ((options.appId === undefined) !== (options.installationId === undefined))
          return 'the options appId and installationId together'
        return options.kind === 'review' && options.appId === undefined
          ? 'the options appId and installationId: GitHub takes reviews from the App of the protection rule only'
          : null
      },
    },
    deliver,
  }
}
