import type { Slice } from '../../domain/evidence.ts'
import { combineLogE } from '../../stats/combine-evidence.ts'
import type { MetricTrial } from './metric-trial.ts'

/** The share of the rollback budget that harm from the beginning has; the rest is for harm that begins later. */
const fromStartShare = 0.8

/** Windows of 2, 4, 8 ... 64 blocks; what builds up more slowly is seen from the start on. */
const levels = 6

/** Discounts of the evidence, in logs: {@link lateOnset} has the reason. */
export const logFromStart = Math.log(fromStartShare)

/** A metric opened anew, with its weight in the budget. */
type OpenMetrics = () => readonly MetricTrial[]

type Fresh = {
  readonly from: number
  readonly expiresAt: number
  /** log of the share of the budget that this start has. */
  readonly logShare: number
  readonly metrics: readonly MetricTrial[]
}

/** Harm since some block that is not the first. */
type LateHarm = {
  /** Unix milliseconds. */
  readonly since: number
  /** log of the evidence times the start's share of the budget: to be held against log(1/alpha). */
  readonly logE: number
  /** To be read by whom it is told to. */
  readonly metrics: readonly MetricTrial[]
}

export type LateOnset = {
  observe(slice: Slice): void
  /**
   * Closes the block in all; then evidence is read, starts whose window is over end, and a new one begins.
   * @param logEs the metrics' evidence of harm in their order
   */
  closeBlock(end: number, logEs: (metrics: readonly MetricTrial[]) => readonly number[]): void
  /** The strongest evidence as of the newest closed block; null before there is any. */
  strongest(): LateHarm | null
}

/**
 * Evidence for harm that begins in the middle of a rollout. A process that assumes one ratio for all time has to outweigh
 * every healthy minute before it speaks; so fresh processes of all metrics start at later blocks, on a dyadic grid: block
 * s = odd x 2^j starts a window of 2^(j+1) blocks, so that at any time one of each length is open and the cost per block
 * grows with the number of lengths only.
 *
 * Validity: each start's combined process is an e-process of its own, and P(one ever exceeds 1/(share alpha)) <= share x
 * alpha. The shares of all starts sum to 1 (Bonferroni over starts, 0.8 of it for the first block), so together they keep
 * alpha. Their *sum* would not do: under a pod effect that is drawn once, processes that start late are no martingales
 * of the whole past, and only the bound over time of each holds.
 *
 * Starts are unlimited, their shares are not: within each horizon of `horizonBlocks` (of the template's deadline) a
 * level's starts share alike, and the m-th horizon has 6 / (pi^2 m^2) of the budget.
 *
 * @param open gives all metrics anew, in the order of `weights`
 */
export function trackLateOnset(open: OpenMetrics, weights: readonly number[], horizonBlocks: number): LateOnset {
  let block = 0
  let live: readonly Fresh[] = []
  let newest: LateHarm | null = null

  function begin(from: number): Fresh {
    const level = levelOf(block)
    return {
      from,
      expiresAt: block + 2 ** (level + 1),
      logShare: logShareOfStart(block, horizonBlocks),
      metrics: open(),
    }
  }

  return {
    observe(slice) {
      for (const { metrics } of live) for (const metric of metrics) metric.observe(slice)
    },
    closeBlock(end, logEs) {
      block += 1
      newest = null
      for (const { from, logShare, metrics } of live) {
        for (const metric of metrics) metric.closeBlock()
        const logE = logShare + combineLogE(logEs(metrics), weights)
        if (newest === null || logE > newest.logE) newest = { since: from, logE, metrics }
      }
      live = [...live.filter(({ expiresAt }) => expiresAt > block), begin(end)]
    },
    strongest: () => newest,
  }
}

/** The largest power of two that divides the block's number, at most the longest window. */
function levelOf(block: number): number {
  let level = 0
  while (level < levels - 1 && block % 2 ** (level + 1) === 0) level += 1
  return level
}

/**
 * log of the share of the budget of the processes that start after `block` closed blocks. Over all blocks from 1 on the
 * shares sum to at most 1 minus that of the first start.
 */
export function logShareOfStart(block: number, horizonBlocks: number): number {
  const level = levelOf(block)
  const horizon = Math.max(2 ** levels, horizonBlocks)
  const m = Math.floor((block - 1) / horizon) + 1
  const ofHorizon = 6 / (Math.PI ** 2 * m ** 2)
  // Starts of one level in a horizon; the longest windows also take the starts that would make longer ones.
  const spacing = level === levels - 1 ? 2 ** level : 2 ** (level + 1)
  const starts = Math.ceil(horizon / spacing)
  return Math.log((1 - fromStartShare) * ofHorizon) - Math.log(levels * starts)
}
