import type { PodReadings, Slice } from '../../domain/evidence.ts'
import type { PodAges } from './pod-ages.ts'

/** One pod in one block: the mean of its readings, the least one, and for the canary's its age at the block's end. */
export type PodBlock = {
  readonly pod: string
  readonly mean: number
  readonly min: number
  readonly ageSeconds: number
}

/** Both arms in one closed block. */
type GaugeBlock = { readonly canary: readonly PodBlock[]; readonly baseline: readonly PodBlock[] }

type Arm = 'canary' | 'baseline'
type Totals = { readonly samples: number; readonly mean: number | null; readonly pods: number }

export type GaugeBlocks = {
  observe(slice: Slice): void
  /** The block that ends, or null when one of the arms had no reading in it. */
  closeBlock(): GaugeBlock | null
  totals(): GaugeTotals
}

/** All that was read so far, for people. */
export type GaugeTotals = Readonly<Record<Arm, Totals>>

/** One arm's readings of one instrument. */
class ArmReadings {
  readonly #open = new Map<string, { count: number; sum: number; min: number }>()
  #samples = 0
  #sum = 0
  #pods = 0

  add(pod: string, { count, sum, min }: PodReadings): void {
    if (count === 0) return
    const sums = this.#open.get(pod) ?? { count: 0, sum: 0, min: Number.POSITIVE_INFINITY }
    this.#open.set(pod, { count: sums.count + count, sum: sums.sum + sum, min: Math.min(sums.min, min) })
    this.#samples += count
    this.#sum += sum
  }

  close(ageOf: (pod: string) => number): PodBlock[] {
    const pods = [...this.#open]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([pod, { count, sum, min }]) => ({ pod, mean: sum / count, min, ageSeconds: ageOf(pod) }))
    this.#pods = pods.length || this.#pods
    this.#open.clear()
    return pods
  }

  get totals(): Totals {
    const mean = this.#samples === 0 ? null : this.#sum / this.#samples
    return { samples: this.#samples, mean, pods: Math.max(this.#pods, this.#open.size) }
  }
}

/**
 * Sums one instrument's readings by pod and block.
 *
 * @param instruments the first one that the baseline reports is read, for the whole deployment
 */
export function trackGaugeBlocks(instruments: readonly string[], ages: PodAges): GaugeBlocks {
  let instrument: string | null = null
  const canary = new ArmReadings()
  const baseline = new ArmReadings()
  let end = 0
  return {
    observe(slice) {
      end = slice.to
      instrument ??= instruments.find((name) => slice.baseline.gauges?.[name] !== undefined) ?? null
      if (instrument === null) return
      for (const [pod, readings] of Object.entries(slice.canary.gauges?.[instrument] ?? {})) canary.add(pod, readings)
      for (const [pod, readings] of Object.entries(slice.baseline.gauges?.[instrument] ?? {})) {
        baseline.add(pod, readings)
      }
    },
    closeBlock() {
      const block = {
        canary: canary.close((pod) => ages.canaryAge(pod, end)),
        baseline: baseline.close(() => 0),
      }
      return block.canary.length === 0 || block.baseline.length === 0 ? null : block
    },
    totals: () => ({ canary: canary.totals, baseline: baseline.totals }),
  }
}
