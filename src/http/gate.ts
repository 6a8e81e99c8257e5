import type { Verdict } from '../domain/verdict.ts'
import { mostAheadMs } from '../platform/clock.ts'

/** What a gate tells a controller. `wait` is the answer to everything that is not decided or not trusted. */
export type GateAnswer = {
  readonly verdict: 'promote' | 'wait' | 'rollback'
  readonly score: number
  readonly reason: string
  readonly url: string
  readonly deploymentId: string
}

/**
 * A verdict as a gate's answer. It waits while the kill switch is on, in mode observe, and when the verdict is past its
 * validity, since a verdict that nobody renews says nothing about now, or from the future, since it would stay valid while
 * nothing is looked at; a final one needs no renewal.
 * @param at Unix milliseconds.
 */
export function gateAnswer(verdict: Verdict, killSwitch: { readonly by: string } | null, at: number): GateAnswer {
  const answer = (decision: GateAnswer['verdict'], reason: string): GateAnswer => ({
    verdict: decision,
    score: verdict.score,
    reason,
    url: verdict.reportUrl,
    deploymentId: verdict.deploymentId,
  })
  if (killSwitch !== null) return answer('wait', `The kill switch is on, set by ${killSwitch.by}: every gate waits.`)
  if (verdict.mode === 'observe') {
    return answer('wait', `Only observed, not enforced. ${verdict.reason.summary}`)
  }
  const isValid = at <= Date.parse(verdict.validUntil)
  if (!verdict.final && !isValid) {
    return answer('wait', `The verdict of ${verdict.decidedAt} is too old to act on; a newer one is not there.`)
  }
  if (verdict.decision === 'hold') return answer('wait', verdict.reason.summary)
  const isOfNow = Date.parse(verdict.decidedAt) <= at + mostAheadMs
  if (!verdict.final && !isOfNow) {
    const now = new Date(at).toISOString()
    return answer('wait', `The verdict of ${verdict.decidedAt} is dated after now, ${now}: a clock is wrong, or was.`)
  }
  return answer(verdict.decision, verdict.reason.summary)
}

/** A gate's answer as an ECS deployment lifecycle hook's Lambda returns it. */
export function ecsHookAnswer(gate: GateAnswer) {
  const status = { promote: 'SUCCEEDED', wait: 'IN_PROGRESS', rollback: 'FAILED' } as const
  return {
    hookStatus: status[gate.verdict],
    ...(gate.verdict === 'wait' ? { callBackDelay: 30 } : {}),
    hookDetails: { reason: gate.reason, url: gate.url, deploymentId: gate.deploymentId },
  }
}
