import type { Histogram } from '../../domain/evidence.ts'
import type { NullParameters } from '../../domain/null-parameters.ts'
import { countAbove } from '../../stats/log-histogram.ts'
import type { RatioPrior, Stratum } from '../../stats/ratio-process.ts'
import type { LatencySpec } from './latency-spec.ts'
import { harmEvidence, harmlessEvidence, logEvidence, type RatioEvidence, withBlock } from './ratio-evidence.ts'

/** Slowdowns in buckets of 2^(1/32): half to eight times, dense where margins lie. */
const fixedRungs = [-32, -16, -8, -4, 0, 4, 8, 12, 16, 24, 32, 48, 64, 96]

/** Both arms' durations of one block, and the baseline bucket that they are counted against. */
export type LatencyBlock = { readonly canary: Histogram; readonly baseline: Histogram; readonly bucket: number | null }

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

function strata({ canary, baseline, bucket }: LatencyBlock, rung: number): Stratum[] {
  if (bucket === null) return []
  return [
    {
      xc: countAbove(canary, bucket + rung),
      nc: countAbove(canary, Number.NEGATIVE_INFINITY),
      xb: countAbove(baseline, bucket),
      nb: countAbove(baseline, Number.NEGATIVE_INFINITY),
    },
  ]
}

/**
 * One quantile's slowdown, tested at every rung of a ladder in both directions: "slower than the rung" and "not slower
 * than the rung". A canary slower than gamma^k at the baseline's quantile bucket u has more requests above u + k than
 * the baseline has above u, so each rung is a ratio process with r0 = 1.
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

  return {
    closeBlock(block) {
      if (block.bucket === null) return
      for (const [i, rung] of rungs.entries()) {
        const counts = strata(block, rung)
        slower[i] = withBlock(slower[i]!, counts)
        notSlower[i] = withBlock(notSlower[i]!, counts)
      }
    },
    read(open, priors, level) {
      const logAt = (evidence: readonly RatioEvidence[], i: number): number =>
        logEvidence(withBlock(evidence[i]!, strata(open, rungs[i]!)), priors)
      const limit = -Math.log((1 - level) / 2)
      let shown = 0
      while (shown < rungs.length && logAt(slower, shown) >= limit) shown++
      let ruledOut = rungs.length
      while (ruledOut > 0 && logAt(notSlower, ruledOut - 1) >= limit) ruledOut--
      return {
        logE: logAt(slower, rungs.indexOf(marginShift)),
        logPromote: logAt(notSlower, rungs.indexOf(promoteShift)),
        low: shown === 0 ? null : rungs[shown - 1]!,
        high: ruledOut === rungs.length ? null : rungs[ruledOut]!,
      }
    },
  }
}
