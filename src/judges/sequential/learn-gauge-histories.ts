import type { PodReadings } from '../../domain/evidence.ts'
import type { AgeLevel, GaugeHistories, GaugeHistory } from '../../domain/gauge-history.ts'
import type { MetricSpec } from '../../domain/template.ts'
import { learnGaugeNull } from '../../stats/learn-gauge-null.ts'
import { percentile } from '../../stats/percentile.ts'
import { gaugeLog } from './gauge-log.ts'

/** What one baseline pod said of one instrument in one tick. */
export type GaugeTick = {
  /** Unix milliseconds. */
  readonly at: number
  readonly instrument: string
  readonly pod: string
  readonly readings: PodReadings
}

/** Pods that are first heard of so soon after the window's beginning may be older than it. */
const leadMs = 120_000

/** A pod's floor is its least reading of so many blocks: what is collected within them is no growth. */
const floorSeconds = 300

type Block = { sum: number; count: number; min: number }
type PodBlocks = Map<string, (Block | undefined)[]>

/**
 * What the time before a start says about every gauge metric of a template: which instrument it is judged by, how that
 * moves, and how pods of each age differ from settled ones. A metric that is not in the result has no history: less than
 * two pods, or less than ten blocks of any.
 *
 * @param ticks of the baseline's pods, all of them from before what is to be judged; in any order
 * @param window Unix milliseconds that the ticks are of, and the length of a block, that of the template
 */
export function learnGaugeHistories(
  ticks: readonly GaugeTick[],
  metrics: readonly MetricSpec[],
  window: { readonly from: number; readonly to: number; readonly blockSeconds: number },
): GaugeHistories {
  const byInstrument = Map.groupBy(ticks, ({ instrument }) => instrument)
  return Object.fromEntries(
    metrics.flatMap((metric) => {
      if (metric.kind !== 'gauge') return []
      const instrument = metric.instruments?.find((name) => byInstrument.has(name))
      if (instrument === undefined) return []
      const history = learnOne(instrument, byInstrument.get(instrument) ?? [], window)
      return history === null ? [] : [[metric.name, history] as const]
    }),
  )
}

function learnOne(
  instrument: string,
  ticks: readonly GaugeTick[],
  { from, to, blockSeconds }: { readonly from: number; readonly to: number; readonly blockSeconds: number },
): GaugeHistory | null {
  const pods: PodBlocks = new Map()
  const count = Math.ceil((to - from) / (blockSeconds * 1000))
  for (const { at, pod, readings } of ticks.toSorted(byPodAndTime)) {
    if (at < from || at >= to || readings.count === 0) continue
    const blocks = pods.get(pod) ?? new Array<Block | undefined>(count).fill(undefined)
    const index = Math.floor((at - from) / (blockSeconds * 1000))
    const { sum, count: readingsCount, min } = blocks[index] ?? { sum: 0, count: 0, min: Number.POSITIVE_INFINITY }
    blocks[index] = {
      sum: sum + readings.sum,
      count: readingsCount + readings.count,
      min: Math.min(min, readings.min),
    }
    pods.set(pod, blocks)
  }
  const means = [...pods.values()].flatMap((blocks) =>
    blocks.flatMap((block) => (block ? [block.sum / block.count] : [])),
  )
  const level = percentile(Float64Array.from(means).sort(), 50)
  if (!(level > 0)) return null
  const logs = [...pods.values()].map((blocks) =>
    blocks.map((block) => (block ? gaugeLog(block.sum / block.count, level) : null)),
  )
  const learned = learnGaugeNull(logs)
  if (learned === null) return null
  const { a, s2, tauPod } = learned
  return {
    instrument,
    null: { a, s2, tauPod },
    level,
    growthDeviation: growthDeviation([...pods.values()], level, blockSeconds),
    blockSeconds,
    blocks: learned.blocks,
    pods: learned.pods,
    ages: ageLevels(pods, level, Math.ceil(leadMs / (blockSeconds * 1000))),
  }
}

/** Sums of other orders differ in the last digits, and whoever reads the same ticks must learn the same. */
function byPodAndTime(a: GaugeTick, b: GaugeTick): number {
  if (a.pod !== b.pod) return a.pod < b.pod ? -1 : 1
  return a.at - b.at
}

/** Standard deviation of what a pod's floor grows by from block to block, as a share of the level. */
function growthDeviation(
  pods: readonly (readonly (Block | undefined)[])[],
  level: number,
  blockSeconds: number,
): number {
  const width = Math.max(1, Math.round(floorSeconds / blockSeconds))
  let squares = 0
  let steps = 0
  for (const blocks of pods) {
    const floors = blocks.map((_, t) => {
      const recent = blocks.slice(Math.max(0, t - width + 1), t + 1).flatMap((block) => (block ? [block.min] : []))
      return recent.length === 0 ? null : Math.min(...recent)
    })
    for (let t = 1; t < floors.length; t++) {
      const [before, now] = [floors[t - 1] ?? null, floors[t] ?? null]
      if (before === null || now === null) continue
      squares += ((now - before) / level) ** 2
      steps += 1
    }
  }
  return steps === 0 ? 0 : Math.sqrt(squares / steps)
}

/** The levels of pods that were seen starting, by their age in blocks. */
function ageLevels(pods: PodBlocks, level: number, lead: number): AgeLevel[] {
  const byAge = new Map<number, { sum: number; pods: number }>()
  for (const blocks of pods.values()) {
    const first = blocks.findIndex((block) => block !== undefined)
    if (first < lead) continue
    for (const [t, block] of blocks.entries()) {
      if (block === undefined) continue
      const sums = byAge.get(t - first) ?? { sum: 0, pods: 0 }
      byAge.set(t - first, { sum: sums.sum + gaugeLog(block.sum / block.count, level), pods: sums.pods + 1 })
    }
  }
  return [...byAge]
    .sort(([a], [b]) => a - b)
    .map(([ageBlocks, sums]) => ({ ageBlocks, log: sums.sum / sums.pods, pods: sums.pods }))
}
