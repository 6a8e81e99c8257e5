import type { Stratum } from './ratio-process.ts'

/**
 * log E of Wald's sequential probability ratio test of the ratio r1 against r0, given the sum of both streams:
 *
 *     log E = (x_c log(r1 / r0) - m (log1p(rho r1) - log1p(rho r0))) / phi,   m = x_c + x_b, rho = n_c / n_b
 *
 * It is what the ratio process is a mixture of. 0 when one arm has no exposure. Blocks are added.
 * Source: Wald, "Sequential tests of statistical hypotheses" (1945), on the conditional binomial of two Poisson counts.
 */
export function sprtLogE({ xc, nc, xb, nb }: Stratum, r1: number, r0: number, phi: number): number {
  if (!(nc > 0 && nb > 0)) return 0
  const rho = nc / nb
  return (xc * Math.log(r1 / r0) - (xc + xb) * (Math.log1p(rho * r1) - Math.log1p(rho * r0))) / phi
}
