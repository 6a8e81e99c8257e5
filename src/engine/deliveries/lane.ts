import type { AttemptResult } from '../../domain/sink.ts'
import { type BackoffSchedule, backoffMs, doubling, isPauseOn } from '../../platform/backoff.ts'
import { byUrgency, type Waiting } from './select.ts'

/** Attempts to one endpoint that are under way at once. Endpoints do not wait for each other. */
const parallel = 4

/** After so many failures in a row an endpoint counts as down: all that waits for it would fail the same way. */
const failuresUntilRest = 5

const rests: BackoffSchedule = doubling(1000, 60_000)

/** So many of the most urgent are taken into a lane at once; what is beyond waits for the next round. */
const taken = 256

/**
 * What is due at one endpoint, and how it does. An endpoint that is down gets one attempt at a time and rests in
 * between, so that thousands of messages that wait for it are not each a burden on the storage. Rollbacks do not rest.
 */
export class Lane {
  #queue: Waiting[] = []
  #hasMore = false
  #failures = 0
  /** The rest that it takes, or took last. */
  #rest = { from: 0, until: 0 }
  workers = 0

  get isDown(): boolean {
    return this.#failures >= failuresUntilRest
  }

  /** Whether there is nothing to remember. */
  get isIdle(): boolean {
    return this.workers === 0 && this.#queue.length === 0 && this.#failures === 0
  }

  /** Whether all that could be taken in is done, and there was more. */
  get isDrained(): boolean {
    return this.#queue.length === 0 && this.#hasMore && !this.isDown
  }

  /** Whether nothing but a rollback may be attempted now. */
  isResting(now: number): boolean {
    return this.#isPaused(now) || (this.isDown && this.workers > 0)
  }

  replace(due: Waiting[]): void {
    due.sort(byUrgency)
    this.#hasMore = due.length > taken
    this.#queue = due.slice(0, taken)
  }

  /** What follows an attempt: in its place among what is as urgent, which is the end of it. */
  add(item: Waiting): void {
    const before = this.#queue.findLastIndex((each) => byUrgency(each, item) <= 0)
    this.#queue.splice(before + 1, 0, item)
  }

  /** Whether another attempt may begin now. */
  hasRoom(now: number): boolean {
    const [first] = this.#queue
    if (first === undefined || this.workers >= parallel) return false
    return first.outgoing.decision === 'rollback' || !this.isResting(now)
  }

  /** The most urgent of what may be attempted now, for a worker that has no other. */
  next(now: number): Waiting | undefined {
    const [first] = this.#queue
    const isRollback = first?.outgoing.decision === 'rollback'
    const mayAttempt = isRollback || (!this.#isPaused(now) && (!this.isDown || this.workers <= 1))
    return mayAttempt ? this.#queue.shift() : undefined
  }

  /** Learns from an attempt. A receiver that names a time is left alone until then. */
  note(result: AttemptResult, now: number): void {
    if (result.outcome !== 'retry') {
      this.#failures = 0
      this.#rest = { from: 0, until: 0 }
      return
    }
    const asked = (result.retryAfterSeconds ?? 0) * 1000
    // A client error is about this message or its settings; nothing, 5xx and 429 are about the endpoint.
    if (result.status === null || result.status >= 500 || result.status === 429) this.#failures += 1
    const own = this.isDown ? (backoffMs(rests, this.#failures - failuresUntilRest, 0) ?? 0) : 0
    const until = now + Math.max(asked, own)
    if (!this.#isPaused(now) || until > this.#rest.until) this.#rest = { from: now, until }
  }

  #isPaused(now: number): boolean {
    const { from, until } = this.#rest
    return isPauseOn(until, until - from, now)
  }
}
