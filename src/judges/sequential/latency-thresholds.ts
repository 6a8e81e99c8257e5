import type { Histogram } from '../../domain/evidence.ts'
import { mergeCounts, quantileBucket, totalCount } from '../../stats/log-histogram.ts'

const fewestBlocks = 5

/** So many requests beyond the quantile make its bucket stable enough to count against. */
const requestsBeyond = 20

export type LatencyThresholds = {
  /** The bucket of the quantile for the block that opens now, or null when the past is too thin. */
  bucketFor(quantile: number): number | null
  closeBlock(baseline: Histogram): void
}

/**
 * The buckets that a block's latencies are counted against: quantiles of the baseline over its newest closed blocks, at
 * least 5 and as many as hold 20 / (1 - q) requests, with the hour before the start added while those are too few. Only
 * the past enters, so the counts of the block that is judged cannot choose their own threshold.
 */
export function trackLatencyThresholds(quantiles: readonly number[], reference: Histogram): LatencyThresholds {
  /** Newest first. */
  let past: Histogram[] = []
  const needed = (quantile: number): number => Math.floor(requestsBeyond / (1 - quantile))
  const mostNeeded = Math.max(0, ...quantiles.map(needed))

  function newest(requests: number): { merged: Histogram; isEnough: boolean; blocks: number } {
    let merged: Histogram = []
    let total = 0
    let blocks = 0
    for (const block of past) {
      if (blocks >= fewestBlocks && total >= requests) break
      merged = mergeCounts(merged, block)
      total += totalCount(block)
      blocks++
    }
    return { merged, isEnough: blocks >= fewestBlocks && total >= requests, blocks }
  }

  return {
    bucketFor(quantile) {
      const { merged, isEnough } = newest(needed(quantile))
      const counts = isEnough ? merged : mergeCounts(merged, reference)
      return totalCount(counts) >= needed(quantile) ? quantileBucket(counts, quantile) : null
    },
    closeBlock(baseline) {
      if (totalCount(baseline) === 0) return
      past.unshift(baseline)
      past = past.slice(0, newest(mostNeeded).blocks)
    },
  }
}
