import { type ArmSlice, type Counts, emptyArm, type Histogram, type PodReadings } from '../../domain/evidence.ts'
import { sortedRecord } from '../../domain/sorted-record.ts'
import type { CallRow } from '../../storage/calls-rollup-reader.ts'

type MutableCounts = { requests: number; errors: number }

/** Calls of one arm while rows are being added: an arm whose requests are the calls, by edge. */
export class CallSum {
  readonly #total: MutableCounts = { requests: 0, errors: 0 }
  readonly #edges = new Map<string, MutableCounts>()
  readonly #pods = new Map<string, MutableCounts>()
  readonly #latency = new Map<number, number>()
  readonly #latencies = new Map<string, Map<number, number>>()

  add(edge: string, row: Pick<CallRow, 'pod' | 'failed' | 'calls' | 'latency'>): void {
    for (const counts of [this.#total, entry(this.#edges, edge), entry(this.#pods, row.pod)]) {
      counts.requests += row.calls
      if (row.failed) counts.errors += row.calls
    }
    const own = this.#latencies.get(edge) ?? new Map<number, number>()
    this.#latencies.set(edge, own)
    for (const [bucket, count] of Object.entries(row.latency)) {
      for (const sum of [this.#latency, own]) sum.set(Number(bucket), (sum.get(Number(bucket)) ?? 0) + count)
    }
  }

  slice(): ArmSlice {
    return {
      ...this.#total,
      operations: sortedRecord(this.#edges),
      pods: sortedRecord(this.#pods),
      latency: histogram(this.#latency),
      ...(this.#latencies.size < 2
        ? {}
        : { latencies: sortedRecord(new Map([...this.#latencies].map(([edge, sum]) => [edge, histogram(sum)]))) }),
    }
  }
}

/** Something per request of one arm, by pod, while rows are being added. */
export class PodRatio {
  readonly #parts = new Map<string, number>()
  readonly #requests = new Map<string, number>()

  addPart(pod: string, amount: number): void {
    this.#parts.set(pod, (this.#parts.get(pod) ?? 0) + amount)
  }

  addRequests(pod: string, requests: number): void {
    this.#requests.set(pod, (this.#requests.get(pod) ?? 0) + requests)
  }

  /** A pod without requests says nothing; a pod with requests and no call says 0. */
  slice(metric: string): ArmSlice {
    const readings = new Map<string, PodReadings>()
    const pods = new Map<string, Counts>()
    let requests = 0
    for (const [pod, count] of this.#requests) {
      const sum = Math.max(0, this.#parts.get(pod) ?? 0)
      readings.set(pod, { count, sum, min: sum / count, max: sum / count })
      pods.set(pod, { requests: count, errors: 0 })
      requests += count
    }
    return { ...emptyArm, requests, pods: sortedRecord(pods), gauges: { [metric]: sortedRecord(readings) } }
  }
}

function entry(map: Map<string, MutableCounts>, key: string): MutableCounts {
  const found = map.get(key) ?? { requests: 0, errors: 0 }
  map.set(key, found)
  return found
}

function histogram(sum: ReadonlyMap<number, number>): Histogram {
  return [...sum].sort(([a], [b]) => a - b)
}
