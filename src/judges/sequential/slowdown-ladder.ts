import type { NullParameters } from '../../domain/null-parameters.ts'
import { countAbove, totalCount } from '../../stats/log-histogram.ts'
import type { RatioPrior, Stratum } from '../../stats/ratio-process.ts'
import { type LatencyPair, lowerEdges } from './latency-pair.ts'
import type { LatencySpec } from './latency-spec.ts'
import type { LatencyStratum } from './latency-strata.ts'
import { harmEvidence, harmlessEvidence, logEvidence, type RatioEvidence, withBlock } from './ratio-evidence.ts'

/** Slowdowns in buckets of 2^(1/32): half to eight times, dense where margins lie. */
const fixedRungs = [-32, -16, -8, -4, 0, 4, 8, 12, 16, 24, 32, 48, 64, 96]

/** Both arms' durations of one block, by stratum and all together, and the baseline bucket that they are counted against. */
export type LatencyBlock = {
  readonly strata: readonly LatencyStratum[]
  readonly whole: LatencyPair
  readonly bucket: number | null
}

/** The evidence of one quantile at one look. All slowdowns are in buckets. */
export type LadderReading = {
  /** log E for "slower than the margin", and for "not slower than the promote margin". */
  readonly logE: number
  readonly logPromote: number
  /** Ends of the time-uniform interval of the slowdown; null: open. */
  readonly low: number | null
  readonly high: number | null
}

export type SlowdownLadder = {
  closeBlock(block: LatencyBlock): void
  read(open: LatencyBlock, priors: readonly RatioPrior[], level: number): LadderReading
}

type Count = (stratum: LatencyStratum, bucket: number, rung: number) => Stratum

/**
 * For "slower than the rung": where only edges are known, the canary's requests count from the next edge above the
 * threshold on and the baseline's from the one below it, so the edges lie at least the rung apart, whichever they are.
 */
const countSlower: Count = (stratum, bucket, rung) => ({
  ...{ xc: countAbove(lowerEdges(stratum).canary, bucket + rung), nc: stratum.nc },
  ...{ xb: countAbove(stratum.baseline, bucket), nb: stratum.nb },
})

/** For "not slower than the rung", the other way round: the edges lie at most the rung apart. */
const countNotSlower: Count = (stratum, bucket, rung) => ({
  ...{ xc: countAbove(stratum.canary, bucket + rung), nc: stratum.nc },
  ...{ xb: countAbove(lowerEdges(stratum).baseline, bucket), nb: stratum.nb },
})

function stratified({ strata, bucket }: LatencyBlock, rung: number, count: Count): Stratum[] {
  return bucket === null ? [] : strata.map((stratum) => count(stratum, bucket, rung))
}

function pooled({ whole, bucket }: LatencyBlock, rung: number): Stratum[] {
  const all = { ...whole, nc: totalCount(whole.canary), nb: totalCount(whole.baseline) }
  return stratified({ strata: [all], whole, bucket }, rung, countNotSlower)
}

/**
 * One quantile's slowdown, tested at every rung of a ladder in both directions: "slower than the rung" and "not slower
 * than the rung". A canary slower than gamma^k at the baseline's quantile bucket u has more requests above u + k than
 * the baseline has above u, so each rung is a ratio process with r0 = 1, over operations like for like. A promote needs
 * the proof within operations *and* over all requests together, so that nothing hides in one that cannot be compared.
 *
 * The interval's ends are found by walking in from the outermost rungs while each rejects at (1 - level) / 2, so an end
 * beyond the true slowdown needs the rung next to it to be rejected wrongly, and that is one test a side. Bursts make
 * the walk necessary: after one block a far rung is explained as a burst while a near one is already rejected.
 */
export function openSlowdownLadder(
  { marginShift, promoteShift }: Pick<LatencySpec, 'marginShift' | 'promoteShift'>,
  parameters: NullParameters,
): SlowdownLadder {
  const rungs = [...new Set([...fixedRungs, marginShift, promoteShift])].sort((a, b) => a - b)
  // Evidence is never written into, so all rungs start from the same.
  const start = { slower: harmEvidence(1, parameters), notSlower: harmlessEvidence(1, parameters) }
  const slower: RatioEvidence[] = rungs.map(() => start.slower)
  const notSlower: RatioEvidence[] = rungs.map(() => start.notSlower)
  let notSlowerPooled = start.notSlower

  return {
    closeBlock(block) {
      if (block.bucket === null) return
      for (const [i, rung] of rungs.entries()) {
        const counts = stratified(block, rung, countSlower)
        slower[i] = withBlock(slower[i]!, counts)
        const isSame = block.whole.atLeast === undefined
        notSlower[i] = withBlock(notSlower[i]!, isSame ? counts : stratified(block, rung, countNotSlower))
      }
      notSlowerPooled = withBlock(notSlowerPooled, pooled(block, promoteShift))
    },
    read(open, priors, level) {
      const logAt = (evidence: readonly RatioEvidence[], i: number): number => {
        const counts = stratified(open, rungs[i]!, evidence === slower ? countSlower : countNotSlower)
        return logEvidence(withBlock(evidence[i]!, counts), priors)
      }
      const limit = -Math.log((1 - level) / 2)
      let shown = 0
      while (shown < rungs.length && logAt(slower, shown) >= limit) shown++
      let ruledOut = rungs.length
      while (ruledOut > 0 && logAt(notSlower, ruledOut - 1) >= limit) ruledOut--
      return {
        logE: logAt(slower, rungs.indexOf(marginShift)),
        logPromote: Math.min(
          logAt(notSlower, rungs.indexOf(promoteShift)),
          logEvidence(withBlock(notSlowerPooled, pooled(open, promoteShift)), priors),
        ),
        low: shown === 0 ? null : rungs[shown - 1]!,
        high: ruledOut === rungs.length ? null : rungs[ruledOut]!,
      }
    },
  }
}
