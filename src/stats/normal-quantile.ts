/** Coefficients (rounded to doubles) of Giles's polynomials in w = -log((1 - x)(1 + x)), highest power first: centre, tail, far tail. */
const centre = [
  -3.64441206401782e-21, -1.6850591381820166e-19, 1.28584807152564e-18, 1.1157877678025181e-17, -1.333171662854621e-16,
  2.0972767875968562e-17, 6.637638134358324e-15, -4.054566272975207e-14, -8.151934197605472e-14, 2.6335093153082323e-12,
  -1.2975133253453532e-11, -5.415412054294628e-11, 1.0512122733215323e-9, -4.112633980346984e-9, -2.9070369957882005e-8,
  4.2347877827932404e-7, -1.3654692000834679e-6, -1.3882523362786469e-5, 0.00018673420803405714, -0.000740702534166267,
  -0.006033670871430149, 0.24015818242558962, 1.6536545626831027,
]
const tail = [
  2.2137376921775787e-9, 9.075656193888539e-8, -2.7517406297064545e-7, 1.8239629214389228e-8, 1.5027403968909828e-6,
  -4.013867526981546e-6, 2.9234449089955446e-6, 1.2475304481671779e-5, -4.7318229009055734e-5, 6.828485145957318e-5,
  2.4031110387097894e-5, -0.0003550375203628475, 0.0009532893797373805, -0.0016882755560235047, 0.002491442096107851,
  -0.003751208507569241, 0.005370914553590064, 1.0052589676941592, 3.0838856104922208,
]
const farTail = [
  -2.7109920616438573e-11, -2.555641816996525e-10, 1.5076572693500548e-9, -3.789465440126737e-9, 7.61570120807834e-9,
  -1.496002662714924e-8, 2.914795345090108e-8, -6.771199775845234e-8, 2.2900482228026655e-7, -9.9298272942317e-7,
  4.526062597223154e-6, -1.968177810553167e-5, 7.599527703001776e-5, -0.00021503011930044477, -0.00013871931833623122,
  1.0103004648645344, 4.849906401408584,
]

function polynomial(coefficients: readonly number[], at: number): number {
  return coefficients.reduce((sum, coefficient) => sum * at + coefficient, 0)
}

function inverseErrorFunction(x: number): number {
  const w = -Math.log((1 - x) * (1 + x))
  if (w < 6.25) return polynomial(centre, w - 3.125) * x
  if (w < 16) return polynomial(tail, Math.sqrt(w) - 3.25) * x
  return polynomial(farTail, Math.sqrt(w) - 5) * x
}

/**
 * The standard normal quantile: the z with P(Z <= z) = p. Relative error about 1e-15 for p within [0.001, 0.999], 1e-12 at
 * 1e-7 and 4e-7 at 1e-12, where 2 p - 1 has lost its digits. (`probit` of simple-statistics is good to three digits.)
 * Source: sqrt(2) erfinv(2 p - 1) with erfinv of Giles, "Approximating the erfinv function" (2010), table of doubles.
 *
 * @param p within (0, 1); RangeError outside
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`normalQuantile: expected p within (0, 1), got ${p}`)
  return Math.SQRT2 * inverseErrorFunction(2 * p - 1)
}
