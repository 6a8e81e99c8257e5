/** A sample in five numbers; all 0 when it is empty, std 0 for a single value. */
export type SummaryStatistics = {
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly std: number
  readonly count: number
}

/** The mean in two passes: the plain one, then corrected by the mean of the residuals. NaN when empty. */
export function twoPassMean(values: readonly number[]): number {
  const rough = values.reduce((sum, value) => sum + value, 0) / values.length
  return rough + values.reduce((sum, value) => sum + (value - rough), 0) / values.length
}

/**
 * Minimum, maximum, mean and standard deviation (divisor N - 1) of a sample, by the corrected two-pass algorithm:
 * (sum d^2 - (sum d)^2 / N) / (N - 1) with d = v - mean.
 * Source: Chan, Golub & LeVeque, "Algorithms for computing the sample variance" (1983), equation 1.7.
 */
export function summaryStatistics(values: readonly number[]): SummaryStatistics {
  const count = values.length
  if (count === 0) return { min: 0, max: 0, mean: 0, std: 0, count: 0 }
  const mean = twoPassMean(values)
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  let squares = 0
  let rest = 0
  for (const value of values) {
    min = Math.min(min, value)
    max = Math.max(max, value)
    squares += (value - mean) * (value - mean)
    rest += value - mean
  }
  const variance = count === 1 ? 0 : (squares - (rest * rest) / count) / (count - 1)
  return { min, max, mean, std: Math.sqrt(variance), count }
}
