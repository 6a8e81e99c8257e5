/**
 * The p-th percentile by linear interpolation between order statistics: at position 1 + (N - 1) p / 100. NaN when empty.
 * Source: Hyndman & Fan, "Sample quantiles in statistical packages" (1996), type 7 (simple-statistics has type 2).
 *
 * @param sorted ascending
 * @param p within (0, 100]
 */
export function percentile(sorted: ArrayLike<number>, p: number): number {
  const size = sorted.length
  if (size === 0) return Number.NaN
  if (size === 1) return sorted[0]!
  const position = 1 + ((size - 1) * p) / 100
  const below = Math.floor(position)
  if (below >= size) return sorted[size - 1]!
  const fraction = position - below
  return sorted[below - 1]! + fraction * (sorted[below]! - sorted[below - 1]!)
}
