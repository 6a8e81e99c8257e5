import type { Message } from '../../domain/sink.ts'
import type { Decision } from '../../domain/verdict.ts'
import { verdictOf } from '../../report/messages/notice.ts'

type CommitState = 'running' | 'success' | 'failed' | 'canceled'
type CheckState = 'pending' | 'passed' | 'failed'

/** What a message decides: the verdict's decision, or how a deployment ended; null: it decides nothing. */
function decisionIn(message: Message): Decision | 'ended' | null {
  if (message.type === 'deployment.finished') {
    if (message.data.outcome === 'promoted') return 'promote'
    return message.data.outcome === 'rolled-back' ? 'rollback' : 'ended'
  }
  const verdict = verdictOf(message)
  if (verdict === null) return null
  return verdict.decision === 'hold' && verdict.final ? 'ended' : verdict.decision
}

/** The state of a commit status. `running` while nothing is decided; what ended without a decision is `canceled`. */
export function commitStateOf(message: Message): CommitState {
  switch (decisionIn(message)) {
    case 'promote':
      return 'success'
    case 'rollback':
      return 'failed'
    case 'ended':
      return 'canceled'
    default:
      return 'running'
  }
}

/** The state of an external status check. GitLab counts `pending` as failed after two minutes. */
export function checkStateOf(message: Message): CheckState {
  const decision = decisionIn(message)
  if (decision === 'promote') return 'passed'
  return decision === 'rollback' || decision === 'ended' ? 'failed' : 'pending'
}

/** What a blocked deployment is told; null: nothing yet. */
export function approvalOf(message: Message): 'approved' | 'rejected' | null {
  const verdict = verdictOf(message)
  if (verdict === null || verdict.decision === 'hold') return null
  return verdict.decision === 'promote' ? 'approved' : 'rejected'
}
