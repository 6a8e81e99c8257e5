import { summaryStatistics } from '../../stats/summary-statistics.ts'
import type { VarianceEstimate } from '../../stats/variance-prior.ts'
import { replicateLevel } from './replicate-level.ts'

/** Measurements of one arm: one array, in time order, per replicate. */
export type Replicates = readonly (readonly number[])[]

/**
 * How much replicates of one arm differ from each other: the variance of their log levels around their own arm's mean,
 * both arms pooled, with (replicates - arms) degrees of freedom. Variance and df are 0 when no arm has two replicates.
 * Estimates of other comparisons of the same kind make a prior (`stats/variance-prior.ts`).
 */
export function replicateVariance(arms: readonly Replicates[]): VarianceEstimate {
  const parts = arms
    .filter((arm) => arm.length > 1)
    .map((arm) => ({ df: arm.length - 1, std: summaryStatistics(arm.map(replicateLevel)).std }))
  const df = parts.reduce((sum, part) => sum + part.df, 0)
  if (df === 0) return { variance: 0, df: 0 }
  return { variance: parts.reduce((sum, part) => sum + part.df * part.std ** 2, 0) / df, df }
}
