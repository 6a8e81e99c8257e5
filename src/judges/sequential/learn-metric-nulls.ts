import type { ArmSlice } from '../../domain/evidence.ts'
import type { MetricNulls, NullParameters } from '../../domain/null-parameters.ts'
import type { MetricKind, MetricSpec } from '../../domain/template.ts'
import { defaultLearningRules, type LearningRules, learnNull } from '../../stats/learn-null.ts'
import type { PodBlock, PodTick } from '../../stats/pod-history.ts'
import { coldStart } from './cold-start.ts'

/** What is learned from of one slice: the arm in which no pod is a canary. */
export type HistorySlice = {
  /** Unix milliseconds, `to` exclusive. */
  readonly from: number
  readonly to: number
  readonly closesBlock: boolean
  readonly baseline: Pick<ArmSlice, 'pods'>
}

export type MetricLearning = {
  readonly nulls: MetricNulls
  /** Why a metric stays with the cold start; every metric of the template is either here or in `nulls`. */
  readonly reasons: Readonly<Record<string, string>>
  /** How much it was learned from; null when nothing was. */
  readonly basis: { readonly blocks: number; readonly pods: number } | null
}

/**
 * The null of every metric as the history of the service's baseline gives it. A slice is a tick; a block ends where a
 * slice says so, or every `blockSeconds` of the clock when that is given, and at a gap between slices.
 *
 * Only failed requests can be learned: slices hold them by pod, durations only of the whole arm, so metrics of durations
 * stay cold. Pods that serve another mix of operations than the others count as different, which makes tauPod too large
 * rather than too small, since the judge itself compares operation by operation. Requests without the name of a pod are
 * left out.
 *
 * @param history in order of time, all of it from before the start of what is to be judged; RangeError when out of order
 * @param blockSeconds should be the template's: sigb and eps are about blocks of one length
 */
export function learnMetricNulls(
  history: readonly HistorySlice[],
  metrics: readonly MetricSpec[],
  {
    blockSeconds,
    rules = defaultLearningRules,
  }: { readonly blockSeconds?: number; readonly rules?: LearningRules } = {},
): MetricLearning {
  const learning = metrics.some(({ kind }) => unlearnable[kind] === null)
    ? learnNull(blocksOf(history, blockSeconds), coldStart, rules)
    : null
  const nulls: [string, NullParameters][] = []
  const reasons: [string, string][] = []
  for (const metric of metrics) {
    const why = unlearnable[metric.kind]
    if (learning === null || why !== null) {
      reasons.push([metric.name, why ?? 'nothing was learned'])
    } else if (learning.learned === null) {
      reasons.push([metric.name, learning.reason])
    } else {
      const { tauPod, sigb, eps, phi } = learning.learned
      nulls.push([metric.name, { tauPod, sigb, eps, phi }])
    }
  }
  const learned = learning?.learned ?? null
  return {
    nulls: Object.fromEntries(nulls),
    reasons: Object.fromEntries(reasons),
    basis: learned === null ? null : { blocks: learned.blocks, pods: learned.pods },
  }
}

/** Why a kind of metric stays with the cold start; null: it is learned. */
const unlearnable: Readonly<Record<MetricKind, string | null>> = {
  proportion: null,
  distribution: 'durations are not recorded by pod',
  gauge: 'gauges are learned from the hour before each start',
  count: 'events are too rare for a null of their own',
  paired: 'mirrored requests are of one rollout only',
}

function blocksOf(history: readonly HistorySlice[], blockSeconds: number | undefined): PodBlock[] {
  const blocks: PodBlock[] = []
  let open = new Map<string, PodTick[]>()
  let tick = 0
  for (const [i, slice] of history.entries()) {
    const next = history[i + 1]
    for (const [pod, { requests, errors }] of Object.entries(slice.baseline.pods)) {
      if (pod === '') continue
      const ticks = open.get(pod) ?? []
      // A slice does not name a pod that it has no request of.
      while (ticks.length < tick) ticks.push({ events: 0, exposure: 0 })
      ticks.push({ events: errors, exposure: requests })
      open.set(pod, ticks)
    }
    tick++
    if (next === undefined || endsBlock(slice, next, blockSeconds)) {
      blocks.push(open)
      open = new Map()
      tick = 0
    }
  }
  return blocks
}

function endsBlock(slice: HistorySlice, next: HistorySlice, blockSeconds: number | undefined): boolean {
  if (next.from < slice.to) {
    throw new RangeError(
      `history: expected slices in order of time, got one from ${next.from} after one to ${slice.to}`,
    )
  }
  if (next.from > slice.to) return true
  if (blockSeconds === undefined) return slice.closesBlock
  const blockMs = blockSeconds * 1000
  return Math.floor(slice.from / blockMs) !== Math.floor(next.from / blockMs)
}
