import {
  addBlock,
  blockLogLikelihood,
  noEvidence,
  ratioLogE,
  ratioModel,
  ratioPrior,
  type Stratum,
} from '../../stats/ratio-process.ts'
import { armTau, coldStart } from '../sequential/cold-start.ts'
import { measured, type OwnSeries } from './cut-at-removal.ts'
import type { RolloutPolicy } from './rollout-policy.ts'

/** What one metric says about the release. */
export type MetricEvidence = {
  readonly metric: string
  /** log of the e-value against "not worse than the margin allows"; 0 = nothing said. */
  readonly logE: number
  /** Blocks, or canary pods, that were compared. */
  readonly compared: number
  /** The canary's excess as a ratio of the baseline's level; null when the baseline has none. */
  readonly ratio: number | null
  /** A ratio below this will often stay unproven, however long the canary is watched; null when not known. */
  readonly floor: number | null
}

/**
 * Evidence for "on inbound edges the canary's pods fail more often than (1 + margin) times the baseline's pods". One
 * stratum per edge, blocks of `blockSeconds`; a block without either arm on an edge says nothing about that edge, so an
 * outage behind the service that strikes both versions cancels out. Outbound edges do not count: they carry the
 * neighbours' faults. A bare share stands for `pseudoRequestsPerMinute`.
 *
 * @param own one metric's series, cut to their pods; other services' and gauges' series are left out
 */
export function proportionEvidence({
  metric,
  own,
  service,
  from,
  intervalSeconds,
  margin,
  policy,
}: {
  readonly metric: string
  readonly own: readonly OwnSeries[]
  readonly service: string
  /** First canary ready, seconds. */
  readonly from: number
  readonly intervalSeconds: number
  readonly margin: number
  readonly policy: RolloutPolicy['proportions']
}): MetricEvidence | null {
  const requests = (policy.pseudoRequestsPerMinute * intervalSeconds) / 60
  const blocks = new Map<number, Map<string, Tally>>()
  for (const { pod, series } of own) {
    if (series.kind !== 'proportion' || series.edge.to !== service) continue
    for (const { at, value } of measured(series.points)) {
      if (at < from) continue
      if (!(value >= 0 && value <= 1)) throw new RangeError(`${metric} of ${pod.name}: expected a share, got ${value}`)
      const block = Math.floor((at - from) / policy.blockSeconds)
      const edges = blocks.get(block) ?? new Map<string, Tally>()
      blocks.set(block, edges)
      const tally = edges.get(series.edge.from) ?? emptyTally()
      edges.set(series.edge.from, tally)
      tally[pod.role].pods.add(pod.name)
      tally[pod.role].requests += requests
      tally[pod.role].failures += requests * (series.direction === 'increase' ? value : 1 - value)
    }
  }
  return judgeBlocks(
    metric,
    [...blocks].sort(([a], [b]) => a - b).map(([, edges]) => [...edges.values()]),
    margin,
  )
}

type Arm = { readonly pods: Set<string>; requests: number; failures: number }
type Tally = { readonly baseline: Arm; readonly canary: Arm }

function emptyTally(): Tally {
  return {
    baseline: { pods: new Set(), requests: 0, failures: 0 },
    canary: { pods: new Set(), requests: 0, failures: 0 },
  }
}

function judgeBlocks(metric: string, blocks: readonly (readonly Tally[])[], margin: number): MetricEvidence | null {
  const model = ratioModel(1 + margin, coldStart)
  const seen = { baseline: new Set<string>(), canary: new Set<string>() }
  const sum = { xc: 0, nc: 0, xb: 0, nb: 0 }
  let evidence = noEvidence()
  let compared = 0
  for (const tallies of blocks) {
    const both = tallies.filter(({ baseline, canary }) => baseline.requests > 0 && canary.requests > 0)
    if (both.length === 0) continue
    compared++
    for (const { baseline, canary } of both) {
      for (const pod of baseline.pods) seen.baseline.add(pod)
      for (const pod of canary.pods) seen.canary.add(pod)
      sum.xc += canary.failures
      sum.nc += canary.requests
      sum.xb += baseline.failures
      sum.nb += baseline.requests
    }
    evidence = addBlock(evidence, blockLogLikelihood(model, both.map(stratumOf)))
  }
  if (compared === 0) return null
  const tau = armTau(coldStart.tauPod, seen.canary.size, seen.baseline.size)
  return {
    metric,
    logE: ratioLogE(evidence, ratioPrior(tau)),
    compared,
    ratio: sum.xb > 0 ? sum.xc / sum.nc / (sum.xb / sum.nb) : null,
    floor: (1 + margin) * Math.exp(floorDeviations * tau),
  }
}

/** Deviations of the arms' persistent difference that a ratio must exceed to be proven reliably, at alpha of 1%. */
export const floorDeviations = 3.5

function stratumOf({ baseline, canary }: Tally): Stratum {
  return { xc: canary.failures, nc: canary.requests, xb: baseline.failures, nb: baseline.requests }
}
