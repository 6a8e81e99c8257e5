import type { ArmSlice, ByPod, Counts, Histogram } from '../../domain/evidence.ts'
import type { MetricNulls, NullParameters } from '../../domain/null-parameters.ts'
import { isQueried, type MetricKind, type MetricSpec } from '../../domain/template.ts'
import { defaultLearningRules, type Learning, type LearningRules, learnNull } from '../../stats/learn-null.ts'
import { quantileBucket } from '../../stats/log-histogram.ts'
import type { PodBlock, PodTick } from '../../stats/pod-history.ts'
import { coldStart } from './cold-start.ts'
import { latencySpec } from './latency-spec.ts'
import { sumHistograms } from './placebo-slices.ts'

/** What is learned from of one slice: the arm in which no pod is a canary. */
export type HistorySlice = {
  /** Unix milliseconds, `to` exclusive. */
  readonly from: number
  readonly to: number
  readonly closesBlock: boolean
  /** Pods whose slices have their durations too teach about metrics of durations. */
  readonly baseline: { readonly pods: ByPod<Counts & Partial<Pick<ArmSlice, 'latency'>>> }
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
 * A metric of durations is learned from what it is judged by: requests beyond each of its quantiles, of all pods and all
 * of the history; of its quantiles' nulls the most careful figure each. A history without durations by pod leaves it cold.
 * Pods that serve another mix of operations than the others count as different, which makes tauPod too large
 * rather than too small, since the judge itself compares operation by operation. Requests without the name of a pod are
 * left out. Metrics that a source is asked for alone stay cold too, and placebos, which are made of telemetry, have no data
 * of them.
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
  const learn = (eventsOf: EventsOf): Learning => learnNull(blocksOf(history, blockSeconds, eventsOf), coldStart, rules)
  const learnable = metrics.filter((metric) => !isQueried(metric) && unlearnable[metric.kind] === null)
  const ofErrors = learnable.some(({ kind }) => kind === 'proportion') ? learn(failedOf) : null
  const learnings = new Map<string, Learning | null>(
    learnable.map((metric) => [
      metric.name,
      metric.kind === 'proportion' ? ofErrors : learnDurations(history, metric, learn),
    ]),
  )
  const nulls: [string, NullParameters][] = []
  const reasons: [string, string][] = []
  for (const metric of metrics) {
    const why = isQueried(metric) ? 'its source keeps no history by pod' : unlearnable[metric.kind]
    const learning = learnings.get(metric.name) ?? null
    if (learning === null) {
      reasons.push([metric.name, why ?? 'durations are not recorded by pod'])
    } else if (learning.learned === null) {
      reasons.push([metric.name, learning.reason])
    } else {
      const { tauPod, sigb, eps, phi } = learning.learned
      nulls.push([metric.name, { tauPod, sigb, eps, phi }])
    }
  }
  const learned = [...learnings.values()].find((learning) => learning?.learned != null)?.learned ?? null
  return {
    nulls: Object.fromEntries(nulls),
    reasons: Object.fromEntries(reasons),
    basis: learned === null ? null : { blocks: learned.blocks, pods: learned.pods },
  }
}

/** Why a kind of metric stays with the cold start; null: it is learned. */
const unlearnable: Readonly<Record<MetricKind, string | null>> = {
  proportion: null,
  distribution: null,
  gauge: 'gauges are learned from the hour before each start',
  count: 'events are too rare for a null of their own',
  paired: 'mirrored requests are of one rollout only',
  signatures: 'what is logged is not recorded by pod',
  edges: 'which edges are called is not recorded by pod',
}

/** What counts as an event among the requests of one pod in one slice. */
type EventsOf = (pod: HistorySlice['baseline']['pods'][string]) => number

const failedOf: EventsOf = ({ errors }) => errors

/** null when the history has no durations by pod; what is missing for one quantile is missing for the metric. */
function learnDurations(
  history: readonly HistorySlice[],
  metric: MetricSpec,
  learn: (eventsOf: EventsOf) => Learning,
): Learning | null {
  const parts = history.flatMap(({ baseline }) =>
    Object.entries(baseline.pods).flatMap(([pod, { latency }]) =>
      pod === '' || latency === undefined ? [] : [latency],
    ),
  )
  const whole = sumHistograms(parts)
  if (whole.length === 0) return null
  const learnings: Learning[] = []
  for (const quantile of latencySpec(metric).quantiles) {
    const bucket = quantileBucket(whole, quantile)
    if (bucket === null) return null
    const learning = learn(({ latency = [] }) => countAbove(latency, bucket))
    if (learning.learned === null) return learning
    learnings.push(learning)
  }
  return learnings.reduce(moreCareful)
}

function countAbove(histogram: Histogram, bucket: number): number {
  return histogram.reduce((sum, [index, count]) => (index > bucket ? sum + count : sum), 0)
}

function moreCareful(a: Learning, b: Learning): Learning {
  if (a.learned === null || b.learned === null) return a.learned === null ? a : b
  return {
    learned: {
      tauPod: Math.max(a.learned.tauPod, b.learned.tauPod),
      sigb: Math.max(a.learned.sigb, b.learned.sigb),
      eps: Math.max(a.learned.eps, b.learned.eps),
      phi: Math.max(a.learned.phi, b.learned.phi),
      blocks: a.learned.blocks,
      pods: a.learned.pods,
    },
    reason: null,
  }
}

function blocksOf(history: readonly HistorySlice[], blockSeconds: number | undefined, eventsOf: EventsOf): PodBlock[] {
  const blocks: PodBlock[] = []
  let open = new Map<string, PodTick[]>()
  let tick = 0
  for (const [i, slice] of history.entries()) {
    const next = history[i + 1]
    for (const [pod, counts] of Object.entries(slice.baseline.pods)) {
      if (pod === '') continue
      const ticks = open.get(pod) ?? []
      // A slice does not name a pod that it has no request of.
      while (ticks.length < tick) ticks.push({ events: 0, exposure: 0 })
      ticks.push({ events: eventsOf(counts), exposure: counts.requests })
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
