/** From here on the continued fraction is exact in few terms, and 1/2 minus the series would lose digits. */
const tailFrom = 3

/** The Mills ratio (1 - Phi(t)) / phi(t) for t >= 3: 1/(t + 1/(t + 2/(t + 3/(t + ...)))), from the inside out. */
function millsRatio(t: number): number {
  let fraction = t
  for (let k = 60; k >= 1; k--) fraction = t + k / fraction
  return 1 / fraction
}

const logRootTwoPi = 0.5 * Math.log(2 * Math.PI)

function density(x: number): number {
  return Math.exp(-0.5 * x * x - logRootTwoPi)
}

/** Phi(x) - 1/2 = phi(x) (x + x^3/3 + x^5/15 + ...), for |x| < 3. */
function centralMass(x: number): number {
  let term = x
  let sum = x
  for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) {
    term *= (x * x) / k
    sum += term
  }
  return density(x) * sum
}

/**
 * x^2 / 2 + log Phi(x), with Phi the standard normal distribution function: finite for every finite x below 1e154, and
 * without cancellation where log Phi(x) is about -x^2 / 2. Accurate to about 1e-13.
 * (Equal to log(erfcx(-x / sqrt 2) / 2). The erf of simple-statistics has 7 digits, too few for a logarithm of tails.)
 * Source: Abramowitz & Stegun (1964), 26.2.11 the series and 26.2.14 the continued fraction.
 */
export function logScaledNormal(x: number): number {
  if (x <= -tailFrom) return Math.log(millsRatio(-x)) - logRootTwoPi
  const logNormal = x < tailFrom ? Math.log(0.5 + centralMass(x)) : Math.log1p(-density(x) * millsRatio(x))
  return 0.5 * x * x + logNormal
}
