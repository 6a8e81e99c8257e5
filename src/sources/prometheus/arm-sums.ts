import { type ArmSlice, type ByPod, type Counts, emptyArm } from '../../domain/evidence.ts'
import type { PlacedCounts } from '../../stats/bucket-placement.ts'
import { plusPlaced } from './bucket-increases.ts'

/** Requests of one arm in one window while they are being added. */
export class RequestCounts {
  readonly #pods = new Map<string, Counts>()
  readonly #operations = new Map<string, Counts>()

  add(pod: string, operation: string | null, counts: Counts): void {
    this.#pods.set(pod, plusCounts(this.#pods.get(pod), counts))
    if (operation !== null) this.#operations.set(operation, plusCounts(this.#operations.get(operation), counts))
  }

  slice(): ArmSlice {
    const pods = atLeastErrors(this.#pods)
    const operations = atLeastErrors(this.#operations)
    const whole = [...pods.values()].reduce(plusCounts, { requests: 0, errors: 0 })
    return { ...emptyArm, ...whole, pods: recordOf(pods), operations: recordOf(operations) }
  }
}

/** A scrape may come between what counts errors and what counts all; a failed request is a request all the same. */
function atLeastErrors(counts: ReadonlyMap<string, Counts>): ReadonlyMap<string, Counts> {
  const seen = [...counts].filter(([, { requests, errors }]) => requests > 0 || errors > 0)
  return new Map(seen.map(([key, { requests, errors }]) => [key, { requests: Math.max(requests, errors), errors }]))
}

function plusCounts(a: Counts | undefined, b: Counts): Counts {
  return { requests: (a?.requests ?? 0) + b.requests, errors: (a?.errors ?? 0) + b.errors }
}

/** Durations of one arm in one window while they are being added. */
export class DurationSum {
  readonly #pods = new Map<string, Counts>()
  readonly #operations = new Map<string, PlacedCounts>()
  #whole: PlacedCounts = { upper: [], lower: [] }

  add(pod: string, operation: string | null, count: number, placed: PlacedCounts): void {
    if (count <= 0) return
    this.#pods.set(pod, plusCounts(this.#pods.get(pod), { requests: count, errors: 0 }))
    this.#whole = plusPlaced(this.#whole, placed)
    if (operation === null) return
    this.#operations.set(operation, plusPlaced(this.#operations.get(operation) ?? { upper: [], lower: [] }, placed))
  }

  slice(): ArmSlice {
    const whole = [...this.#pods.values()].reduce(plusCounts, { requests: 0, errors: 0 })
    const by = (edge: keyof PlacedCounts) =>
      this.#operations.size < 2
        ? {}
        : { latencies: recordOf(new Map([...this.#operations].map(([key, placed]) => [key, placed[edge]]))) }
    return {
      ...emptyArm,
      ...whole,
      pods: recordOf(this.#pods),
      ...{ latency: this.#whole.upper, ...by('upper') },
      atLeast: { latency: this.#whole.lower, ...by('lower') },
    }
  }
}

/** Sorted, so that the same answer in any order gives the same bytes. */
export function recordOf<Value>(map: ReadonlyMap<string, Value>): ByPod<Value> {
  return Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}
