import { percentile } from './percentile.ts'

/** Values strictly outside are outliers. */
export type Fences = { readonly low: number; readonly high: number }

/**
 * Fences `factor` interquartile ranges below the first and above the third quartile. `isWidened` moves them out to the
 * first and 99th percentile where those are farther, so that a sample with no spread keeps its rare other values.
 * NaN when empty.
 * Source: Tukey, "Exploratory Data Analysis" (1977), with quartiles of type 7.
 *
 * @param factor above 0; RangeError otherwise
 */
export function tukeyFences(values: readonly number[], factor: number, isWidened: boolean): Fences {
  if (!(factor > 0)) throw new RangeError(`tukeyFences: expected a factor above 0, got ${factor}`)
  const sorted = Float64Array.from(values).sort()
  const lower = percentile(sorted, 25)
  const upper = percentile(sorted, 75)
  const low = lower - factor * (upper - lower)
  const high = upper + factor * (upper - lower)
  if (!isWidened) return { low, high }
  return { low: Math.min(percentile(sorted, 1), low), high: Math.max(percentile(sorted, 99), high) }
}
