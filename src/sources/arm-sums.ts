import { DavyError } from '../domain/errors.ts'
import { type ArmSlice, type Counts, emptyArm, plusCounts, sumCounts } from '../domain/evidence.ts'
import { sortedRecord } from '../domain/sorted-record.ts'
import type { PlacedCounts } from '../stats/bucket-placement.ts'
import { plusPlaced } from './bucket-increases.ts'

const noCounts: Counts = { requests: 0, errors: 0 }

/** Requests of one arm in one window while they are being added. */
export class RequestCounts {
  readonly #pods = new Map<string, Counts>()
  readonly #operations = new Map<string, Counts>()
  readonly #isExact: boolean

  /** @param isExact whether more errors than requests are a fault, and no scrape in between */
  constructor(isExact = false) {
    this.#isExact = isExact
  }

  add(pod: string, operation: string | null, counts: Counts): void {
    this.#pods.set(pod, plusCounts(this.#pods.get(pod) ?? noCounts, counts))
    if (operation !== null)
      this.#operations.set(operation, plusCounts(this.#operations.get(operation) ?? noCounts, counts))
  }

  /** @throws DavyError SOURCE_DOWN for more errors than requests where they are exact */
  slice(): ArmSlice {
    if (this.#isExact) for (const [pod, counts] of this.#pods) refuseMoreErrors(pod, counts)
    const pods = atLeastErrors(this.#pods)
    const operations = atLeastErrors(this.#operations)
    const whole = sumCounts(pods.values())
    return { ...emptyArm, ...whole, pods: sortedRecord(pods), operations: sortedRecord(operations) }
  }
}

function refuseMoreErrors(pod: string, { requests, errors }: Counts): void {
  if (errors <= requests) return
  const [expected, got] = ['at most as many errors as total', `${errors} of ${requests}`]
  const of = pod === '' ? '' : ` of ${pod}`
  throw new DavyError('SOURCE_DOWN', `The answer cannot be used: expected ${expected}, got ${got}${of}.`, {
    ...{ expected, got },
  })
}

/** A scrape may come between what counts errors and what counts all; a failed request is a request all the same. */
function atLeastErrors(counts: ReadonlyMap<string, Counts>): ReadonlyMap<string, Counts> {
  const seen = [...counts].filter(([, { requests, errors }]) => requests > 0 || errors > 0)
  return new Map(seen.map(([key, { requests, errors }]) => [key, { requests: Math.max(requests, errors), errors }]))
}

/** Durations of one arm in one window while they are being added. */
export class DurationSum {
  readonly #pods = new Map<string, Counts>()
  readonly #operations = new Map<string, PlacedCounts>()
  #whole: PlacedCounts = { upper: [], lower: [] }

  add(pod: string, operation: string | null, count: number, placed: PlacedCounts): void {
    if (count <= 0) return
    this.count(pod, count)
    this.place(operation, placed)
  }

  /** Requests of a pod whose durations are told apart from it. */
  count(pod: string, requests: number): void {
    this.#pods.set(pod, plusCounts(this.#pods.get(pod) ?? noCounts, { requests, errors: 0 }))
  }

  /** Durations whose pods are told apart from them. */
  place(operation: string | null, placed: PlacedCounts): void {
    this.#whole = plusPlaced(this.#whole, placed)
    if (operation === null) return
    this.#operations.set(operation, plusPlaced(this.#operations.get(operation) ?? { upper: [], lower: [] }, placed))
  }

  slice(): ArmSlice {
    const whole = sumCounts(this.#pods.values())
    const by = (edge: keyof PlacedCounts) =>
      this.#operations.size < 2
        ? {}
        : { latencies: sortedRecord(new Map([...this.#operations].map(([key, placed]) => [key, placed[edge]]))) }
    return {
      ...emptyArm,
      ...whole,
      pods: sortedRecord(this.#pods),
      ...{ latency: this.#whole.upper, ...by('upper') },
      atLeast: { latency: this.#whole.lower, ...by('lower') },
    }
  }
}
