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
  const widths = [...new Set(candidates.map((candidate) => candidate.sigb))]
  const normals = widths.map((sigb) => tapsOf(ratioModel(1, { sigb, eps: 0, phi }).kernel))
  const burst = ratioModel(1, { sigb: 0, eps: 1, phi }).kernel!
  const sums = candidates.map(logSums)
  for (const block of blocks) {
    const wide = wideLogLikelihood(plain, [block])
    if (wide === null) continue
    let max = -Infinity
    for (let i = 0; i < wideSize; i++) max = Math.max(max, wide[i]!)
    for (let i = 0; i < wideSize; i++) wide[i] = Math.exp(wide[i]! - max)
    const byBurst = foldBurst(wide, burst)
    const byWidth = normals.map((taps) => fold(wide, taps))
    for (const [c, { sigb, eps }] of candidates.entries()) {
      sums[c]!.add(max, byWidth[widths.indexOf(sigb)]!, byBurst, eps)
    }
  }
  return sums.map((sum) => sum.read())
}

/** Below this a product is taken to its logarithm, so that one more factor of at least 1e-300 cannot end it at 0. */
const leastProduct = 1e-7

/** Sums of logarithms at each point of the grid, kept as products as long as those are doubles: a tenth of the time. */
function logSums() {
  const sum = new Float64Array(gridSize)
  const product = new Float64Array(gridSize).fill(1)
  return {
    /** Adds max + log of (1 - eps) normal + eps burst. */
    add(max: number, normal: Float64Array, burst: Float64Array, eps: number): void {
      for (let j = 0; j < gridSize; j++) {
        const factor = Math.max((1 - eps) * normal[j]! + eps * burst[j]!, 1e-300)
        let all = product[j]! * factor
        sum[j]! += max
        if (all < leastProduct) {
          sum[j]! += Math.log(all)
          all = 1
        }
        product[j] = all
      }
    },
    read: (): Float64Array => sum.map((value, j) => value + Math.log(product[j]!)),
  }
}

/** The part of a kernel that counts: from `first`, an index of the whole. */
type Taps = { readonly first: number; readonly weights: Float64Array }

/** What a burst of the least eps adds is more than this by eleven orders. */
const leastTap = 1e-18

/** null is the point at 0. */
function tapsOf(kernel: Float64Array | null): Taps {
  if (kernel === null) return { first: -kernelFirst, weights: Float64Array.of(1) }
  const counts = (weight: number): boolean => weight >= leastTap
  const first = kernel.findIndex(counts)
  return { first, weights: kernel.slice(first, kernel.findLastIndex(counts) + 1) }
}

/** sum_k g_k wide[j + k] on the grid. */
function fold(wide: Float64Array, { first, weights }: Taps): Float64Array {
  const folded = new Float64Array(gridSize)
  for (let j = 0; j < gridSize; j++) {
    let sum = 0
    for (let k = 0; k < weights.length; k++) sum += weights[k]! * wide[j + first + k]!
    folded[j] = sum
  }
  return folded
}

/** Both sides of a burst are uniform, 25 steps down and 35 up: five and seven sums of five. */
function foldBurst(wide: Float64Array, burst: Float64Array): Float64Array {
  const five = new Float64Array(wideSize - 4)
  for (let i = 0; i < five.length; i++) five[i] = wide[i]! + wide[i + 1]! + wide[i + 2]! + wide[i + 3]! + wide[i + 4]!
  const folded = new Float64Array(gridSize)
  const centre = -kernelFirst
  for (let j = 0; j < gridSize; j++) {
    let down = 0
    let up = 0
    for (let k = 0; k < centre; k += 5) down += five[j + k]!
    for (let k = centre + 1; k < kernelSize; k += 5) up += five[j + k]!
    folded[j] = burst[0]! * down + burst[kernelSize - 1]! * up
  }
  return folded
}

/** Where the likelihood of placebos is computed: all pairs of a pod's tau and a common mean, in steps of the grid. */
export type SpreadGrid = { readonly taus: readonly number[]; readonly meanSteps: readonly number[] }

/**
 * log of the marginal likelihood of all placebos, per candidate, tau and mean: the sum over placebos of
 * LSE(log N(mean, (tau armFactor)^2) + S), at [candidate][tau x meanSteps.length + mean].
 *
 * The mean is there because a kernel has one: a block's own jitter and bursts multiply what is expected by their mean,
 * which is above 1, so placebos of a service whose pods are alike lie below a ratio of 1 under a kernel that is wider
 * than the counts of a block can show. Without a mean tau would have to span that distance.
 *
 * @param evidence one list of S per placebo, one S per candidate
 */
export function placeboLogLikelihoods(
  placebos: readonly Placebo[],
  evidence: readonly (readonly Float64Array[])[],
  { taus, meanSteps }: SpreadGrid,
): readonly Float64Array[] {
  const candidates = evidence[0]?.length ?? 0
  const logLikelihoods = Array.from({ length: candidates }, () => new Float64Array(taus.length * meanSteps.length))
  const greatest = evidence.map((own) => own.map((sums) => sums.reduce((most, sum) => Math.max(most, sum))))
  const likelihood = evidence.map((own, p) => own.map((sums, c) => sums.map((sum) => Math.exp(sum - greatest[p]![c]!))))
  for (const armFactor of new Set(placebos.map((placebo) => placebo.armFactor))) {
    const members = [...placebos.keys()].filter((p) => placebos[p]!.armFactor === armFactor)
    for (const [t, tau] of taus.entries()) {
      for (const [m, step] of meanSteps.entries()) {
        const prior = discreteNormal(tau * armFactor, gridFirst, gridSize, step)
        for (let c = 0; c < candidates; c++) {
          for (const p of members) {
            const marginal = greatest[p]![c]! + Math.log(dot(prior, likelihood[p]![c]!))
            logLikelihoods[c]![t * meanSteps.length + m]! += marginal
          }
        }
      }
    }
  }
  return logLikelihoods
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
