import { decideRollout } from './decide-rollout.ts'
import { judgeRollout, type RolloutJudgement } from './judge-rollout.ts'
import type { PodScatter, RolloutInput } from './rollout-input.ts'
import type { RolloutPolicy } from './rollout-policy.ts'

/**
 * Judges rollouts that ran at the same time, in the order given. An outage that both versions of a service suffer keeps a
 * release waiting only while nothing explains it: when another of these releases was shown to do harm, or is silent, the
 * others are judged by their own evidence alone.
 */
export function judgeRollouts(
  inputs: readonly RolloutInput[],
  history: readonly PodScatter[],
  policy: RolloutPolicy,
): RolloutJudgement[] {
  const alone = inputs.map((input) => judgeRollout(input, history, policy))
  const isExplained = alone.some(explainsOutages)
  return alone.map((judgement) => ({ ...judgement, ...decideRollout(judgement, policy, isExplained) }))
}

/** The release was shown to do harm, or is silent: what fails around it may be its doing. */
export function explainsOutages({ reason }: RolloutJudgement): boolean {
  return reason === 'HARM_SHOWN' || reason === 'CANARY_SILENT'
}
