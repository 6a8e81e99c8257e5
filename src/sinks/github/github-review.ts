import type { AttemptResult, Delivery, HttpResponse } from '../../domain/sink.ts'
import { verdictOf } from '../../report/messages/notice.ts'
import { clip } from '../../report/messages/plain-text.ts'
import { noticeIn } from '../message-options.ts'
import { failed, isSuccess, refusalText, skipped } from '../platform-answer.ts'
import { githubFault } from './github-answer.ts'

/** Most characters of a review's comment. */
const longestComment = 1024

const states = { promote: 'approved', rollback: 'rejected' } as const

/**
 * Approves or rejects the run that waits for the deployment protection rule of an environment. Whatever is no decision,
 * or answers no question, says nothing, and GitHub goes on waiting.
 * @param post to a path of the repository.
 */
export async function reviewRun(
  delivery: Delivery,
  post: (body: object, path: string) => Promise<HttpResponse>,
): Promise<AttemptResult> {
  const { approval, receipts, deployment, message } = delivery
  if (approval === undefined) return skipped('GitHub asked no question that this would answer')
  const decision = verdictOf(message)?.decision ?? 'hold'
  if (decision === 'hold') return skipped('nothing is decided yet')
  if (deployment === null) return failed('the deployment of the message is not known any more')
  if (deployment.mode === 'observe') return skipped('a deployment that is only observed approves nothing')
  if (receipts.some(({ answered }) => answered === approval.key)) return skipped('GitHub has an answer already')
  const { run = '', environment = '' } = approval.details
  const notice = noticeIn(delivery)
  const state = states[decision]
  const comment = clip(`${notice.action}: ${notice.sentence} ${notice.links[0]?.href ?? ''}`.trim(), longestComment)
  const body = { environment_name: environment, state, comment }
  const response = await post(body, `/actions/runs/${encodeURIComponent(run)}/deployment_protection_rule`)
  const receipt = { answered: approval.key }
  if (isSuccess(response.status)) {
    return { outcome: 'delivered', status: response.status, note: `run ${run} was ${state}`, receipt }
  }
  // The run was cancelled or somebody bypassed the rule, or an attempt of which we do not know got through.
  const isOver =
    response.status === 422 && /no pending|not pending|already/i.test(refusalText(response, delivery.secrets))
  if (!isOver) return githubFault(response, delivery)
  return { outcome: 'delivered', status: response.status, note: `run ${run} waits for no answer any more`, receipt }
}
