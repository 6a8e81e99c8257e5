import type { AgeLevel, GaugeHistory } from '../../domain/gauge-history.ts'
import type { MetricSpec } from '../../domain/template.ts'
import { gaugeProcess } from '../../stats/gauge-process.ts'
import { type PodBlock, trackGaugeBlocks } from './gauge-blocks.ts'
import { gaugeLog } from './gauge-log.ts'
import { type GaugeEstimate, readGauge } from './gauge-reading.ts'
import type { MetricTrial } from './metric-trial.ts'
import type { PodAges } from './pod-ages.ts'

/** Scale of the differences that are looked for, on the log scale. */
const rho = 0.25

/** A pod's first minutes (JIT, caches, connection pools) are like nobody's, unless pods of that age were seen before. */
const warmUpSeconds = 180

/** Differences of the arms' mean log levels, one per block, and the largest 1 / canary pods + 1 / other pods of them. */
type Differences = { readonly logRatios: number[]; perPod: number }

/**
 * The judge of a gauge's level: CPU, memory, queue depth. Pods are the unit of replication, a block's mean log level one
 * observation of a pod. Harm must be shown against *both* the baseline's pods at the same time, which cancels what
 * befalls everybody, and the baseline's pods at the same age before the start, which cancels warm-up; so the evidence is
 * the lesser of the two e-values. Where no pod of that age was seen before the start, a canary's pod counts from its
 * fourth minute on.
 *
 * @param history of the time before the start; undefined: nothing is known of how the gauge moves, so nothing is judged
 */
export function openGaugeLevel(spec: MetricSpec, history: GaugeHistory | undefined, ages: PodAges): MetricTrial {
  // What has no history is shown, so that nobody takes it for not reported.
  const blocks = trackGaugeBlocks(history === undefined ? (spec.instruments ?? []) : [history.instrument], ages)
  const concurrent: Differences = { logRatios: [], perPod: 0 }
  const sameAge: Differences = { logRatios: [], perPod: 0 }
  let from: number | null = null
  let end = 0

  function addConcurrent(canary: readonly PodBlock[], baseline: readonly PodBlock[], { level }: GaugeHistory): void {
    if (canary.length === 0) return
    const log = (pod: PodBlock): number => gaugeLog(pod.mean, level)
    concurrent.logRatios.push(meanOf(canary, log) - meanOf(baseline, log))
    concurrent.perPod = Math.max(concurrent.perPod, 1 / canary.length + 1 / baseline.length)
  }

  function addSameAge(canary: readonly PodBlock[], known: GaugeHistory): void {
    const pairs = canary.flatMap((pod) => {
      const before = levelAt(known, pod.ageSeconds)
      return before === null ? [] : [{ difference: gaugeLog(pod.mean, known.level) - before.log, pods: before.pods }]
    })
    if (pairs.length === 0) return
    sameAge.logRatios.push(meanOf(pairs, ({ difference }) => difference))
    const fewest = Math.min(...pairs.map(({ pods }) => pods))
    sameAge.perPod = Math.max(sameAge.perPod, 1 / pairs.length + 1 / fewest)
  }

  return {
    observe(slice) {
      from ??= slice.from
      end = slice.to
      blocks.observe(slice)
    },
    closeBlock() {
      // A step closes a block early, and the null is of whole ones: what came so far belongs to the next.
      if (history !== undefined && from !== null && end - from < history.blockSeconds * 1000) return
      from = null
      const block = blocks.closeBlock()
      if (block === null || history === undefined) return
      const isComparable = (pod: PodBlock): boolean =>
        pod.ageSeconds >= warmUpSeconds || levelAt(history, pod.ageSeconds) !== null
      addConcurrent(block.canary.filter(isComparable), block.baseline, history)
      addSameAge(block.canary, history)
    },
    read(look) {
      const against = history === undefined ? [] : [concurrent, sameAge].filter(({ logRatios }) => logRatios.length > 0)
      // Without a block to compare at the same time there is no comparison, whatever is known of pods of that age.
      const estimates = concurrent.logRatios.length === 0 ? [] : against.map((one) => estimate(one, history!))
      return readGauge(spec, blocks.totals(), estimates, look)
    },
  }
}

/** What one series of differences says about the canary's log level over the other's. */
function estimate({ logRatios, perPod }: Differences, history: GaugeHistory): GaugeEstimate {
  const { a, s2, tauPod } = history.null
  const scaled = { a, s2: s2 * perPod, tau: tauPod * Math.sqrt(perPod) }
  const { information, mean } = gaugeProcess(logRatios, { ...scaled, delta: 0, rho })
  return { d: mean ?? 0, v: 1 / information, tau: scaled.tau, rho }
}

/** The level of the baseline's pods at this age before the start; null when none was seen. */
function levelAt({ ages, blockSeconds }: GaugeHistory, ageSeconds: number): AgeLevel | null {
  // A pod's first block ends at the age of one block.
  const ageBlocks = Math.max(0, Math.ceil(ageSeconds / blockSeconds) - 1)
  return ages.find((level) => level.ageBlocks === ageBlocks) ?? null
}

function meanOf<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0) / items.length
}
