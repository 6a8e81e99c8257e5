import { gammaln } from 'simple-statistics'

/** Below this the series is not exact to the last digit, and gammaln is small enough to be subtracted from. */
const seriesFrom = 16

/**
 * What log Gamma(z) is above Stirling's (z - 1/2) log z - z + log(2 pi) / 2, for z > 0. Sums of log Gamma of large
 * numbers whose leading terms cancel are exact when only these remainders are added.
 * Source: Abramowitz & Stegun (1964), 6.1.41.
 */
export function stirlingRemainder(z: number): number {
  if (z < seriesFrom) return gammaln(z) - ((z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI))
  const square = 1 / z ** 2
  return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - square / 1188) * square) * square) * square) / z
}

/** log of the beta function B(a, b), a and b above 0, exact for large arguments too. */
export function logBeta(a: number, b: number): number {
  const sum = a + b
  return (
    -(a - 0.5) * Math.log1p(b / a) -
    (b - 0.5) * Math.log1p(a / b) -
    0.5 * Math.log(sum) +
    0.5 * Math.log(2 * Math.PI) +
    stirlingRemainder(a) +
    stirlingRemainder(b) -
    stirlingRemainder(sum)
  )
}

/**
 * log of the incomplete beta integral from 0 to x of t^(a-1) (1-t)^(b-1), for a, b above 0 and 0 < x < 1; finite where
 * the integral itself leaves the range of doubles.
 */
export function logIncompleteBeta(x: number, a: number, b: number): number {
  if (x < (a + 1) / (a + b + 2)) {
    return a * Math.log(x) + b * Math.log1p(-x) - Math.log(a) + Math.log(betaFraction(x, a, b))
  }
  const whole = logBeta(a, b)
  const rest = b * Math.log1p(-x) + a * Math.log(x) - Math.log(b) + Math.log(betaFraction(1 - x, b, a))
  return whole + Math.log1p(-Math.exp(rest - whole))
}

/**
 * The continued fraction of the incomplete beta integral by Lentz's method; x below (a + 1) / (a + b + 2).
 * Source: Abramowitz & Stegun (1964), 26.5.8.
 */
function betaFraction(x: number, a: number, b: number): number {
  // It takes about the root of the larger argument in steps.
  const most = 1000 + 10 * Math.sqrt(Math.max(a, b))
  let c = 1
  let d = 1 / (1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let m = 1; m <= most; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / (1 + even * d)
    c = 1 + even / c
    fraction *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / (1 + odd * d)
    c = 1 + odd / c
    fraction *= d * c
    if (Math.abs(d * c - 1) < 1e-15) return fraction
  }
  throw new RangeError(`incomplete beta integral: expected to converge in ${most} steps at x=${x}, a=${a}, b=${b}`)
}
