import { brentRoot } from './brent-root.ts'
import { normalQuantile } from './normal-quantile.ts'
import { rankSum } from './rank-sum.ts'

/** The shift between two samples: its interval as the solver found it (low may exceed high), and its estimate. */
export type ShiftInterval = { readonly low: number; readonly high: number; readonly estimate: number }

/** Every value of both samples is the same one after the shift, so ranks say nothing. */
export class AllTiedError extends RangeError {
  override readonly name = 'AllTiedError'
}

/** How wide a bracket the solver leaves, in the data's own unit: shifts much smaller than this are not resolved. */
export const shiftResolution = 1e-4

/**
 * The standardised rank-sum statistic of x - mu against y, minus a quantile:
 *
 *     W(mu) = (d - sign(d) / 2) / sigma - quantile,   d = R - m (m + 1) / 2 - m n / 2
 *     sigma^2 = m n / 12 ((m + n + 1) - T / ((m + n)(m + n - 1)))
 *
 * with R the rank sum of x - mu and T the tie term. Falls as mu rises. Always the normal approximation with continuity
 * correction, however small the samples.
 * Source: Mann & Whitney (1947); tie correction and interval by inversion as in R's `wilcox.test(exact = FALSE)`.
 *
 * @param x ascending
 * @param y ascending
 * @throws AllTiedError when sigma is 0
 */
export function shiftStatistic(x: Float64Array, y: Float64Array, mu: number, quantile: number): number {
  const m = x.length
  const n = y.length
  const { sum, tieTerm } = rankSum(x, y, mu)
  const dz = sum - (m * (m + 1)) / 2 - (m * n) / 2
  const correction = dz > 0 ? 0.5 : dz < 0 ? -0.5 : 0
  const sigma = Math.sqrt(((m * n) / 12) * (m + n + 1 - tieTerm / ((m + n) * (m + n - 1))))
  if (sigma === 0) throw new AllTiedError(`shiftStatistic: all ${m + n} values are tied at a shift of ${mu}`)
  return (dz - correction) / sigma - quantile
}

/**
 * The interval and the estimate of the shift mu that makes x - mu and y alike: where W(mu) crosses the normal quantiles
 * of `level`, and 0. Both are cut to [min x - max y, max x - min y]. The estimate keeps the continuity correction, so it
 * differs from Hodges-Lehmann's by about the resolution; ties make W a staircase, on whose steps the answer is where
 * the solver stopped.
 *
 * @param level of the interval, within (0, 1)
 * @throws AllTiedError when all values are tied, RangeError on an empty sample
 */
export function shiftInterval(x: readonly number[], y: readonly number[], level: number): ShiftInterval {
  if (x.length === 0 || y.length === 0) {
    throw new RangeError(`shiftInterval: expected values in both samples, got ${x.length} and ${y.length}`)
  }
  const sortedX = Float64Array.from(x).sort()
  const sortedY = Float64Array.from(y).sort()
  const a = sortedX[0]! - sortedY.at(-1)!
  const b = sortedX.at(-1)! - sortedY[0]!
  const solve = (quantile: number, isCut: boolean): number => {
    const f = (mu: number): number => shiftStatistic(sortedX, sortedY, mu, quantile)
    const fa = f(a)
    const fb = f(b)
    if (isCut && fa <= 0) return a
    if (isCut && fb >= 0) return b
    return brentRoot(f, { a, b, fa, fb }, shiftResolution)
  }
  const z = normalQuantile((1 - level) / 2)
  return { low: solve(-z, true), high: solve(z, true), estimate: solve(0, false) }
}
