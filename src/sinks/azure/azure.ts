import type { AttemptResult, Delivery, HttpResponse, Ports, Sink } from '../../domain/sink.ts'
import { verdictOf } from '../../report/messages/notice.ts'
import { pathSegment } from '../path-segment.ts'
import { type Fault, failed, isSuccess, platformFault, skipped } from '../platform-answer.ts'

const platform = 'Azure Pipelines'

const results = { promote: 'succeeded', rollback: 'failed' } as const

/**
 * Completes the check of a stage that waits. Whatever is no decision, or answers no question, says nothing: the check
 * goes on waiting until its own time is over, which is a failure.
 */
async function complete(delivery: Delivery, http: Ports['http'], signal: AbortSignal): Promise<AttemptResult> {
  const { approval, endpoint, receipts, deployment, message, secrets } = delivery
  if (approval === undefined) return skipped('Azure Pipelines asked no question that this would answer')
  const decision = verdictOf(message)?.decision ?? 'hold'
  if (decision === 'hold') return skipped('nothing is decided yet')
  if (deployment === null) return failed('the deployment of the message is not known any more')
  if (deployment.mode === 'observe') return skipped('a deployment that is only observed approves nothing')
  if (receipts.some(({ answered }) => answered === approval.key))
    return skipped('Azure Pipelines has an answer already')
  const { project = '', hub = '', plan = '', job = '', task = '' } = approval.details
  const segments = [project, hub, plan].map(pathSegment)
  if (segments.some((segment) => segment === null)) return failed('the check is named by something that is no name')
  const [projectPath, hubPath, planPath] = segments
  const base = endpoint.url.replace(/\/+$/, '')
  const response = await http(
    {
      method: 'POST',
      url: `${base}/${projectPath}/_apis/distributedtask/hubs/${hubPath}/plans/${planPath}/events?api-version=7.1`,
      headers: { ...authorization(secrets), 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'TaskCompleted', taskId: task, jobId: job, result: results[decision] }),
    },
    signal,
  )
  const fault = faultOf(response, delivery)
  if (fault !== null) return fault
  const note = `the check ${task} was completed as ${results[decision]}`
  return { outcome: 'delivered', status: response.status, note, receipt: { answered: approval.key } }
}

async function deliver(delivery: Delivery, { http }: Ports, signal: AbortSignal): Promise<AttemptResult> {
  const { message, endpoint, secrets } = delivery
  if (message.type !== 'endpoint.test') return complete(delivery, http, signal)
  const url = `${endpoint.url.replace(/\/+$/, '')}/_apis/projects?api-version=7.1&$top=1`
  const response = await http({ method: 'GET', url, headers: authorization(secrets) }, signal)
  const fault = faultOf(response, delivery)
  if (fault !== null) return fault
  return { outcome: 'delivered', status: response.status, note: 'the organisation can be read; nothing was written' }
}

/** What was wrong with an answer; null: nothing. Bad credentials are no 401 here but a 203 with a page to sign in at. */
function faultOf(response: HttpResponse, delivery: Delivery): Fault | null {
  if (response.status === 203) {
    const cause = 'the personal access token is wrong or has expired; give the endpoint a new one'
    return failed(`${platform} refused the credentials (203): ${cause}`, 203)
  }
  return isSuccess(response.status) ? null : platformFault(response, delivery, platform)
}

/** A personal access token is the password of an empty user. */
function authorization([token = '']: readonly string[]): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(`:${token}`).toString('base64')}` }
}

/** Answers to REST checks of Azure Pipelines in mode callback, by an access token of one organisation. */
export function createAzureSink(): Sink {
  return {
    format: 'azure',
    signature: 'none',
    requires: {
      schemes: ['http', 'https'],
      defaultUrl: null,
      isUrlSecret: false,
      options: {},
      secret: { description: 'a personal access token', isRequired: true, pattern: /^[\x21-\x7e]+$/ },
      events: ['verdict.decided'],
      canAct: false,
      isAnswer: () => true,
    },
    deliver,
  }
}
