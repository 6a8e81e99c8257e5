import { type ArmSlice, type Counts, emptyArm, type PodReadings } from '../../domain/evidence.ts'
import type { HistoryTick } from '../../judges/sequential/placebo-slices.ts'
import type { PodTickRow } from '../../storage/rollup-reader.ts'
import { tickMs } from '../timetable.ts'
import type { HistoryRows } from './history-rows.ts'

type Pair = readonly [bucket: number, count: number]

/** Counts from here on have pairs of their own. */
const sharedCounts = 4096

/** The ticks of one version's history, from rows in any order. */
export class HistoryTicks {
  readonly #pods = new Map<number, Map<string, ArmSlice>>()
  /** Most counts of a bucket are small, so that a day of many pods fits in memory if equal pairs are one. */
  readonly #pairs = new Map<number, Pair>()

  add({ requests, gauges, events }: HistoryRows): void {
    for (const row of requests) {
      const pods = this.#pods.get(row.at) ?? new Map<string, ArmSlice>()
      pods.set(row.pod, this.#arm(row))
      this.#pods.set(row.at, pods)
    }
    for (const { at, pod, metric, value } of gauges) this.#addPoint(at, pod, 'gauges', metric, value)
    for (const { at, pod, metric, value } of events) this.#addPoint(at, pod, 'events', metric, value)
  }

  /** A pod may say something in a tick in which it serves nobody. */
  #addPoint(at: number, pod: string, key: 'gauges' | 'events', metric: string, value: PodReadings | number): void {
    const pods = this.#pods.get(at) ?? new Map<string, ArmSlice>()
    const arm = pods.get(pod) ?? emptyArm
    pods.set(pod, { ...arm, [key]: { ...arm[key], [metric]: { [pod]: value } } })
    this.#pods.set(at, pods)
  }

  /** Every tick of the window (Unix milliseconds, whole ticks), also those in which nobody served. */
  list(from: number, to: number): HistoryTick[] {
    const ticks: HistoryTick[] = []
    for (let at = from; at < to; at += tickMs) {
      ticks.push({ from: at, to: at + tickMs, pods: this.#pods.get(at) ?? new Map() })
    }
    return ticks
  }

  #arm({ requests, errors, latency }: PodTickRow): ArmSlice {
    const total = { requests: 0, errors: 0 }
    const operations = new Map<string, Counts>()
    for (const [operation, count] of Object.entries(requests)) {
      // An operation may be called what every object has: constructor.
      const failed = Object.hasOwn(errors, operation) ? errors[operation]! : 0
      operations.set(operation, { requests: count, errors: failed })
      total.requests += count
      total.errors += failed
    }
    const histogram = Object.entries(latency).map(([bucket, count]) => this.#pair(Number(bucket), count))
    return {
      ...total,
      operations: Object.fromEntries(operations),
      pods: {},
      latency: histogram.sort(([a], [b]) => a - b),
    }
  }

  #pair(bucket: number, count: number): Pair {
    if (count >= sharedCounts) return [bucket, count]
    const key = bucket * sharedCounts + count
    const known = this.#pairs.get(key)
    if (known !== undefined) return known
    const pair: Pair = [bucket, count]
    this.#pairs.set(key, pair)
    return pair
  }
}
