import { percentile } from '../../stats/percentile.ts'

/**
 * A pod's level: the median logarithm of its values in from <= at < to. Zeros and negatives are no level (a dead process,
 * or no traffic) and are left out. null with fewer than `minimum` values.
 */
export function podLevel(
  points: readonly { readonly at: number; readonly value: number }[],
  from: number,
  to: number,
  minimum: number,
): number | null {
  const logs = points.flatMap(({ at, value }) => (at >= from && at < to && value > 0 ? [Math.log(value)] : []))
  if (logs.length < minimum) return null
  return percentile(Float64Array.from(logs).sort(), 50)
}
