import { studentTail, studentUpperQuantile } from '../../stats/student-t.ts'
import { twoPassMean } from '../../stats/summary-statistics.ts'
import { shrinkVariance, type VarianceEstimate } from '../../stats/variance-prior.ts'
import { replicateLevel } from './replicate-level.ts'
import { type Replicates, replicateVariance } from './replicate-variance.ts'

/** Two arms of replicates of one metric, and what is tolerated. */
export type ReplicatesInput = {
  readonly baseline: Replicates
  readonly canary: Replicates
  /** Which way the metric gets worse: times 'up', throughput 'down'. */
  readonly worse: 'up' | 'down'
  /** A canary that is less than this many times worse is tolerated; at least 1. Default 1.05. */
  readonly margin?: number
  /** A promote needs proof that the canary is less than this many times worse. Default 1.25. */
  readonly promoteMargin?: number
  /** Of a rollback although the canary is at most `margin` times worse. Default 1%. */
  readonly alpha?: number
  /** Of a promote although it is `promoteMargin` times worse. Default 5%. */
  readonly promoteAlpha?: number
  /** What other comparisons of the same kind say about the variance between replicates. */
  readonly prior?: VarianceEstimate | null
}

export type ReplicatesJudgement = {
  readonly decision: 'promote' | 'hold' | 'rollback'
  /** P(as much harm or more | the canary is `margin` times worse); null without an estimate of the variance. */
  readonly p: number | null
  /** How many times worse the canary is (above 1: worse, whichever way the metric counts). */
  readonly harmRatio: number
  /** Each end is a one-sided bound: below `low` at alpha, above `high` at promoteAlpha. null as `p`. */
  readonly interval: { readonly low: number; readonly high: number } | null
  /** Between replicates, on the log scale, shrunk towards the prior; null as `p`. */
  readonly sd: number | null
  readonly df: number
}

/**
 * Is the canary worse, when the unit is the replicate? A fixed-sample test: valid for ONE look at replicates that have
 * finished, not for watching them. With levels y ({@link replicateLevel}), k replicates an arm and the shrunk variance
 * s^2 of d degrees of freedom, Student's t of
 *
 *     (mean y_canary - mean y_baseline - log margin) / (s sqrt(1 / k_c + 1 / k_b))
 *
 * A rollback when the lower bound of the harm is above `margin`, else a promote when its upper bound is below
 * `promoteMargin`, else hold. One replicate against one, without a prior, is a hold: nothing tells what is luck.
 *
 * Source: Student's t; the shrinkage is Smyth's (2004) moderated t. Why the unit matters: Kalibera & Jones, "Rigorous
 * benchmarking in reasonable time" (2013).
 *
 * @throws RangeError on an empty arm, a measurement that is not above 0, or margins and alphas out of range
 */
export function judgeReplicates(input: ReplicatesInput): ReplicatesJudgement {
  const { baseline, canary, worse, margin = 1.05, promoteMargin = 1.25, alpha = 0.01, promoteAlpha = 0.05 } = input
  check(input, margin, promoteMargin, alpha, promoteAlpha)
  const rise = twoPassMean(canary.map(replicateLevel)) - twoPassMean(baseline.map(replicateLevel))
  const harm = worse === 'up' ? rise : -rise
  const { variance, df } = shrinkVariance(replicateVariance([baseline, canary]), input.prior ?? null)
  const harmRatio = Math.exp(harm)
  if (df === 0) return { decision: 'hold', p: null, harmRatio, interval: null, sd: null, df }
  const error = Math.sqrt(variance * (1 / canary.length + 1 / baseline.length))
  const interval = {
    low: Math.exp(harm - studentUpperQuantile(alpha, df) * error),
    high: Math.exp(harm + studentUpperQuantile(promoteAlpha, df) * error),
  }
  const beyond = harm - Math.log(margin)
  // Without any scatter the difference is what it is.
  const p = error > 0 ? studentTail(beyond / error, df) : beyond > 0 ? 0 : 1
  return {
    decision: decide(p < alpha, interval.high < promoteMargin),
    p,
    harmRatio,
    interval,
    sd: Math.sqrt(variance),
    df,
  }
}

function decide(isHarmful: boolean, isHarmless: boolean): ReplicatesJudgement['decision'] {
  if (isHarmful) return 'rollback'
  return isHarmless ? 'promote' : 'hold'
}

function check(
  { baseline, canary, prior }: ReplicatesInput,
  margin: number,
  promoteMargin: number,
  alpha: number,
  promoteAlpha: number,
): void {
  if (baseline.length === 0 || canary.length === 0) {
    throw new RangeError(`replicates: expected both arms to have some, got ${baseline.length} and ${canary.length}`)
  }
  if (!(margin >= 1 && promoteMargin >= margin)) {
    throw new RangeError(`replicates: expected 1 <= margin <= promoteMargin, got ${margin} and ${promoteMargin}`)
  }
  for (const share of [alpha, promoteAlpha]) {
    if (!(share > 0 && share <= 0.5)) throw new RangeError(`replicates: expected alpha within (0, 0.5], got ${share}`)
  }
  if (prior && !(prior.df > 0 && prior.variance > 0)) {
    throw new RangeError(`replicates: expected a prior above 0, got variance ${prior.variance} with df ${prior.df}`)
  }
}
