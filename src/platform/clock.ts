import { setTimeout as wait } from 'node:timers/promises'

/** Time as an argument, so that what depends on it can be tested without waiting. */
export type Clock = {
  /** Unix milliseconds. */
  now(): number
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts: it never rejects, the caller asks the signal. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    if (signal?.aborted) return
    try {
      await wait(Math.max(0, ms), undefined, signal === undefined ? {} : { signal })
    } catch (error) {
      if (!signal?.aborted) throw error
    }
  },
}

/** The clocks of processes that work together differ by less: what is dated further ahead is of before one was set back. */
export const mostAheadMs = 60_000
