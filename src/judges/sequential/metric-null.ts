import type { MetricNulls, NullParameters } from '../../domain/null-parameters.ts'
import { coldStart } from './cold-start.ts'

/** What the grid of log-ratios can hold (tauPod, sigb), and what a null may be at all (eps, phi). */
const ranges: readonly (readonly [name: keyof NullParameters, least: number, most: number])[] = [
  ['tauPod', 0, 2],
  ['sigb', 0, 2],
  ['eps', 0, 0.5],
  // Below 1 the process would find more in the counts than independent events hold.
  ['phi', 1, 100],
]

/**
 * The null of one metric and whether it was learned.
 *
 * Throws when a learned value is not a number within its range: a judge that took the cold start instead would judge by
 * other rules than those that were recorded.
 */
export function metricNull(
  nulls: MetricNulls | undefined,
  metric: string,
): { readonly parameters: NullParameters; readonly learned: boolean } {
  if (nulls === undefined || !Object.hasOwn(nulls, metric)) return { parameters: coldStart, learned: false }
  const given: Partial<NullParameters> | null = nulls[metric] ?? null
  for (const [name, least, most] of ranges) {
    const value: unknown = given?.[name]
    if (typeof value !== 'number' || !(value >= least && value <= most)) {
      throw new Error(`nulls.${metric}.${name}: expected a number from ${least} to ${most}, got ${value}`)
    }
  }
  const { tauPod, sigb, eps, phi } = nulls[metric]!
  return { parameters: { tauPod, sigb, eps, phi }, learned: true }
}
