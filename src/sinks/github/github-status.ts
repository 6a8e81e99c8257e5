import type { Message } from '../../domain/sink.ts'
import type { Notice } from '../../report/messages/notice.ts'
import { clip } from '../../report/messages/plain-text.ts'

/** Most characters of a status' description. */
const longestDescription = 140

type DeploymentState = 'in_progress' | 'success' | 'failure' | 'inactive'
type CommitState = 'pending' | 'success' | 'failure' | 'error'

/** 'Roll back: fails 3.1% of requests against 0.50% for 2.4.0, nearly all on POST /pay' in 140 characters. */
export function descriptionOf({ action, predicate }: Notice): string {
  return clip(`${action}: ${predicate}`, longestDescription)
}

/**
 * The state of a GitHub deployment. A gate that lets a step pass is no success yet: that is the deployment's end, or a
 * verdict that is final.
 */
export function deploymentStateOf(message: Message): DeploymentState {
  switch (message.type) {
    case 'deployment.finished':
      if (message.data.outcome === 'promoted') return 'success'
      return message.data.outcome === 'rolled-back' ? 'failure' : 'inactive'
    case 'verdict.changed':
    case 'verdict.decided': {
      const { decision, final, reason } = message.data
      if (decision === 'rollback') return 'failure'
      if (decision === 'promote' && final) return 'success'
      return reason.code === 'SUPERSEDED' || reason.code === 'EXPIRED' ? 'inactive' : 'in_progress'
    }
    default:
      return 'in_progress'
  }
}

/** The state of a commit status: what Davy says of the version now. Without an answer it is an error, never a success. */
export function commitStateOf(message: Message): CommitState {
  switch (message.type) {
    case 'deployment.finished':
      if (message.data.outcome === 'promoted') return 'success'
      return message.data.outcome === 'rolled-back' ? 'failure' : 'error'
    case 'verdict.changed':
    case 'verdict.decided': {
      const { decision, final } = message.data
      if (decision === 'rollback') return 'failure'
      if (decision === 'promote') return 'success'
      return final ? 'error' : 'pending'
    }
    default:
      return 'pending'
  }
}
