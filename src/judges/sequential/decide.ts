import type { Template } from '../../domain/template.ts'
import type { Decision, ReasonCode } from '../../domain/verdict.ts'
import type { Arrivals } from './arrivals.ts'
import type { Budget } from './attempt-budget.ts'
import { logLikely } from './metric-trial.ts'
import type { Silence } from './silence.ts'

/** A decision and why. */
export type Ruling = { readonly decision: Decision; readonly code: ReasonCode }

/** All that a ruling depends on. */
export type Situation = {
  readonly at: number
  readonly startedAt: number
  readonly hasBaseline: boolean
  readonly template: Template
  readonly budget: Budget
  readonly arrivals: Arrivals
  /** Non-null when the canary should report and does not. */
  readonly silence: Silence | null
  /** What forbids a comparison of the arms; null: nothing does. */
  readonly incomparable: 'SAMPLING_DIFFERS' | 'SAMPLE_RATIO_MISMATCH' | null
  /** The source of a critical metric, or of the main one, cannot be asked, which forbids a promote and no rollback. */
  readonly isSourceDown: boolean
  /** An outage of the baseline, which forbids a promote and no rollback. */
  readonly outage: 'SHARED_OUTAGE' | 'BASELINE_UNHEALTHY' | null
  /** log of the combined evidence of harm, now and at its highest so far. */
  readonly logE: number
  readonly highestLogE: number
  /** log of the evidence of harm that began later than the trial; part of logE. */
  readonly lateLogE: number
  /** log of the weakest promote proof among the critical metrics; null when no metric is critical. */
  readonly logPromote: number | null
  /** The promote that holds for the running step. */
  readonly latched: Ruling | null
}

/** An arm that is silent for so long while the other one is not has stopped. */
const silenceMs = 60_000

const mostLate = 0.01

/**
 * The ruling at a look. What keeps the evidence from being trusted comes first and lets nothing new happen; then harm,
 * then a promote that holds, then proofs in falling strength. (A latched rollback is not asked again.)
 */
export function decide(situation: Situation): Ruling {
  const { template, budget, latched, silence } = situation
  const seen = obstacleTo(situation)
  // Nobody is silent whom nobody could ask.
  const obstacle = situation.isSourceDown && isSilence(seen) ? 'SOURCE_DOWN' : seen
  if (silence !== null && (obstacle === null || obstacle === 'NO_CANARY_DATA')) {
    // A policy and no proof: how much a silence can say is bounded, and the sentence tells the bound.
    if (template.onSilence === 'rollback') return { decision: 'rollback', code: 'CANARY_SILENT' }
    if (situation.logE < -Math.log(budget.alpha)) return latched ?? { decision: 'hold', code: 'CANARY_SILENT' }
  }
  if (obstacle !== null) return latched ?? { decision: 'hold', code: obstacle }
  if (situation.logE >= -Math.log(budget.alpha)) return { decision: 'rollback', code: 'HARM_SHOWN' }
  if (latched !== null) return latched
  // What somebody's own test says is no evidence of harm to users, and no reason to promote either.
  if (situation.arrivals.failedChecks.length > 0) return { decision: 'hold', code: 'CHECK_FAILED' }
  if (situation.isSourceDown) return { decision: 'hold', code: 'SOURCE_DOWN' }
  // No worse than something broken is no reason to promote, and no release of this comparison is to blame either.
  if (situation.outage !== null) return { decision: 'hold', code: situation.outage }
  const isExposed = hasMinimum(situation)
  const isRuledOut = situation.logPromote !== null && situation.logPromote >= -Math.log(budget.alphaPromote)
  // The promote proof is one over the whole run, of which harm that has just begun is a small part.
  const hasBegun = situation.lateLogE >= logLikely
  if (isRuledOut && isExposed && !hasBegun) return { decision: 'promote', code: 'HARM_RULED_OUT' }
  if (template.exposureMode && isExposed && situation.highestLogE < logLikely) {
    return { decision: 'promote', code: 'EXPOSURE_REACHED' }
  }
  const isLikely = situation.logE >= logLikely
  if (situation.at >= situation.startedAt + template.deadlineSeconds * 1000) {
    // A policy that promotes what is undecided does not promote what was hardly seen, or what is likely to do harm.
    const isFit = template.onDeadline !== 'promote' || (isExposed && !isLikely)
    return { decision: isFit ? template.onDeadline : 'hold', code: isFit || !isLikely ? 'DEADLINE' : 'HARM_LIKELY' }
  }
  return { decision: 'hold', code: isLikely ? 'HARM_LIKELY' : 'UNDERPOWERED' }
}

function hasMinimum({ arrivals, template }: Situation): boolean {
  const { firstCanary, to, requests } = arrivals
  if (firstCanary === null || to === null) return false
  return to - firstCanary >= template.minimum.seconds * 1000 && requests.canary >= template.minimum.requests
}

function obstacleTo(situation: Situation): ReasonCode | null {
  const { arrivals } = situation
  if (isWarmingUp(situation)) return 'WARMING_UP'
  if (!situation.hasBaseline) return 'NO_BASELINE_DATA'
  const silent = silentArms(arrivals)
  if (silent !== null) return silent
  if (arrivals.lateShare.canary > mostLate || arrivals.lateShare.baseline > mostLate) return 'TELEMETRY_LOSS'
  return arrivals.overlap.length > 0 ? 'COHORTS_OVERLAP' : situation.incomparable
}

/** Before the first slice there is nothing to say either; only when slices should long be there is it no traffic. */
function isWarmingUp({ arrivals, at, startedAt, template }: Situation): boolean {
  if (arrivals.from !== null) return false
  const firstSliceAt = startedAt + (template.warmUpSeconds + template.watermarkSeconds + template.lookSeconds) * 1000
  if (arrivals.newest !== null) return arrivals.newest <= startedAt + template.warmUpSeconds * 1000
  return at < firstSliceAt + silenceMs
}

function isSilence(code: ReasonCode | null): boolean {
  return code === 'NO_TRAFFIC' || code === 'NO_CANARY_DATA' || code === 'NO_BASELINE_DATA'
}

function silentArms({ last, to }: Arrivals): ReasonCode | null {
  const isSilent = (time: number | null): boolean => time === null || to === null || to - time >= silenceMs
  const canary = isSilent(last.canary)
  const baseline = isSilent(last.baseline)
  if (canary && baseline) return 'NO_TRAFFIC'
  if (canary) return 'NO_CANARY_DATA'
  return baseline ? 'NO_BASELINE_DATA' : null
}
