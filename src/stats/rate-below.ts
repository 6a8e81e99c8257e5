import { logWeightedSumExp } from './log-weighted-sum-exp.ts'

const tilts = [-4, -2, -1]
const weights = [0.6, 0.3, 0.1]

/**
 * log E of the one-stream process for "events happen at a rate below p0": with x events among n requests
 *
 *     E = sum_k w_k exp((x l_k - n p0 (e^{l_k} - 1)) / phi),   l = -4, -2, -1 with weights .6, .3, .1
 *
 * Null: the rate is p0 or more. For Bernoulli and Poisson alike E[e^{l x}] <= exp(n p (e^l - 1)) <= exp(n p0 (e^l - 1))
 * for l < 0 and p >= p0, whatever the rate does over time as long as it is never below p0; so each term is a
 * supermartingale at phi = 1. For phi > 1 it is that one's 1/phi-th power, a supermartingale by Jensen: phi only costs
 * power, and covers clumps of up to phi events. Strong tilts have most of the weight because the release that needs
 * this proof has no events at all: about 1,290 clean requests at p0 = 0.005, phi = 2 reach E = 20.
 * Source: Chernoff bound as a test supermartingale, Howard, Ramdas, McAuliffe & Sekhon, "Time-uniform Chernoff bounds
 * via nonnegative supermartingales" (2020).
 *
 * @param p0 the floor, a share above 0
 */
export function rateBelowLogE(x: number, n: number, p0: number, phi: number): number {
  const exponents = tilts.map((tilt) => (x * tilt - n * p0 * Math.expm1(tilt)) / phi)
  return logWeightedSumExp(weights, exponents)
}
