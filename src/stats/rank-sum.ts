/**
 * What the rank-sum tests need of two samples x and y: the sum of the ranks of x within x and y together, tied values
 * sharing their average rank, and the tie term, the sum of t^3 - t over groups of t tied values.
 * Source: Lehmann, "Nonparametrics: Statistical Methods Based on Ranks" (1975), chapter 1.
 */
export type RankSum = { readonly sum: number; readonly tieTerm: number }

/**
 * Ranks x - mu against y. NaN, which infinity minus infinity is, ranks as infinity, and -0 below 0: the total order
 * of IEEE 754 but for NaN.
 *
 * @param x ascending
 * @param y ascending
 */
export function rankSum(x: Float64Array, y: Float64Array, mu = 0): RankSum {
  let i = 0
  let j = 0
  let sum = 0
  let tieTerm = 0
  const shifted = (index: number): number => orInfinity(x[index]! - mu)
  const other = (index: number): number => orInfinity(y[index]!)
  while (i < x.length || j < y.length) {
    const value = j === y.length || (i < x.length && isBelow(shifted(i), other(j))) ? shifted(i) : other(j)
    const before = i + j
    const first = i
    while (i < x.length && Object.is(shifted(i), value)) i++
    while (j < y.length && Object.is(other(j), value)) j++
    const tied = i + j - before
    sum += (i - first) * (before + (tied + 1) / 2)
    tieTerm += tied ** 3 - tied
  }
  return { sum, tieTerm }
}

function orInfinity(value: number): number {
  return Number.isNaN(value) ? Number.POSITIVE_INFINITY : value
}

function isBelow(a: number, b: number): boolean {
  return a < b || (Object.is(a, -0) && Object.is(b, 0))
}
