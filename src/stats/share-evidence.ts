import { logBeta } from './log-beta.ts'
import { logWeightedSumExp } from './log-weighted-sum-exp.ts'

/** `count` of `of` units have the property. */
export type Share = { readonly count: number; readonly of: number }

/** Mean shares and precisions of the null's beta distribution of windows, all alike likely before the data. */
const means = [0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97, 0.99, 0.997, 0.999]
const precisions = [10, 30, 100, 300, 1000]

/** The null's beta distributions, with their log B(a, b). */
const nulls = precisions.flatMap((precision) =>
  means.map((mean) => betaShape(mean * precision, (1 - mean) * precision)),
)
const alternative = betaShape(0.5, 0.5)

/** log marginal likelihood of one window's share at each point of the null's grid. */
export type ShareLikelihood = { readonly share: Share; readonly grid: Float64Array }

/** The beta-binomial likelihood of a window, the binomial coefficient left out: log B(x + a, n - x + b) - log B(a, b). */
export function shareLikelihood(share: Share): ShareLikelihood {
  return { share, grid: Float64Array.from(nulls, (shape) => betaBinomial(share, shape)) }
}

/**
 * log of the Bayes factor for "this share comes from elsewhere than the baseline windows' shares", two-sided.
 *
 * Null: every window's own share, the canary's too, is drawn from one beta distribution of unknown mean and precision
 * (the sum of its parameters, 10 and more: windows differ by at most a standard deviation of 15 points). Alternative:
 * the canary's is drawn from Beta(1/2, 1/2).
 *
 *     log E = log BB(x, n; 1/2, 1/2) - log sum_g w_g BB(x, n; g),   w_g proportional to prod_windows BB(x_i, n_i; g)
 *
 * The precision's floor is what bounds the evidence: a lower one lets any window be a freak, and few windows then prove
 * nothing; a higher one believes in them. Given the baseline it has expectation 1 under the null's posterior predictive, so it is an e-value for shares that
 * vary between windows as that prior says.
 * Source: Griffiths, "Maximum likelihood estimation for the beta-binomial distribution" (1973); Kass & Raftery,
 * "Bayes factors" (1995).
 */
export function shareLogE(canary: ShareLikelihood, baseline: readonly ShareLikelihood[]): number {
  const points = canary.grid.length
  const likelihood = new Float64Array(points)
  for (const { grid } of baseline) for (let g = 0; g < points; g++) likelihood[g]! += grid[g]!
  const both = likelihood.map((value, g) => value + canary.grid[g]!)
  const even = new Float64Array(points).fill(1)
  const predictive = logWeightedSumExp(even, both) - logWeightedSumExp(even, likelihood)
  return betaBinomial(canary.share, alternative) - predictive
}

type BetaShape = { readonly a: number; readonly b: number; readonly log: number }

function betaShape(a: number, b: number): BetaShape {
  return { a, b, log: logBeta(a, b) }
}

function betaBinomial({ count, of }: Share, { a, b, log }: BetaShape): number {
  return logBeta(count + a, of - count + b) - log
}
