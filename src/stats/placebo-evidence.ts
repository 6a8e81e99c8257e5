import { logWeightedSumExp } from './log-weighted-sum-exp.ts'
import { type PodBlock, sumTicks } from './pod-history.ts'
import { discreteNormal, gridFirst, gridSize, kernelFirst, kernelSize, wideSize } from './ratio-grid.ts'
import { ratioModel, type Stratum, wideLogLikelihood } from './ratio-process.ts'

/** Some pods of one version played against the rest of it, block by block. */
export type Placebo = {
  readonly blocks: readonly Stratum[]
  /** sqrt(1 / canary pods + 1 / baseline pods), mean of the blocks: what turns a pod's tau into the arms'. */
  readonly armFactor: number
}

/** How much one block differs from the others, of the null. */
export type BlockEffect = { readonly sigb: number; readonly eps: number }

/** The placebo of these pods, of all blocks in which there is exposure on both sides. null without such a block. */
export function placeboOf(pods: readonly string[], blocks: readonly PodBlock[]): Placebo | null {
  const canaryPods = new Set(pods)
  const strata: Stratum[] = []
  let factors = 0
  for (const block of blocks) {
    const tally = { canary: 0, baseline: 0, xc: 0, nc: 0, xb: 0, nb: 0 }
    for (const [pod, ticks] of block) {
      const { events, exposure } = sumTicks(ticks)
      if (!(exposure > 0)) continue
      if (canaryPods.has(pod)) {
        tally.canary++
        tally.xc += events
        tally.nc += exposure
      } else {
        tally.baseline++
        tally.xb += events
        tally.nb += exposure
      }
    }
    if (tally.canary === 0 || tally.baseline === 0) continue
    const { xc, nc, xb, nb } = tally
    strata.push({ xc, nc, xb, nb })
    factors += Math.sqrt(1 / tally.canary + 1 / tally.baseline)
  }
  return strata.length === 0 ? null : { blocks: strata, armFactor: factors / strata.length }
}

/**
 * S of a placebo at r0 = 1 under each candidate: what adding up {@link blockLogLikelihood} with that candidate's model
 * gives. A candidate's kernel is (1 - eps) normal + eps burst, and a likelihood is linear in its kernel, so each
 * normal and the burst are folded with a block once, and candidates only weigh them.
 */
export function placeboEvidence(
  { blocks }: Placebo,
  candidates: readonly BlockEffect[],
  phi: number,
): readonly Float64Array[] {
  const plain = ratioModel(1, { sigb: 0, eps: 0, phi })
  const burst = ratioModel(1, { sigb: 0, eps: 1, phi }).kernel
  const widths = [...new Set(candidates.map((candidate) => candidate.sigb))]
  const normals = widths.map((sigb) => ratioModel(1, { sigb, eps: 0, phi }).kernel)
  const evidence = candidates.map(() => new Float64Array(gridSize))
  for (const block of blocks) {
    const wide = wideLogLikelihood(plain, [block])
    if (wide === null) continue
    let max = -Infinity
    for (let i = 0; i < wideSize; i++) max = Math.max(max, wide[i]!)
    for (let i = 0; i < wideSize; i++) wide[i] = Math.exp(wide[i]! - max)
    const byBurst = fold(wide, burst)
    const byWidth = normals.map((kernel) => fold(wide, kernel))
    for (const [c, { sigb, eps }] of candidates.entries()) {
      const byNormal = byWidth[widths.indexOf(sigb)]!
      const sum = evidence[c]!
      for (let j = 0; j < gridSize; j++) {
        sum[j]! += max + Math.log(Math.max((1 - eps) * byNormal[j]! + eps * byBurst[j]!, 1e-300))
      }
    }
  }
  return evidence
}

/** sum_k g_k wide[j + k] on the grid, with the kernel's steps from its first to its last; null is the point at 0. */
function fold(wide: Float64Array, kernel: Float64Array | null): Float64Array {
  if (kernel === null) return wide.slice(-kernelFirst, gridSize - kernelFirst)
  const folded = new Float64Array(gridSize)
  for (let j = 0; j < gridSize; j++) {
    let sum = 0
    for (let k = 0; k < kernelSize; k++) sum += kernel[k]! * wide[j + k]!
    folded[j] = sum
  }
  return folded
}

/**
 * log of the marginal likelihood of all placebos under each arms' tau = tauPod x armFactor: the sum of
 * LSE(log pi0 + S), one S per placebo.
 */
export function placeboLogLikelihood(
  placebos: readonly Placebo[],
  evidence: readonly Float64Array[],
  tauPod: number,
): number {
  let sum = 0
  for (const [p, { armFactor }] of placebos.entries()) {
    sum += logWeightedSumExp(discreteNormal(tauPod * armFactor, gridFirst, gridSize), evidence[p]!)
  }
  return sum
}
