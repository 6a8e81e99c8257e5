/** Below this share of the largest value a difference of running sums is rounding. */
const rounding = 1e-9

/**
 * How far the level of a series shifts at a step: mean of `steps` values from `at` on minus mean of the `before` values
 * up to it. Means, not medians: harm is often a spike or a short ramp. NaN where either side lies outside the series or
 * has less than half of its values; NaN marks a missing value.
 */
export function levelShifts(values: Float64Array, before: number): (at: number, steps: number) => number {
  const size = values.length
  const sums = new Float64Array(size + 1)
  const counts = new Uint32Array(size + 1)
  let largest = 0
  for (let i = 0; i < size; i++) {
    const value = values[i]!
    const isMissing = Number.isNaN(value)
    sums[i + 1] = sums[i]! + (isMissing ? 0 : value)
    counts[i + 1] = counts[i]! + (isMissing ? 0 : 1)
    if (!isMissing) largest = Math.max(largest, Math.abs(value))
  }
  function mean(from: number, to: number): number {
    if (from < 0 || to > size) return Number.NaN
    const count = counts[to]! - counts[from]!
    return 2 * count < to - from || count === 0 ? Number.NaN : (sums[to]! - sums[from]!) / count
  }
  return (at, steps) => {
    const shift = mean(at, at + steps) - mean(at - before, at)
    return Math.abs(shift) < rounding * largest ? 0 : shift
  }
}
