import { backoffMs, doubling, isPauseOn } from '../platform/backoff.ts'

const longestMs = 60_000

const schedule = doubling(1000, longestMs)

/** Who failed lately, how often in a row, and when to try again: after a second first, then less often, up to a minute. */
export class Failures {
  readonly #failures = new Map<string, { readonly count: number; readonly retryAt: number }>()

  /** @returns when to try again, Unix milliseconds. */
  note(id: string, now: number): number {
    const count = this.#failures.get(id)?.count ?? 0
    const retryAt = now + (backoffMs(schedule, count, 0) ?? 0)
    this.#failures.set(id, { count: count + 1, retryAt })
    return retryAt
  }

  isPaused(id: string, now: number): boolean {
    return isPauseOn(this.#failures.get(id)?.retryAt ?? 0, longestMs, now)
  }

  /** Whether it failed, and has not succeeded since. */
  has(id: string): boolean {
    return this.#failures.has(id)
  }

  forget(id: string): void {
    this.#failures.delete(id)
  }
}
