import { median } from 'simple-statistics'

/**
 * A series in which values further than `bound` from the median of themselves and their two neighbours on either side give
 * way to that median: outliers of one or two values go, steps and slopes stay where they are. The two values at each end
 * have too few neighbours and stay. null, a value that was not measured, stays null and is no neighbour.
 * Source: Pearson et al., "Generalized Hampel filters" (2016), K = 2, with a bound of the whole series instead of the
 * window's own MAD, which is 0 too often for five values.
 */
export function hampelFilter(values: readonly (number | null)[], bound: number): (number | null)[] {
  const known = values.filter((value) => value !== null)
  let at = -1
  return values.map((value) => {
    if (value === null) return null
    at += 1
    if (at < 2 || at >= known.length - 2) return value
    const usual = median(known.slice(at - 2, at + 3))
    return Math.abs(value - usual) > bound ? usual : value
  })
}
