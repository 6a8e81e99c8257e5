/** Prefix sums of a series, so that a line through any stretch of it costs constant time. */
export type LineFit = {
  /** Positions with a value from `from` up to, without, `to`. */
  count(from: number, to: number): number
  /** Sum of squares around the stretch's mean; 0 without values. */
  aroundMean(from: number, to: number): number
  /** Sum of squares around the stretch's least-squares line over the position; 0 with fewer than three values. */
  aroundLine(from: number, to: number): number
}

/**
 * Least squares of any stretch of a series over its positions: S = Svv - Stv^2 / Stt from running sums of 1, t, t^2, v, tv
 * and v^2, taken around the series' own centre to keep the digits. Positions that are null have no value and no weight.
 * Source: Draper & Smith, "Applied Regression Analysis" (1998), 1.2.
 */
export function lineFit(values: readonly (number | null)[]): LineFit {
  const length = values.length
  const known = values.filter((value) => value !== null)
  const centre = known.reduce((sum, value) => sum + value / known.length, 0)
  const middle = (length - 1) / 2
  const [ones, times, squaredTimes, sums, products, squares] = Array.from(
    { length: 6 },
    () => new Float64Array(length + 1),
  ) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array, Float64Array]
  for (const [at, value] of values.entries()) {
    const weight = value === null ? 0 : 1
    const t = weight * (at - middle)
    const v = value === null ? 0 : value - centre
    ones[at + 1] = ones[at]! + weight
    times[at + 1] = times[at]! + t
    squaredTimes[at + 1] = squaredTimes[at]! + t * t
    sums[at + 1] = sums[at]! + v
    products[at + 1] = products[at]! + t * v
    squares[at + 1] = squares[at]! + v * v
  }
  function aroundMean(from: number, to: number): number {
    const count = ones[to]! - ones[from]!
    if (count === 0) return 0
    const sum = sums[to]! - sums[from]!
    return Math.max(0, squares[to]! - squares[from]! - (sum * sum) / count)
  }
  function aroundLine(from: number, to: number): number {
    const count = ones[to]! - ones[from]!
    if (count < 3) return 0
    const time = times[to]! - times[from]!
    const timeSquares = squaredTimes[to]! - squaredTimes[from]! - (time * time) / count
    const product = products[to]! - products[from]! - (time * (sums[to]! - sums[from]!)) / count
    return Math.max(0, aroundMean(from, to) - (product * product) / timeSquares)
  }
  return { count: (from, to) => ones[to]! - ones[from]!, aroundMean, aroundLine }
}
