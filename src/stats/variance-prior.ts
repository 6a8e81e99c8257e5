import { mean, median } from 'simple-statistics'
import { digamma, trigamma } from './polygamma.ts'

/** A variance estimate and how many degrees of freedom stand behind it; as a prior, those that it is worth. */
export type VarianceEstimate = { readonly variance: number; readonly df: number }

/**
 * What the variances of many similar comparisons say about the next one, as a scaled inverse chi-square (d0, s0^2).
 * With z = log s^2 and e = z - psi(d/2) + log(d/2)
 *
 *     trigamma(d0 / 2) = var(e) - mean trigamma(d / 2),   log s0^2 = mean(e) + psi(d0/2) - log(d0/2)
 *
 * The more alike the variances, the larger d0, at most all degrees of freedom together. Variances of 0 (an instrument
 * that shows too few digits) count as 1e-5 of the median one.
 * Source: Smyth, "Linear models and empirical Bayes methods for assessing differential expression in microarray
 * experiments" (2004), section 6.2.
 *
 * @returns null when fewer than three have degrees of freedom, or more than half of these vary not at all
 */
export function learnVariancePrior(estimates: readonly VarianceEstimate[]): VarianceEstimate | null {
  const usable = estimates.filter(({ df }) => df > 0)
  if (usable.length < 3) return null
  const middle = median(usable.map(({ variance }) => variance))
  if (!(middle > 0)) return null
  const logs = usable.map(({ variance, df }) => {
    return Math.log(Math.max(variance, 1e-5 * middle)) - digamma(df / 2) + Math.log(df / 2)
  })
  const centre = mean(logs)
  const scatter = logs.reduce((sum, log) => sum + (log - centre) ** 2, 0) / (logs.length - 1)
  const beyondSampling = scatter - mean(usable.map(({ df }) => trigamma(df / 2)))
  const most = usable.reduce((sum, { df }) => sum + df, 0)
  const df = beyondSampling > 0 ? Math.min(most, 2 * inverseTrigamma(beyondSampling)) : most
  return { df, variance: Math.exp(centre + digamma(df / 2) - Math.log(df / 2)) }
}

/** Both together, weighted by their degrees of freedom: (d0 s0^2 + d s^2) / (d0 + d). Source: Smyth (2004), section 5. */
export function shrinkVariance(own: VarianceEstimate, prior: VarianceEstimate | null): VarianceEstimate {
  if (prior === null) return own
  const df = own.df + prior.df
  return { df, variance: (own.df * own.variance + prior.df * prior.variance) / df }
}

/** The x with trigamma(x) = y, y > 0, by bisection on the logarithm: trigamma falls from infinity to 0. */
function inverseTrigamma(y: number): number {
  let low = -40
  let high = 40
  for (let pass = 0; pass < 80; pass++) {
    const middle = (low + high) / 2
    if (trigamma(Math.exp(middle)) > y) low = middle
    else high = middle
  }
  return Math.exp((low + high) / 2)
}
