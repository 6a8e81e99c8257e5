/**
 * How far an empirical distribution function of t independent values can be from the true one, anywhere and at every
 * t >= m at once, with probability 1 - alpha:
 *
 *     0.85 sqrt((log log(e t / m) + 0.8 log(1612 / alpha)) / t)
 *
 * For pictures: two such bands decide far later than counts above a bucket do.
 * Source: Howard & Ramdas, "Sequential estimation of quantiles with applications to A/B testing and best-arm
 * identification" (2022).
 *
 * @param t values so far, at least m
 */
export function distributionBandRadius(t: number, m: number, alpha: number): number {
  return 0.85 * Math.sqrt((Math.log(1 + Math.log(t / m)) + 0.8 * Math.log(1612 / alpha)) / t)
}
