import { logWeightedSumExp } from './log-weighted-sum-exp.ts'
import { discreteNormal, gridFirst, gridSize, gridStep, shiftBySlab } from './ratio-grid.ts'

/** Per candidate on the grid: the null prior centred there, and its two-sided alternative. */
export type IntervalPriors = readonly { readonly null: Float64Array; readonly alternative: Float64Array }[]

/** The priors of every candidate for the arms' persistent effect `tau`. */
export function intervalPriors(tau: number): IntervalPriors {
  return Array.from({ length: gridSize }, (_, j) => {
    const nullPrior = discreteNormal(tau, gridFirst, gridSize, gridFirst + j)
    return { null: nullPrior, alternative: shiftBySlab(nullPrior, 'both') }
  })
}

/**
 * A time-uniform interval for the ratio: all candidates whose own two-sided e-process is below 1 / (1 - level), where
 * E_c = LSE(log pi1_c + S) - LSE(log pi0_c + S), pi0_c = N(c, tau^2) and pi1_c = pi0_c moved to both sides by the slab.
 * By Ville the true ratio is in it at all times at once with probability `level`. The hull of the candidates is
 * returned, with the ends interpolated on log E between grid points. An end that reaches the grid's end is open.
 * Source: inversion of e-processes, Howard, Ramdas, McAuliffe & Sekhon, "Time-uniform, nonparametric, nonasymptotic
 * confidence sequences" (2021), section 2.
 *
 * @param evidence S of a {@link RatioModel} with this r0
 * @returns ratios; `low` 0 and `high` null are open ends. Both are open when every candidate is rejected, which a
 * ratio beyond the grid can cause.
 */
export function ratioInterval(
  evidence: Float64Array,
  r0: number,
  priors: IntervalPriors,
  level: number,
): { readonly low: number; readonly high: number | null } {
  const limit = -Math.log(1 - level)
  const logE = Array.from(
    priors,
    (p) => logWeightedSumExp(p.alternative, evidence) - logWeightedSumExp(p.null, evidence),
  )
  const first = logE.findIndex((value) => value < limit)
  const last = logE.findLastIndex((value) => value < limit)
  if (first === -1) return { low: 0, high: null }
  const ratioAt = (j: number): number => r0 * Math.exp((gridFirst + j) * gridStep)
  /** Where log E crosses the limit between an accepted candidate and the rejected one beside it. */
  const crossing = (inside: number, outside: number): number => {
    const share = (limit - logE[inside]!) / (logE[outside]! - logE[inside]!)
    return ratioAt(inside + (outside - inside) * Math.min(1, Math.max(0, share)))
  }
  return {
    low: first === 0 ? 0 : crossing(first, first - 1),
    high: last === gridSize - 1 ? null : crossing(last, last + 1),
  }
}
