import { brentRoot } from './brent-root.ts'
import { gaugeLogE } from './gauge-evidence.ts'

/** Half-widths beyond this many rho are no interval that anybody could use. */
const widest = 1000

/**
 * Half the width of the time-uniform interval around an estimate d of a gauge's difference: the delta at which the
 * one-sided evidence against "the difference is d - delta" reaches 2 / (1 - level), the same on the other side. Covers
 * the true difference at all times together with probability `level` under the model of {@link gaugeLogE}.
 *
 * @returns null when the data cannot bound it
 */
export function gaugeHalfWidth(
  { v, tau, rho }: { readonly v: number; readonly tau: number; readonly rho: number },
  level: number,
): number | null {
  const needed = Math.log(2 / (1 - level))
  const missing = (delta: number): number => gaugeLogE({ d: delta, v, tau, rho }) - needed
  const b = widest * (rho + Math.sqrt(v) + tau)
  const fb = missing(b)
  if (!(fb > 0)) return null
  return brentRoot(missing, { a: 0, b, fa: missing(0), fb }, 1e-9)
}
