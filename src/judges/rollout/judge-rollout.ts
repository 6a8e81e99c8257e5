import { combineLogE } from '../../stats/combine-evidence.ts'
import { aliasedPairs } from './aliased-series.ts'
import { baselineEnd, cutAtRemoval, measured, type OwnSeries } from './cut-at-removal.ts'
import { decideRollout, type RolloutFacts, type RolloutVerdict } from './decide-rollout.ts'
import { gaugeComparison } from './gauge-comparison.ts'
import { newOutages } from './new-outage.ts'
import { spreadOf } from './pod-spread.ts'
import { type MetricEvidence, proportionEvidence } from './proportion-evidence.ts'
import type { PodScatter, RolloutInput } from './rollout-input.ts'
import type { RolloutPolicy } from './rollout-policy.ts'
import { silences } from './silence.ts'

/** The verdict on one rollout, with every number that led there. */
export type RolloutJudgement = RolloutFacts &
  RolloutVerdict & {
    readonly service: string
    /** Services that call this one. */
    readonly callers: readonly string[]
    readonly firstCanaryReady: number | null
    /** The higher the more suspect, comparable between rollouts; never cut off at 0, so harmless ones stay in order. */
    readonly harm: number
  }

/**
 * Judges a rollout from its pods' series, whole or until now: errors and silence on inbound edges, gauges against
 * baseline pods of the same time and of the same age. What both versions suffer alike is nobody's proven fault, and what
 * nobody expected to hear is no silence.
 *
 * @param history scatter between baseline pods of other rollouts ({@link podScatter}); never of this one
 * @throws Error when a metric has no policy, a series no pod, or a share is outside 0 … 1
 */
export function judgeRollout(
  input: RolloutInput,
  history: readonly PodScatter[],
  policy: RolloutPolicy,
): RolloutJudgement {
  const own = cutAtRemoval(input)
  const firstCanaryReady = input.pods.reduce<number | null>(
    (first, { role, readyAt }) => (role === 'canary' ? Math.min(first ?? readyAt, readyAt) : first),
    null,
  )
  const aliased = aliasedPairs(own)
  const shared = new Set(aliased.flatMap((pair) => pair.metrics))
  const comparable = own.filter(({ series }) => !shared.has(series.metric))
  const metrics = firstCanaryReady === null ? [] : evidenceOf(input, comparable, firstCanaryReady, history, policy)
  const totalLogE = totalOf(metrics, policy)
  const heard = silences({ ...input, own, policy: policy.silence })
  const facts: RolloutFacts = {
    aliased,
    metrics,
    totalLogE,
    comparedShare: comparedShareOf(metrics, policy),
    silences: heard,
    outages: firstCanaryReady === null ? [] : newOutages(input.service, firstCanaryReady, input.mesh, policy.outage),
    hasCanaryData: own.some(({ pod, series }) => pod.role === 'canary' && measured(series.points).length > 0),
    soakSeconds: firstCanaryReady === null ? 0 : soakOf(input, firstCanaryReady),
  }
  return {
    ...facts,
    ...decideRollout(facts, policy, false),
    service: input.service,
    callers: input.mesh.filter(({ edge }) => edge.to === input.service).map(({ edge }) => edge.from),
    firstCanaryReady,
    harm: Math.max(totalLogE, ...heard.filter(({ isSilent }) => isSilent).map(({ logE }) => logE)),
  }
}

function evidenceOf(
  input: RolloutInput,
  own: readonly OwnSeries[],
  firstCanaryReady: number,
  history: readonly PodScatter[],
  policy: RolloutPolicy,
): MetricEvidence[] {
  return [...Map.groupBy(own, ({ series }) => series.metric)].flatMap(([metric, ofMetric]) => {
    const limits = policy.metrics[metric]
    if (limits === undefined) {
      throw new Error(`metric ${metric} of ${input.service}: expected one of ${Object.keys(policy.metrics).join(', ')}`)
    }
    const shared = { metric, own: ofMetric, margin: limits.margin }
    if (ofMetric[0]!.series.kind === 'proportion') {
      const { service, intervalSeconds } = input
      const from = firstCanaryReady
      return present(proportionEvidence({ ...shared, service, from, intervalSeconds, policy: policy.proportions }))
    }
    const spread = spreadOf(history, input.service, metric, policy.gauges.spreadConfidence)
    if (spread === null) return []
    return present(gaugeComparison({ ...shared, changeStart: input.changeStart, spread, policy: policy.gauges }))
  })
}

function present<T>(value: T | null): T[] {
  return value === null ? [] : [value]
}

/** Weights are those of the policy, whatever arrived: what is absent counts as E = 1. */
function totalOf(metrics: readonly MetricEvidence[], policy: RolloutPolicy): number {
  return combineLogE(
    metrics.map(({ logE }) => logE),
    metrics.map((one) => budgetShare(one, policy)),
  )
}

function comparedShareOf(metrics: readonly MetricEvidence[], policy: RolloutPolicy): number {
  return metrics.reduce((sum, one) => sum + budgetShare(one, policy), 0)
}

function budgetShare({ metric }: MetricEvidence, { metrics }: RolloutPolicy): number {
  const all = Object.values(metrics).reduce((sum, { weight }) => sum + weight, 0)
  return metrics[metric]!.weight / all
}

/** From the first canary's readiness to the last observation, or to the removal of the last baseline pod. */
function soakOf(input: RolloutInput, firstCanaryReady: number): number {
  const seen = [...input.series, ...input.mesh].map(({ points }) => points.at(-1)?.at ?? -Infinity)
  return Math.max(0, Math.min(Math.max(...seen), baselineEnd(input.pods)) - firstCanaryReady)
}
