import { chiSquareQuantile } from '../../stats/chi-square-quantile.ts'
import { gaugeLogE } from '../../stats/gauge-evidence.ts'

/** A rise of the CPU that is tolerated. */
const margin = 0.25

/** Between-window standard deviation of the log level: what is assumed of a single baseline window, and the least. */
const unknownScatter = 0.5
const leastScatter = 0.2

/** How far rises reach that are looked for, in logarithms. */
const reach = 0.5

/**
 * log E for "the canary's busiest pod uses more than 25% more CPU than in the baseline windows", on the log scale, with
 * the scatter between baseline windows at its upper 80% bound.
 *
 * @param baseline levels above 0, at least one
 */
export function cpuLogE(canary: number, baseline: readonly number[]): number {
  const logs = baseline.map((level) => Math.log(level))
  const k = logs.length
  const centre = logs.reduce((sum, one) => sum + one, 0) / k
  const squares = logs.reduce((sum, one) => sum + (one - centre) ** 2, 0)
  const scatter = k < 2 ? unknownScatter ** 2 : squares / chiSquareQuantile(0.2, k - 1)
  const v = Math.max(leastScatter ** 2, scatter) * (1 + 1 / k)
  return gaugeLogE({ d: Math.log(canary) - centre - Math.log1p(margin), v, tau: 0, rho: reach })
}
