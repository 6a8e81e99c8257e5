import { logScaledNormal } from './log-scaled-normal.ts'

/**
 * log E for "the canary's level is above the tolerated one", from one estimate d of the difference beyond the tolerance
 * (of log levels, say): d ~ N(mu, v + tau^2), null mu <= 0, alternative mu ~ half-normal(rho) above 0. With
 * A = v + tau^2, B = A + rho^2
 *
 *     log E = log 2 + 0.5 log(A / B) + 0.5 d^2 (1/A - 1/B) + log Phi(d rho / sqrt(A B))
 *
 * The quadratic term is half the square of Phi's argument, so both are taken together and huge ones do not cancel.
 * As d and v develop over time under a Gaussian model this is a martingale at mu = 0, and below 0 it only falls.
 * Source: Robbins, "Statistical methods related to the law of the iterated logarithm" (1970), the one-sided normal
 * mixture; Howard, Ramdas, McAuliffe & Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences" (2021).
 *
 * @param v variance of d from observing for a limited time, above 0
 * @param tau persistent difference of arms without a change, standard deviation
 * @param rho scale of the differences looked for, above 0
 */
export function gaugeLogE({
  d,
  v,
  tau,
  rho,
}: {
  readonly d: number
  readonly v: number
  readonly tau: number
  readonly rho: number
}): number {
  const narrow = v + tau ** 2
  const wide = narrow + rho ** 2
  return Math.LN2 + 0.5 * Math.log(narrow / wide) + logScaledNormal((d * rho) / Math.sqrt(narrow * wide))
}
