import type { GaugeHistory } from '../../domain/gauge-history.ts'
import type { MetricSpec } from '../../domain/template.ts'
import { gaugeLogE } from '../../stats/gauge-evidence.ts'
import { gaugeHalfWidth } from '../../stats/gauge-interval.ts'
import { type GaugeTotals, type PodBlock, trackGaugeBlocks } from './gauge-blocks.ts'
import { nothingCompared } from './gauge-reading.ts'
import { intervalLevel, type Look, type MetricTrial, type Reading } from './metric-trial.ts'
import { plainReading } from './plain-reading.ts'
import type { PodAges } from './pod-ages.ts'

/** A leak matters when it reaches the margin within so long. */
const horizonSeconds = 86_400

/** The floor that a leak lifts is the least reading of so long: what is collected within it is no leak. */
const floorSeconds = 300

/** Caches, pools and heaps fill in a pod's first half hour; nothing before is growth that goes on. */
const warmUpSeconds = 1800

/** Slopes that are looked for, as a multiple of the tolerated one. */
const rhoPerTolerated = 5

/** A floor that never moved before the start may yet move by this share of its level in a block. */
const leastStep = 1e-3

/** A pod's floors: the first and the newest one after its warm-up, with the seconds between. */
type PodFloor = { readonly from: number; readonly first: number; readonly to: number; readonly newest: number }

/** Reads of every pod of one arm what its floor does. */
class ArmFloors {
  readonly #recent = new Map<string, { at: number; min: number }[]>()
  readonly #floors = new Map<string, PodFloor>()

  add(at: number, pods: readonly PodBlock[], isSettled: (pod: PodBlock) => boolean): void {
    for (const pod of pods) {
      const recent = [...(this.#recent.get(pod.pod) ?? []), { at, min: pod.min }].filter(
        (one) => one.at > at - floorSeconds,
      )
      this.#recent.set(pod.pod, recent)
      if (!isSettled(pod) || at - recent[0]!.at < floorSeconds / 2) continue
      const floor = Math.min(...recent.map(({ min }) => min))
      const before = this.#floors.get(pod.pod)
      this.#floors.set(
        pod.pod,
        before === undefined ? { from: at, first: floor, to: at, newest: floor } : { ...before, to: at, newest: floor },
      )
    }
  }

  /** Growth per second of the pods that were watched for longer than a floor takes, and for how long on average. */
  slopes(now: number): { readonly mean: number; readonly pods: number; readonly seconds: number } | null {
    // A pod that is gone says nothing of how those grow that are there.
    const grown = [...this.#floors.values()].filter(
      ({ from, to }) => to - from >= floorSeconds && now - to < floorSeconds,
    )
    if (grown.length === 0) return null
    const slope = ({ from, to, first, newest }: PodFloor): number => (newest - first) / (to - from)
    const seconds = Math.min(...grown.map(({ from, to }) => to - from))
    return { mean: grown.reduce((sum, pod) => sum + slope(pod), 0) / grown.length, pods: grown.length, seconds }
  }
}

/**
 * The judge of a leak: whether the floor of a gauge (heap after collection, resident memory) rises faster in the canary's
 * pods than in the baseline's, by more than would take it to `margin` times its usual level within a day. A pod's slope is
 * one observation; its error is that of a random walk whose steps were learned before the start.
 *
 * @param history undefined: nothing is known of how the floor moves, so nothing is judged
 */
export function openGaugeGrowth(spec: MetricSpec, history: GaugeHistory | undefined, ages: PodAges): MetricTrial {
  // What has no history is shown, so that nobody takes it for not reported.
  const blocks = trackGaugeBlocks(history === undefined ? (spec.instruments ?? []) : [history.instrument], ages)
  const canary = new ArmFloors()
  const baseline = new ArmFloors()
  let end = 0
  return {
    observe(slice) {
      end = slice.to / 1000
      blocks.observe(slice)
    },
    closeBlock() {
      const block = blocks.closeBlock()
      if (block === null) return
      canary.add(end, block.canary, ({ ageSeconds }) => ageSeconds >= warmUpSeconds)
      baseline.add(end, block.baseline, () => true)
    },
    read: (look) =>
      readGrowth(spec, history, blocks.totals(), { canary: canary.slopes(end), baseline: baseline.slopes(end) }, look),
  }
}

type Slopes = Readonly<Record<'canary' | 'baseline', ReturnType<ArmFloors['slopes']>>>

function readGrowth(
  spec: MetricSpec,
  history: GaugeHistory | undefined,
  totals: GaugeTotals,
  { canary, baseline }: Slopes,
  look: Look,
): Reading {
  if (history === undefined || canary === null || baseline === null) {
    return plainReading(spec, look, nothingCompared(totals))
  }
  // In usual levels a day.
  const growth = ((canary.mean - baseline.mean) * horizonSeconds) / history.level
  const step = (Math.max(leastStep, history.growthDeviation) * horizonSeconds) / history.blockSeconds
  // A random walk's slope over t blocks has the variance of its steps over t.
  const perPod = 1 / canary.pods + 1 / baseline.pods
  const blocksSeen = Math.min(canary.seconds, baseline.seconds) / history.blockSeconds
  const v = (step ** 2 * perPod) / blocksSeen
  const evidence = (margin: number, sign: 1 | -1): number =>
    gaugeLogE({ d: sign * (growth - (margin - 1)), v, tau: 0, rho: rhoPerTolerated * (margin - 1) })
  const half = gaugeHalfWidth({ v, tau: 0, rho: rhoPerTolerated * (spec.margin - 1) }, intervalLevel)
  return plainReading(spec, look, {
    ...nothingCompared(totals),
    // What the canary's level would be in a day, over the usual one.
    effect: {
      ratio: Math.max(0, 1 + growth),
      low: half === null ? 0 : Math.max(0, 1 + growth - half),
      high: half === null ? null : 1 + growth + half,
      level: intervalLevel,
    },
    beyondMargin: growth > spec.margin - 1,
    logE: evidence(spec.margin, 1),
    logPromote: evidence(spec.promoteMargin, -1),
  })
}
