import { logWeightedSumExp } from './log-weighted-sum-exp.ts'
import {
  discreteNormal,
  gridFirst,
  gridSize,
  gridStep,
  kernelFirst,
  kernelLast,
  kernelSize,
  shiftBySlab,
  wideFirst,
  wideSize,
} from './ratio-grid.ts'

/** Events and exposure of both arms in one block: canary (xc of nc) and baseline (xb of nb). */
export type Stratum = { readonly xc: number; readonly nc: number; readonly xb: number; readonly nb: number }

/** No events and no exposure. */
export const emptyStratum: Stratum = { xc: 0, nc: 0, xb: 0, nb: 0 }

/** Two parts of one stratum together. */
export function plusStratum(a: Stratum, b: Stratum): Stratum {
  return { xc: a.xc + b.xc, nc: a.nc + b.nc, xb: a.xb + b.xb, nb: a.nb + b.nb }
}

/**
 * The two-stream count e-process for "the canary's event rate is more than r0 times the baseline's".
 *
 * Per block and stratum x_c ~ Poisson(n_c lambda r), x_b ~ Poisson(n_b lambda) with an arbitrary lambda of that block
 * and stratum, which cancels given m = x_c + x_b. With rho = n_c / n_b the log-likelihood of the log-ratio l is
 *
 *     A(l) = sum over strata of (x_c l - m log1p(rho e^l)) / phi
 *     B(l_j) = log sum_k g_k exp A(l_j + k h)          a block's own jitter and bursts, kernel g
 *     S_j = sum of B over closed blocks
 *     log E = LSE_j(log pi1_j + S_j + B_open_j) - LSE_j(log pi0_j + S_j + B_open_j)
 *
 * with pi0 = N(log r0, tau^2) (the arms' persistent pod effects) and pi1 = pi0 moved upwards by a half-Cauchy slab. It is
 * the ratio of two proper marginal likelihoods, so a martingale under the hierarchical null whenever it is looked at,
 * in the middle of a block too, and a canary below r0 only lowers it; Ville: P(sup E >= 1/a) <= a. For independent
 * Bernoulli requests of any rate it is a supermartingale: E[a^x_c q^m] <= exp(n_c p_c (aq - 1) + n_b p_b (q - 1)) <= 1.
 * `phi` tempers the likelihood for clumped events; exact for phi-scaled Poisson, else approximate.
 * Sources: Lindon & Malek, "Anytime-valid inference for multinomial count data" (2022), the conditional binomial form;
 * Robbins, "Statistical methods related to the law of the iterated logarithm" (1970), mixtures; Ville (1939).
 *
 * Promote uses the same process with the arms swapped and r0 = 1 / promoteMargin.
 */
export type RatioModel = {
  readonly r0: number
  readonly phi: number
  readonly kernel: Float64Array | null
  /** Log-ratios of the wide grid, and their exponentials. */
  readonly wideLog: Float64Array
  readonly wideRatio: Float64Array
}

/**
 * @param r0 the null ratio, above 0
 * @param sigb standard deviation of a block's own effect on the log-ratio
 * @param eps share of blocks that are bursts: half of them upwards, half downwards, uniform over the kernel's reach
 * @param phi variance of a count over its Poisson variance, at least 1
 */
export function ratioModel(r0: number, { sigb, eps, phi }: { sigb: number; eps: number; phi: number }): RatioModel {
  const wideLog = new Float64Array(wideSize)
  for (let i = 0; i < wideSize; i++) wideLog[i] = Math.log(r0) + (wideFirst + i) * gridStep
  const isPoint = eps === 0 && discreteNormal(sigb, kernelFirst, kernelSize)[-kernelFirst] === 1
  return { r0, phi, kernel: isPoint ? null : blockKernel(sigb, eps), wideLog, wideRatio: wideLog.map(Math.exp) }
}

function blockKernel(sigb: number, eps: number): Float64Array {
  const kernel = discreteNormal(sigb, kernelFirst, kernelSize).map((weight) => (1 - eps) * weight)
  for (let k = kernelFirst; k <= kernelLast; k++) {
    if (k > 0) kernel[k - kernelFirst]! += (0.5 * eps) / kernelLast
    if (k < 0) kernel[k - kernelFirst]! += (0.5 * eps) / -kernelFirst
  }
  return kernel
}

/** pi0 and pi1 on the grid for the arms' persistent effect `tau` on the log-ratio. */
export type RatioPrior = { readonly tau: number; readonly null: Float64Array; readonly alternative: Float64Array }

export function ratioPrior(tau: number): RatioPrior {
  const nullPrior = discreteNormal(tau, gridFirst, gridSize)
  return { tau, null: nullPrior, alternative: shiftBySlab(nullPrior, 'above') }
}

/**
 * B on the grid for one block, or null when the block says nothing about the ratio. A stratum without exposure in one
 * arm is left out: given m its counts have one possible value, so its likelihood is the same for every ratio. (Events
 * without exposure, which only broken input can hold, are left out with it.)
 */
export function blockLogLikelihood(model: RatioModel, strata: readonly Stratum[]): Float64Array | null {
  const wide = wideLogLikelihood(model, strata)
  if (wide === null) return null
  const block = new Float64Array(gridSize)
  const { kernel } = model
  if (kernel === null) {
    block.set(wide.subarray(-kernelFirst, gridSize - kernelFirst))
    return block
  }
  let max = -Infinity
  for (let i = 0; i < wideSize; i++) max = Math.max(max, wide[i]!)
  for (let i = 0; i < wideSize; i++) wide[i] = Math.exp(wide[i]! - max)
  for (let j = 0; j < gridSize; j++) {
    let sum = 0
    for (let k = 0; k < kernelSize; k++) sum += kernel[k]! * wide[j + k]!
    // Under 1e-300 the sum has left the range of doubles; a floor keeps its logarithm finite.
    block[j] = max + Math.log(Math.max(sum, 1e-300))
  }
  return block
}

/** A on the wide grid, before the kernel is applied; null when the block says nothing about the ratio. */
export function wideLogLikelihood(model: RatioModel, strata: readonly Stratum[]): Float64Array | null {
  const { wideLog, wideRatio, phi } = model
  let wide: Float64Array | null = null
  for (const { xc, nc, xb, nb } of strata) {
    const m = xc + xb
    if (!(nc > 0 && nb > 0 && m > 0)) continue
    wide ??= new Float64Array(wideSize)
    const rho = nc / nb
    for (let i = 0; i < wideSize; i++) wide[i]! += (xc * wideLog[i]! - m * Math.log1p(rho * wideRatio[i]!)) / phi
  }
  return wide
}

/** S of nothing observed. */
export function noEvidence(): Float64Array {
  return new Float64Array(gridSize)
}

/** S and one more block's B; `evidence` itself stays as it is. */
export function addBlock(evidence: Float64Array, block: Float64Array | null): Float64Array {
  if (block === null) return evidence
  const sum = new Float64Array(gridSize)
  for (let j = 0; j < gridSize; j++) sum[j] = evidence[j]! + block[j]!
  return sum
}

/** log E of the evidence (closed blocks, with or without an open one). 0 when nothing was observed. */
export function ratioLogE(evidence: Float64Array, prior: RatioPrior): number {
  return logWeightedSumExp(prior.alternative, evidence) - logWeightedSumExp(prior.null, evidence)
}

/** The same strata with the arms swapped. */
export function swapArms(strata: readonly Stratum[]): Stratum[] {
  return strata.map(({ xc, nc, xb, nb }) => ({ xc: xb, nc: nb, xb: xc, nb: nc }))
}
