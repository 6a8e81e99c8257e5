import type { AttemptResult, Delivery, DeploymentNotice, HttpResponse, Ports, Sink } from '../../domain/sink.ts'
import { fillName } from '../../report/messages/links.ts'
import type { Notice } from '../../report/messages/notice.ts'
import { clip, plainText } from '../../report/messages/plain-text.ts'
import { noticeIn } from '../message-options.ts'
import { pathSegment } from '../path-segment.ts'
import { failed, isSuccess, jsonIn, platformFault, platformResult, refusalText, skipped } from '../platform-answer.ts'
import { approvalOf, checkStateOf, commitStateOf } from './gitlab-status.ts'

const apiUrl = 'https://gitlab.com'
const platform = 'GitLab'
const longest = { description: 255, url: 255, comment: 1000 } as const
const fullHash = /^[0-9a-f]{40}$/

type Ask = (method: 'GET' | 'POST', path: string, body?: object) => Promise<HttpResponse>

/** What a kind of status needs. */
type Work = {
  readonly delivery: Delivery
  readonly deployment: DeploymentNotice
  readonly notice: Notice
  readonly ask: Ask
}

type Found<Value> =
  | { readonly found: Value; readonly fault: null }
  | { readonly found: null; readonly fault: AttemptResult }

function filled({ endpoint }: Delivery, deployment: DeploymentNotice, option: string, otherwise: string): string {
  return fillName(endpoint.options[option] ?? otherwise, deployment)
}

/** One field of what GitLab answers; `text` is cut for errors. */
async function fetched<Value>(
  { delivery, ask }: Work,
  path: string,
  pick: (body: unknown) => Value | null,
  none: string,
): Promise<Found<Value>> {
  const response = await ask('GET', path)
  if (!isSuccess(response.status)) return { found: null, fault: platformFault(response, delivery, platform) }
  const found = pick(jsonIn(response.text))
  return found === null ? { found: null, fault: failed(none, response.status) } : { found, fault: null }
}

/** The full hash of the commit that the deployment is of. */
async function commitOf(work: Work): Promise<Found<string>> {
  const ref = filled(work.delivery, work.deployment, 'ref', '{canary}')
  if (fullHash.test(ref)) return { found: ref, fault: null }
  const known = work.delivery.receipts.findLast(({ commit }) => commit !== undefined)?.commit
  if (known !== undefined) return { found: known, fault: null }
  const idIn = (body: unknown): string | null => {
    const { id } = (body ?? {}) as { id?: unknown }
    return typeof id === 'string' ? id : null
  }
  const none = `GitLab names no commit of ${clip(plainText(ref), 60)}`
  const segment = pathSegment(ref)
  if (segment === null) return { found: null, fault: failed('the version of the deployment is no name of a commit') }
  return fetched(work, `/repository/commits/${segment}`, idIn, none)
}

async function putCommitStatus(work: Work): Promise<AttemptResult> {
  const { delivery, notice, ask } = work
  const { found: commit, fault } = await commitOf(work)
  if (fault !== null) return fault
  const report = notice.links[0]?.href
  const response = await ask('POST', `/statuses/${commit}`, {
    state: commitStateOf(delivery.message),
    name: clip(`davy/${notice.environment}/${notice.service}`, 200),
    description: clip(`${notice.action}: ${notice.predicate}`, longest.description),
    ...(report === undefined || report.length > longest.url ? {} : { target_url: report }),
  })
  const isSame = response.status === 400 && /Cannot transition status/i.test(refusalText(response, delivery.secrets))
  if (isSame)
    return { outcome: 'delivered', status: 400, note: 'the commit had this state already', receipt: { commit } }
  return platformResult(response, delivery, platform, { commit })
}

/** The open merge request that brought the commit, and the answer to its external status check. */
async function answerStatusCheck(work: Work): Promise<AttemptResult> {
  const { delivery } = work
  const { mergeRequest, sha } = delivery.approval?.details ?? {}
  if (mergeRequest !== undefined && sha !== undefined) return putStatusCheck(work, mergeRequest, sha)
  const { found: commit, fault } = await commitOf(work)
  if (fault !== null) return fault
  const openIn = (body: unknown): number | null => {
    const requests = Array.isArray(body) ? (body as { iid?: unknown; state?: unknown }[]) : []
    const open = requests.find(({ state, iid }) => state === 'opened' && typeof iid === 'number')
    return typeof open?.iid === 'number' ? open.iid : null
  }
  const none = `GitLab has no open merge request with commit ${commit.slice(0, 12)}`
  const request = await fetched(work, `/repository/commits/${commit}/merge_requests`, openIn, none)
  if (request.fault !== null) return request.fault
  return putStatusCheck(work, String(request.found), commit)
}

async function putStatusCheck({ delivery, ask }: Work, mergeRequest: string, sha: string): Promise<AttemptResult> {
  const response = await ask('POST', `/merge_requests/${mergeRequest}/status_check_responses`, {
    sha,
    external_status_check_id: Number(delivery.endpoint.options.statusCheckId),
    status: checkStateOf(delivery.message),
  })
  return platformResult(response, delivery, platform, { commit: sha })
}

