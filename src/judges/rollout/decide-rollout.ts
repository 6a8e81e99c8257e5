import type { AliasedPair } from './aliased-series.ts'
import type { Outage } from './new-outage.ts'
import type { MetricEvidence } from './proportion-evidence.ts'
import type { RolloutPolicy } from './rollout-policy.ts'
import type { Silence } from './silence.ts'

/** Why a rollout was decided as it was; the first that applies, in the order of {@link decideRollout}. */
type RolloutReason =
  | 'ALIASED_ARMS'
  | 'HARM_SHOWN'
  | 'CANARY_SILENT'
  | 'NO_CANARY_DATA'
  | 'SHARED_OUTAGE'
  | 'TOO_EARLY'
  | 'UNDERPOWERED'
  | 'NO_HARM_SHOWN'

/** What was found out about a rollout. */
export type RolloutFacts = {
  /** Pods of both versions that gauges cannot tell apart; those gauges are not compared. */
  readonly aliased: readonly AliasedPair[]
  /** Evidence of each metric that could be compared; what could not is absent and says nothing. */
  readonly metrics: readonly MetricEvidence[]
  /** log of the weighted average of the metrics' e-values; 0 when none could be compared. */
  readonly totalLogE: number
  /** Share of the error budget, by weight, whose metrics could be compared. */
  readonly comparedShare: number
  /** Each canary pod on each inbound edge where it was expected. */
  readonly silences: readonly Silence[]
  /** New outages around the service, earliest first. */
  readonly outages: readonly Outage[]
  readonly hasCanaryData: boolean
  /** Seconds for which a canary pod and a baseline pod were there together and observed. */
  readonly soakSeconds: number
}

/** What to do with a rollout, and why. */
export type RolloutVerdict = { readonly decision: 'promote' | 'hold' | 'rollback'; readonly reason: RolloutReason }

/**
 * Proven harm and silence come first: an outage around the service excuses neither, because both are measured against
 * baseline pods of the same minutes. An outage that nothing explains then holds the rollout: no regression of its own is
 * shown, but it must not be promoted into it.
 *
 * @param isOutageExplained another release is known to be the cause
 */
export function decideRollout(facts: RolloutFacts, policy: RolloutPolicy, isOutageExplained: boolean): RolloutVerdict {
  if (facts.aliased.some(({ isOnePod }) => isOnePod)) return { decision: 'hold', reason: 'ALIASED_ARMS' }
  if (facts.totalLogE >= -Math.log(policy.alpha)) return { decision: 'rollback', reason: 'HARM_SHOWN' }
  if (facts.silences.some(({ isSilent }) => isSilent)) return { decision: policy.onSilence, reason: 'CANARY_SILENT' }
  if (!facts.hasCanaryData) return { decision: 'hold', reason: 'NO_CANARY_DATA' }
  if (facts.outages.length > 0 && !isOutageExplained) return { decision: 'hold', reason: 'SHARED_OUTAGE' }
  if (facts.soakSeconds < policy.minimumSoakSeconds) return { decision: 'hold', reason: 'TOO_EARLY' }
  if (facts.comparedShare < policy.minimumComparedShare) return { decision: 'hold', reason: 'UNDERPOWERED' }
  return { decision: 'promote', reason: 'NO_HARM_SHOWN' }
}
