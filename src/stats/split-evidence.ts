import { stirlingRemainder } from './log-beta.ts'

/**
 * log E for "the traffic is not split as planned" (sample ratio mismatch) by a Dirichlet(k theta) mixture over all
 * splits, x counts and theta the planned shares:
 *
 *     log E = log B(k theta + x) - log B(k theta) - sum x_i log theta_i,   B the multivariate beta function
 *
 * written as sum z_i log(z_i / (Z theta_i)) with z = k theta + x, Z their sum, and Stirling's remainders, so that
 * millions of requests lose no digits. Counts must be of what is randomised: requests that share a connection go
 * together, and counting each as its own draw fires in nearly every healthy release.
 * Source: Lindon & Malek, "Anytime-valid inference for multinomial count data" (2022).
 *
 * @param counts units per arm
 * @param shares planned shares, above 0, sum 1
 * @param k how near the plan a wrong split is expected: larger finds smaller differences, later
 */
export function splitLogE(counts: readonly number[], shares: readonly number[], k: number): number {
  const units = counts.reduce((sum, count) => sum + count, 0)
  const total = k + units
  let logE = 0.5 * Math.log(total / k) - stirlingRemainder(total) + stirlingRemainder(k)
  for (const [i, count] of counts.entries()) {
    const share = shares[i]!
    const before = k * share
    const after = before + count
    logE += after * Math.log1p((count - units * share) / (total * share)) - 0.5 * Math.log(after / before)
    logE += stirlingRemainder(after) - stirlingRemainder(before)
  }
  return logE
}
