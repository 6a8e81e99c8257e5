import { pearsonDispersion } from './pearson-dispersion.ts'

/**
 * A quick moment estimate of tau, the standard deviation of a pod's own effect on a log-rate. With x_i events of pod i
 * and E_i those that it would have at its share of each block's exposure,
 *
 *     Q = sum (x_i - E_i)^2 / (phi E_i)
 *     tau^2 = max(0, (Q - (pods - 1)) phi / (sum E - sum E^2 / sum E))
 *
 * with phi = {@link pearsonDispersion}, at least 1. It is unbiased rather than careful: half of the time below the truth.
 * Source: DerSimonian & Laird, "Meta-analysis in clinical trials" (1986), the method of moments.
 *
 * @param counts one row of events per pod, one column per block
 * @param exposures of the same shape; every block has some
 * @returns null with less than two pods that are expected to have events
 */
export function podVariance(
  counts: readonly (readonly number[])[],
  exposures: readonly (readonly number[])[],
): { readonly phi: number; readonly q: number; readonly tau: number } | null {
  const blocks = (counts[0] ?? []).map((_, t) => ({
    events: counts.reduce((sum, row) => sum + row[t]!, 0),
    exposure: exposures.reduce((sum, row) => sum + row[t]!, 0),
  }))
  const pods = counts.map((row, i) => ({
    events: row.reduce((sum, x) => sum + x, 0),
    expected: blocks.reduce((sum, block, t) => sum + (block.events * exposures[i]![t]!) / block.exposure, 0),
  }))
  const counted = pods.filter((pod) => pod.expected > 0)
  if (counted.length < 2) return null
  const phi = Math.max(1, pearsonDispersion(counts) ?? 1)
  const q = counted.reduce((sum, { events, expected }) => sum + (events - expected) ** 2 / (phi * expected), 0)
  const all = counted.reduce((sum, { expected }) => sum + expected, 0)
  const squares = counted.reduce((sum, { expected }) => sum + expected ** 2, 0)
  const variance = ((q - (counted.length - 1)) * phi) / (all - squares / all)
  return { phi, q, tau: Math.sqrt(Math.max(0, variance)) }
}
