import type { Slice } from '../../domain/evidence.ts'
import type { NullParameters } from '../../domain/null-parameters.ts'
import type { Finding, Judgement } from '../../domain/verdict.ts'
import type { IntervalPriors } from '../../stats/ratio-interval.ts'
import type { RatioPrior } from '../../stats/ratio-process.ts'
import type { Budget } from './attempt-budget.ts'

/** What a metric needs to know to read its evidence at a look. */
export type Look = {
  readonly budget: Budget
  /** The metric's null: the parameters that it was opened with, and the priors that go with them. */
  readonly parameters: NullParameters
  readonly priors: readonly RatioPrior[]
  readonly intervals: readonly IntervalPriors[]
  readonly pods: { readonly baseline: number; readonly canary: number }
  /** Seconds of evidence so far. */
  readonly seconds: number
}

/** One metric at one look. */
export type Reading = {
  readonly judgement: Judgement
  /** log of the evidence of harm as it enters the decision: at most 0 below the metric's absolute floor. */
  readonly logE: number
  /** log of the weakest promote proof that this metric needs. */
  readonly logPromote: number
  /** More evidence for harm than against it, and the effect seen is beyond the margin. */
  readonly looksHarmful: boolean
  /** The share of the excess errors that the first of `judgement.where` has; 0 where there is none. */
  readonly worstShare: number
  /** About how many seconds of evidence show the harm if what is seen is true; null: never. */
  readonly secondsToShow: number | null
  /** About how many seconds of evidence rule harm out if there is none; null: never. */
  readonly secondsToRuleOut: number | null
}

/** The evidence of one metric. Slices that are not judged are never shown to it. */
export type MetricTrial = {
  observe(slice: Slice): void
  closeBlock(): void
  read(look: Look): Reading
}

const logMax = Math.log(1e300)

/** An e-value as it is written: at most 1e300, so that it stays a number in JSON. */
export function eValue(logE: number): number {
  return logE >= logMax ? 1e300 : Math.exp(logE)
}

/** The level of all intervals that are shown. */
export const intervalLevel = 0.95

/** From here on harm is likely enough to pause a rollout. */
export const logLikely = Math.log(10)

/**
 * One word for one metric. Harm goes before its absence: with a promote margin above the rollback margin both can hold.
 */
export function findingOf(metric: {
  readonly hasData: boolean
  readonly beyondMargin: boolean
  readonly logE: number
  readonly logPromote: number
  readonly weight: number
  readonly budget: Budget
}): Finding {
  if (!metric.hasData) return 'no-data'
  const alone = metric.weight * eValue(metric.logE) + (1 - metric.weight)
  if (metric.beyondMargin && alone >= 1 / metric.budget.alpha) return 'harm-shown'
  if (metric.beyondMargin && metric.logE >= logLikely) return 'harm-likely'
  if (metric.logPromote >= -Math.log(metric.budget.alphaPromote)) return 'harm-ruled-out'
  return 'undecided'
}