/** Approves or rejects the deployment that waits in the environment: only what the endpoint says that it may. */
async function approveDeployment(work: Work): Promise<AttemptResult> {
  const { delivery, deployment, notice, ask } = work
  const status = approvalOf(delivery.message)
  if (status === null) return skipped('nothing is decided yet')
  if (deployment.mode === 'observe') return skipped('a deployment that is only observed approves nothing')
  const ref = filled(delivery, deployment, 'ref', '{canary}')
  const environment = filled(delivery, deployment, 'environment', '{environment}')
  const query = new URLSearchParams({ environment, status: 'blocked', order_by: 'id', sort: 'desc', per_page: '20' })
  const waitingIn = (body: unknown): number | null => {
    const all = Array.isArray(body) ? (body as { id?: unknown; sha?: unknown; ref?: unknown }[]) : []
    const one = all.find(({ sha, ref: name }) => name === ref || (ref.length >= 7 && String(sha).startsWith(ref)))
    return typeof one?.id === 'number' ? one.id : null
  }
  const none = `GitLab has no blocked deployment of ${clip(plainText(ref), 60)} in ${clip(plainText(environment), 60)}`
  const asked = delivery.approval?.details.deployment
  const { found: id, fault } =
    asked === undefined ? await fetched(work, `/deployments?${query}`, waitingIn, none) : { found: asked, fault: null }
  if (fault !== null) return fault
  // A question that came in and the blocked deployment that was looked for may be the same.
  const answered = `${id} ${status}`
  if (delivery.receipts.some((receipt) => receipt.answered === answered))
    return skipped(`deployment ${id} was ${status} already`)
  if (!delivery.endpoint.act) {
    const note = `dry run: deployment ${id} in ${clip(plainText(environment), 60)} would be ${status}`
    return { outcome: 'delivered', status: 200, note }
  }
  const comment = clip(`${notice.action}: ${notice.sentence} ${notice.links[0]?.href ?? ''}`.trim(), longest.comment)
  const response = await ask('POST', `/deployments/${id}/approval`, { status, comment })
  const result = platformResult(response, delivery, platform)
  if (result.outcome !== 'delivered') return result
  return { ...result, note: `deployment ${id} was ${status}`, receipt: { answered } }
}

const kinds: Readonly<Record<string, (work: Work) => Promise<AttemptResult>>> = {
  'commit-status': putCommitStatus,
  'status-check': answerStatusCheck,
  approval: approveDeployment,
}

async function deliver(delivery: Delivery, { http }: Ports, signal: AbortSignal): Promise<AttemptResult> {
  const { endpoint, message, secrets, isOvertaken, deployment } = delivery
  if (isOvertaken) return skipped('a later message of the deployment was sent already')
  const { project = '', kind = 'commit-status' } = endpoint.options
  const base = `${endpoint.url.replace(/\/+$/, '')}/api/v4/projects/${encodeURIComponent(project)}`
  const headers = { 'private-token': secrets[0] ?? '', 'content-type': 'application/json' }
  const ask: Ask = (method, path, body) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    return http({ method, url: `${base}${path}`, headers, ...sent }, signal)
  }
  if (message.type === 'endpoint.test') {
    const response = await ask('GET', '')
    if (!isSuccess(response.status)) return platformFault(response, delivery, platform)
    return { outcome: 'delivered', status: response.status, note: 'the project can be read; nothing was written' }
  }
  if (deployment === null) return failed('the deployment of the message is not known any more')
  const work = kinds[kind]
  if (work === undefined) return failed(`there is no kind ${kind}`)
  return work({ delivery, deployment, notice: noticeIn(delivery), ask })
}

/** Commit statuses, answers to external status checks, or approvals of deployments, by GitLab's API v4. */
export function createGitlabSink(): Sink {
  return {
    format: 'gitlab',
    signature: 'none',
    requires: {
      schemes: ['http', 'https'],
      defaultUrl: apiUrl,
      isUrlSecret: false,
      options: {
        project: {
          description: 'the number of a project or its path, as group/name',
          isRequired: true,
          pattern: /^(?:\d{1,12}|[\w-][\w.-]*(?:\/[\w-][\w.-]*)+)$/,
        },
        kind: {
          description: `${Object.keys(kinds).join(', ')}; the first when absent; approval changes something only with act`,
          pattern: new RegExp(`^(?:${Object.keys(kinds).join('|')})$`),
        },
        ref: { description: 'how a commit or tag is named after the version; {canary} when absent' },
        environment: { description: "GitLab's name of the environment; {environment} when absent" },
        statusCheckId: { description: 'the number of the external status check', pattern: /^\d{1,12}$/ },
      },
      secret: { description: 'a token with the scope api', isRequired: true, pattern: /^[\x21-\x7e]+$/ },
      events: ['deployment.started', 'verdict.changed', 'deployment.finished'],
      canAct: true,
      isAnswer: ({ options }) => options.kind === 'approval' || options.kind === 'status-check',
      fault: ({ options, act }) => {
        const { kind = 'commit-status', statusCheckId } = options
        if ((kind === 'status-check') !== (statusCheckId !== undefined))
          return 'the option statusCheckId with the kind status-check, and only with it'
        return act && kind !== 'approval' ? 'act only with the kind approval, since the others change nothing' : null
      },
    },
    deliver,
  }
}
