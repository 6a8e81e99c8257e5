import { gaugeLogE } from './gauge-evidence.ts'

/** What the history of a gauge says about it, on the log scale; for the difference of the two arms, not for one pod. */
export type GaugeNull = {
  /** Correlation of one block with the next, at least 0 and below 1. */
  readonly a: number
  /** Variance of one block's innovation: that of one pod times (1 / canary pods + 1 / baseline pods). Above 0. */
  readonly s2: number
  /** Standard deviation of the persistent difference: that of one pod times the root of the same. */
  readonly tau: number
}

/**
 * The e-process for "the canary's gauge is more than 1 + delta times the baseline's", after every block. With D_t the
 * difference of the arms' mean logarithms in block t less log(1 + delta), an AR(1) series of mean mu,
 *
 *     I_1 = (1 - a^2) / s2              W_1 = I_1 D_1
 *     I_t = I_{t-1} + (1 - a)^2 / s2    W_t = W_{t-1} + (1 - a) (D_t - a D_{t-1}) / s2
 *
 * mu is estimated by W / I with variance 1 / I, and {@link gaugeLogE} gives log E of it.
 * Source: Prais & Winsten (1954), generalised least squares under AR(1) noise.
 *
 * @param logRatios D_t + log(1 + delta), one per block, without gaps
 * @returns the information I and the mean W / I after the last block (0 and null without blocks), log E after each
 */
export function gaugeProcess(
  logRatios: readonly number[],
  { a, s2, tau, delta, rho }: GaugeNull & { readonly delta: number; readonly rho: number },
): { readonly information: number; readonly mean: number | null; readonly logE: readonly number[] } {
  const tolerated = Math.log1p(delta)
  let information = 0
  let weighted = 0
  const logE = logRatios.map((logRatio, t) => {
    const beyond = logRatio - tolerated
    if (t === 0) {
      information = (1 - a ** 2) / s2
      weighted = information * beyond
    } else {
      information += (1 - a) ** 2 / s2
      weighted += ((1 - a) * (beyond - a * (logRatios[t - 1]! - tolerated))) / s2
    }
    return gaugeLogE({ d: weighted / information, v: 1 / information, tau, rho })
  })
  return { information, mean: information === 0 ? null : weighted / information, logE }
}
