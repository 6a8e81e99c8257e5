/**
 * What is left of a series when the usual value of that time of the period is taken off:
 *
 *     r_i = v_i - median{ v_(i - k period + j) : k = 1, 2, ... ; |j| <= halfWidth }
 *
 * Only earlier periods enter, so a residual never knows what came after it. NaN marks a missing value, on both sides; a
 * residual is also NaN where no earlier period has a value. RangeError on a period below 2 halfWidth + 1 steps.
 * Source: Brutlag, "Aberrant behavior detection in time series" (2000), with a median for the seasonal coefficient.
 *
 * @param period steps, a whole number
 * @param halfWidth steps to either side that count as the same time of the period
 */
export function seasonalResidual(values: Float64Array, period: number, halfWidth: number): Float64Array {
  if (!Number.isInteger(period) || !Number.isInteger(halfWidth) || halfWidth < 0 || period < 2 * halfWidth + 1) {
    throw new RangeError(`seasonalResidual: a half width of ${halfWidth} does not fit a period of ${period} steps`)
  }
  const residuals = new Float64Array(values.length).fill(Number.NaN)
  const same = new Float64Array(Math.ceil(values.length / period) * (2 * halfWidth + 1))
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (Number.isNaN(value)) continue
    let count = 0
    for (let centre = i - period; centre + halfWidth >= 0; centre -= period) {
      for (let at = Math.max(0, centre - halfWidth); at <= centre + halfWidth; at++) {
        const earlier = values[at]!
        if (!Number.isNaN(earlier)) same[count++] = earlier
      }
    }
    if (count > 0) residuals[i] = value - middle(same.subarray(0, count).sort())
  }
  return residuals
}

function middle(sorted: Float64Array): number {
  const upper = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[upper]! : (sorted[upper - 1]! + sorted[upper]!) / 2
}
