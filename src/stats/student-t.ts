import { logBeta, logIncompleteBeta } from './log-beta.ts'
import { normalQuantile } from './normal-quantile.ts'

/**
 * P(T >= t) of Student's t with `df` degrees of freedom: half of I_x(df / 2, 1 / 2) at x = df / (df + t^2) for t > 0.
 * Source: Abramowitz & Stegun (1964), 26.7.1 and 26.5.27.
 *
 * @param df above 0 and finite, not necessarily whole; RangeError otherwise
 */
export function studentTail(t: number, df: number): number {
  assertDegrees(df)
  if (Number.isNaN(t)) throw new RangeError('studentTail: expected a number t, got NaN')
  if (t < 0) return 1 - studentTail(-t, df)
  const x = df / (df + t * t)
  if (x === 1) return 0.5
  if (x === 0) return 0
  return 0.5 * Math.exp(logIncompleteBeta(x, df / 2, 0.5) - logBeta(df / 2, 0.5))
}

/**
 * The t with P(T >= t) = p, by bisection on {@link studentTail} between 0 and a bound found by doubling; exact to about
 * 1e-12 of t.
 *
 * @param p within (0, 0.5]; RangeError outside
 * @param df as in {@link studentTail}
 */
export function studentUpperQuantile(p: number, df: number): number {
  assertDegrees(df)
  if (!(p > 0 && p <= 0.5)) throw new RangeError(`studentUpperQuantile: expected p within (0, 0.5], got ${p}`)
  if (p === 0.5) return 0
  // The normal quantile is always too small, the tails of t are heavier.
  let low = -normalQuantile(p)
  let high = 2 * low
  while (studentTail(high, df) > p) [low, high] = [high, 2 * high]
  while (high - low > 1e-13 * high) {
    const middle = (low + high) / 2
    if (middle <= low || middle >= high) break
    if (studentTail(middle, df) > p) low = middle
    else high = middle
  }
  return (low + high) / 2
}

function assertDegrees(df: number): void {
  if (!(df > 0 && df < Infinity)) throw new RangeError(`Student's t: expected finite df > 0, got ${df}`)
}
