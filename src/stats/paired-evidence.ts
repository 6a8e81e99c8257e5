import { logIncompleteBeta } from './log-beta.ts'

/**
 * log E for "the canary answers worse than the baseline" from pairs of answers to the same request. Only pairs in which
 * one of the two is worse count: b with the canary worse, c with the baseline worse. Null: a share of at most theta0 of
 * these are the canary's. Mixture over theta by Beta(a0, b0) cut off below theta0:
 *
 *     log E = log integral_{theta0}^{1} t^(a0+b-1) (1-t)^(b0+c-1) dt
 *           - log integral_{theta0}^{1} t^(a0-1) (1-t)^(b0-1) dt - b log theta0 - c log(1 - theta0)
 *
 * A tolerated ratio r0 of the two kinds is theta0 = r0 / (1 + r0).
 * Source: Robbins (1970), mixtures of likelihood ratios; McNemar (1947), the conditioning on discordant pairs.
 *
 * @param theta0 strictly between 0 and 1
 */
export function pairedLogE(b: number, c: number, { theta0, a0 = 1, b0 = 1 }: PairedNull): number {
  const below = 1 - theta0
  const seen = logIncompleteBeta(below, b0 + c, a0 + b)
  return seen - logIncompleteBeta(below, b0, a0) - b * Math.log(theta0) - c * Math.log(below)
}

/** The tolerated share and the prior's two counts (above 0, uniform when left out). */
export type PairedNull = { readonly theta0: number; readonly a0?: number; readonly b0?: number }
