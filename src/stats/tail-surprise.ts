import { firstAtLeast } from './sorted-sample.ts'

/** The shares of the sample that are taken for its tail; none is right, so their answers are averaged. */
const tailShares = [0.05, 0.02, 0.01]

/** Beyond 1 in 10^30 nothing is stranger than anything else. */
const most = 30

/**
 * How rare a value is among earlier ones, as -log10 p: (1 + earlier values >= x) / (n + 1) up to the start u of the tail,
 * and k / (n + 1) exp(-(x - u) / mean excess) with the k largest values beyond it, averaged over tails of 5%, 2% and 1%
 * (5 values at least). Within 0 .. 30; the exponential tail is optimistic where the true one is heavier, so compare
 * surprises, do not test with them. 0 among fewer than 30 values.
 * Source: Siffer et al., "Anomaly detection in streams with extreme value theory" (2017), peaks over threshold, with the
 * shape held at 0.
 *
 * @param sorted the earlier values, ascending
 */
export function tailSurprise(sorted: readonly number[], x: number): number {
  const n = sorted.length
  if (n < 30) return 0
  const empirical = -Math.log10((1 + n - firstAtLeast(sorted, x)) / (n + 1))
  let sum = 0
  for (const share of tailShares) {
    const k = Math.max(5, Math.floor(n * share))
    const start = sorted[n - k]!
    sum += Math.min(most, x <= start ? empirical : beyond(sorted, k, start, x))
  }
  return sum / tailShares.length
}

function beyond(sorted: readonly number[], k: number, start: number, x: number): number {
  const n = sorted.length
  let excess = 0
  for (let at = n - k; at < n; at += 1) excess += (sorted[at]! - start) / k
  // a tail of equal values has no scale of its own, only the rounding of its values
  const scale = Math.max(excess, 1e-9 * Math.abs(start))
  return scale === 0 ? most : (x - start) / scale / Math.LN10 - Math.log10(k / (n + 1))
}
