import { rankSum } from './rank-sum.ts'

/**
 * The probability that a random element of x is above a random element of y, ties counting half:
 *
 *     (2 R - m (m + 1)) / (2 m n)
 *
 * with R the rank sum of x and m, n the sizes. 0.5 is no difference; NaN when a sample is empty.
 * Source: McGraw & Wong, "A common language effect size statistic" (1992).
 */
export function commonLanguageEffect(x: readonly number[], y: readonly number[]): number {
  const m = x.length
  const n = y.length
  const { sum } = rankSum(Float64Array.from(x).sort(), Float64Array.from(y).sort())
  return (2 * sum - m * (m + 1)) / (2 * n * m)
}
