import { percentile } from './percentile.ts'
import { firstAtLeast } from './sorted-sample.ts'

/** The upper tail of a statistic's placebo values. */
export type PlaceboTail = {
  readonly placebos: number
  /** (1 + placebos >= x) / (n + 1): never below 1 / (n + 1), the only one of the two that may decide. */
  p(x: number): number
  /**
   * log of the p-value that an exponential tail beyond the 90th percentile u gives,
   * (1 + placebos > u) / (n + 1) exp(-(x - u) / mean excess), and log p below u. Nothing in the data proves that tail:
   * it is optimistic where the true one is heavier, so it ranks what p cannot tell apart and decides nothing. log p
   * where no placebo exceeds u.
   */
  extrapolatedLogP(x: number): number
}

/**
 * How extreme a statistic is among the values that it takes where nothing happened.
 * Sources: Phipson & Smyth, "Permutation p-values should never be zero" (2010); Knijnenburg et al., "Fewer permutations,
 * more accurate P-values" (2009), with the generalised Pareto tail's shape held at 0, its exponential case (Davison &
 * Smith 1990). RangeError without placebos.
 */
export function placeboTail(placebos: readonly number[] | Float64Array): PlaceboTail {
  const sorted = Float64Array.from(placebos).sort()
  const n = sorted.length
  if (n === 0) throw new RangeError('placeboTail: expected at least one placebo, got none')
  const threshold = percentile(sorted, 90)
  const excesses = sorted.filter((value) => value > threshold)
  const meanExcess = excesses.reduce((sum, value) => sum + value - threshold, 0) / excesses.length

  function p(x: number): number {
    return (1 + n - firstAtLeast(sorted, x)) / (n + 1)
  }
  function extrapolatedLogP(x: number): number {
    if (excesses.length === 0 || x <= threshold) return Math.log(p(x))
    return Math.log((1 + excesses.length) / (n + 1)) - (x - threshold) / meanExcess
  }
  return { placebos: n, p, extrapolatedLogP }
}
