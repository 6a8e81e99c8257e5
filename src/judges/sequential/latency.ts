import type { Histogram } from '../../domain/evidence.ts'
import type { NullParameters } from '../../domain/null-parameters.ts'
import type { MetricSpec } from '../../domain/template.ts'
import type { Judgement, QuantileJudgement } from '../../domain/verdict.ts'
import { endlessBucket } from '../../stats/bucket-placement.ts'
import { combineLogE } from '../../stats/combine-evidence.ts'
import { bucketMiddle, quantileBucket, totalCount } from '../../stats/log-histogram.ts'
import { type LatencyPair, latencyOf, lowerEdges, noLatency, plusLatency } from './latency-pair.ts'
import { latencyDetectable, latencySecondsToRuleOut, latencySecondsToShow } from './latency-power.ts'
import { bucketGamma as gamma, type LatencySpec, latencySpec } from './latency-spec.ts'
import { trackLatencyStrata } from './latency-strata.ts'
import { trackLatencyThresholds } from './latency-thresholds.ts'
import { eValue, findingOf, intervalLevel, type Look, type MetricTrial, type Reading } from './metric-trial.ts'
import { type LadderReading, type LatencyBlock, openSlowdownLadder } from './slowdown-ladder.ts'

/**
 * The judge of request durations, without estimating a quantile: at each judged quantile the canary's requests above the
 * baseline's threshold times the margin are compared with the baseline's above the threshold. Harm is shown by the
 * average over quantiles (one budget), its absence by every quantile for itself.
 *
 * @param reference the baseline's durations before the start, for thresholds while there are too few blocks
 * @param parameters of the null, the same at every look
 */
export function openLatency(spec: MetricSpec, reference: Histogram, parameters: NullParameters): MetricTrial {
  const latency = latencySpec(spec)
  const thresholds = trackLatencyThresholds(latency.quantiles, reference)
  const ladders = latency.quantiles.map(() => openSlowdownLadder(latency, parameters))
  const strata = trackLatencyStrata()
  let buckets: (number | null)[] | null = null
  let all = noLatency

  const blocks = (): LatencyBlock[] => {
    const block = { strata: strata.open(), whole: strata.whole() }
    return latency.quantiles.map((_, i) => ({ ...block, bucket: buckets?.[i] ?? null }))
  }

  return {
    observe(slice) {
      // Fixed with the block's first slice, before its counts can be seen.
      buckets ??= latency.quantiles.map((quantile) => thresholds.bucketFor(quantile))
      strata.observe(slice)
      all = plusLatency(all, latencyOf(slice))
    },
    closeBlock() {
      const open = blocks()
      for (const [i, ladder] of ladders.entries()) ladder.closeBlock(open[i]!)
      thresholds.closeBlock(strata.whole().baseline)
      buckets = null
      strata.closeBlock()
    },
    read(look) {
      const open = blocks()
      const rungs = ladders.map((ladder, i) => ladder.read(open[i]!, look.priors, intervalLevel))
      return readLatency(latency, all, rungs, look)
    },
  }
}

/** The middle of what is known of a quantile, in seconds; where there is no upper edge, the lower one. */
function seconds(all: LatencyPair, arm: 'canary' | 'baseline', quantile: number): number | null {
  const upper = quantileBucket(all[arm], quantile)
  const lower = quantileBucket(lowerEdges(all)[arm], quantile)
  if (upper === null || lower === null) return null
  return bucketMiddle(upper >= endlessBucket ? lower : (lower + upper) / 2, gamma) / 1e9
}

function judgeQuantile(
  latency: LatencySpec,
  all: LatencyPair,
  quantile: number,
  rung: LadderReading,
): QuantileJudgement {
  const baseline = seconds(all, 'baseline', quantile)
  const canary = seconds(all, 'canary', quantile)
  return {
    quantile,
    baseline,
    canary,
    effect: {
      ratio: baseline === null || canary === null ? null : canary / baseline,
      low: rung.low === null ? 0 : gamma ** rung.low,
      high: rung.high === null ? null : gamma ** rung.high,
      level: intervalLevel,
      margin: gamma ** latency.marginShift,
      promoteMargin: gamma ** latency.promoteShift,
    },
    eValue: eValue(rung.logE),
    promoteEValue: eValue(rung.logPromote),
  }
}

/** The quantile that speaks for the metric: most evidence of harm, or without any the weakest promote proof. */
function spokesman(rungs: readonly LadderReading[]): number {
  const worst = rungs.reduce((best, rung, i) => (rung.logE > rungs[best]!.logE ? i : best), 0)
  if (rungs[worst]!.logE > 0) return worst
  return rungs.reduce((best, rung, i) => (rung.logPromote < rungs[best]!.logPromote ? i : best), 0)
}

function readLatency(latency: LatencySpec, all: LatencyPair, rungs: readonly LadderReading[], look: Look): Reading {
  const { spec, quantiles } = latency
  const logE = combineLogE(
    rungs.map((rung) => rung.logE),
    rungs.map(() => 1 / rungs.length),
  )
  const logPromote = Math.min(...rungs.map((rung) => rung.logPromote))
  const judged = quantiles.map((quantile, i) => judgeQuantile(latency, all, quantile, rungs[i]!))
  const own = judged[spokesman(rungs)]!
  const samples = { canary: totalCount(all.canary), baseline: totalCount(all.baseline) }
  const hasData = samples.canary > 0 && samples.baseline > 0
  const beyondMargin = own.effect.ratio !== null && own.effect.ratio > own.effect.margin
  const judgement: Judgement = {
    name: spec.name,
    kind: spec.kind,
    group: spec.group,
    finding: findingOf({ hasData, beyondMargin, logE, logPromote, weight: spec.weight, budget: look.budget }),
    critical: spec.critical,
    weight: spec.weight,
    baseline: { value: own.baseline, samples: samples.baseline, pods: look.pods.baseline },
    canary: { value: own.canary, samples: samples.canary, pods: look.pods.canary },
    effect: own.effect,
    eValue: eValue(logE),
    promoteEValue: eValue(logPromote),
    promoteProof: 'ratio',
    smallestDetectable: hasData ? latencyDetectable(latency, all, look) : null,
    where: [],
    quantiles: judged,
  }
  return {
    judgement,
    logE,
    logPromote,
    looksHarmful: logE > 0 && beyondMargin,
    worstShare: 0,
    secondsToShow: hasData ? latencySecondsToShow(latency, all, own.quantile, look) : null,
    secondsToRuleOut: hasData ? latencySecondsToRuleOut(latency, all, look) : null,
  }
}
