import type { Counts } from './evidence.ts'
import type { NullParameters } from './null-parameters.ts'
import type { MetricKind } from './template.ts'

export type Decision = 'promote' | 'hold' | 'rollback'

/** Consumers treat a code that they do not know as hold. */
export type ReasonCode =
  | 'HARM_SHOWN'
  | 'HARM_RULED_OUT'
  | 'EXPOSURE_REACHED'
  | 'UNDERPOWERED'
  | 'WARMING_UP'
  | 'NO_TRAFFIC'
  | 'NO_CANARY_DATA'
  | 'NO_BASELINE_DATA'
  | 'TELEMETRY_LOSS'
  | 'SAMPLE_RATIO_MISMATCH'
  | 'BASELINE_UNHEALTHY'
  | 'SOURCE_DOWN'
  | 'DEADLINE'
  | 'OVERRIDDEN'
  | 'SUPERSEDED'
  | 'CANARY_SILENT'
  | 'HARM_LIKELY'
  | 'SHARED_OUTAGE'
  | 'COHORTS_OVERLAP'
  | 'SAMPLING_DIFFERS'
  | 'CHECK_FAILED'
  | 'EXPIRED'

/**
 * harm-likely: beyond the margin and e-value at least 10, but it would not decide alone. error: the judge could not
 * judge this metric.
 */
export type Finding = 'harm-ruled-out' | 'undecided' | 'harm-likely' | 'harm-shown' | 'no-data' | 'error'

/** A metric's value in one arm: a share for proportions, seconds for distributions; null without data. */
type ArmValue = { readonly value: number | null; readonly samples: number; readonly pods: number }

/**
 * canary / baseline with its time-uniform interval. `ratio` is null while it cannot be computed (a zero baseline),
 * `low` 0 and `high` null stand for an open end. Margins are the effective ones, after rounding to whole buckets.
 */
export type Effect = {
  readonly ratio: number | null
  readonly low: number
  readonly high: number | null
  readonly level: number
  readonly margin: number
  readonly promoteMargin: number
}

export type QuantileJudgement = {
  readonly quantile: number
  readonly baseline: number | null
  readonly canary: number | null
  readonly effect: Effect
  readonly eValue: number
  readonly promoteEValue: number
}

/** One attribute value and how much worse the canary is there; ratio null: the baseline has no event there. */
export type Where = {
  readonly attribute: string
  readonly value: string
  readonly ratio: number | null
  readonly baseline: Counts
  readonly canary: Counts
}

/** One metric at one look. E-values above 1e300 are written as 1e300. */
export type Judgement = {
  readonly name: string
  readonly kind: MetricKind
  readonly group: string
  readonly finding: Finding
  readonly critical: boolean
  readonly weight: number
  readonly baseline: ArmValue
  readonly canary: ArmValue
  readonly effect: Effect
  readonly eValue: number
  /** Evidence that harm beyond the promote margin is absent: proven at 1 / alphaPromote. */
  readonly promoteEValue: number
  /** Which proof carries promoteEValue: the ratio, or the canary's own rate below `promoteFloor`. */
  readonly promoteProof: 'ratio' | 'floor'
  /** Smallest harmful ratio that the data so far would reliably show; null: nothing yet. */
  readonly smallestDetectable: number | null
  readonly where: readonly Where[]
  readonly quantiles?: readonly QuantileJudgement[]
  /** Finding `error` of a metric whose source could not be asked: why. The figures are those from before. */
  readonly fault?: string
  /** The null that it was judged with, when that was learned from the service's history; absent: the cold start. */
  readonly null?: NullParameters & { readonly learned: boolean }
}

/** What the judge says at one look; the engine adds the deployment's identity and makes a Verdict of it. */
export type Conclusion = {
  readonly decision: Decision
  readonly reason: { readonly code: ReasonCode; readonly summary: string; readonly detail: string }
  /** 100: promote is proven, 0: rollback is; 50 at the start. */
  readonly score: number
  readonly confidence: {
    /** The rollback budget of this attempt. */
    readonly falseRollbackRate: number
    /** The promote budget of this attempt, per critical metric. */
    readonly falsePromoteRate: number
    /** The combined evidence of harm; rollback at 1 / falseRollbackRate. */
    readonly eValue: number
    /** The weakest promote proof among the critical metrics; promote at 1 / falsePromoteRate. */
    readonly promoteEValue: number
  }
  /** Unix milliseconds; null when no time can be named. */
  readonly expectedDecisionAt: number | null
  readonly metrics: readonly Judgement[]
}

export type Verdict = {
  readonly id: string
  readonly deploymentId: string
  readonly namespace: string
  readonly service: string
  readonly environment: string
  readonly strategy: string
  readonly mode: 'observe' | 'enforce'
  readonly attempt: number
  readonly baseline: { readonly version: string | null }
  readonly canary: { readonly version: string | null }
  readonly decision: Decision
  readonly final: boolean
  readonly look: number
  readonly reason: Conclusion['reason']
  readonly score: number
  readonly confidence: Conclusion['confidence']
  readonly decidedAt: string
  readonly validUntil: string
  readonly expectedDecisionAt: string | null
  readonly metrics: readonly Judgement[]
  readonly template: { readonly name: string; readonly digest: string }
  readonly engine: string
  readonly reportUrl: string
}
