const second = 1000
const hour = 3600 * second

/** Nothing is tried again once its first attempt is so long ago. */
export const retriedForMs = 24 * hour

/** The ceiling of a wait doubles with each attempt, from the first to the longest. */
type Ceilings = { readonly firstMs: number; readonly longestMs: number }

/** Users are being harmed while a rollback is on its way: about seven attempts fall into its first minute. */
const rollback: Ceilings = { firstMs: second, longestMs: hour }

const ordinary: Ceilings = { firstMs: 5 * second, longestMs: 4 * hour }

export type Failure = {
  readonly isRollback: boolean
  /** How many attempts have been made, at least 1. */
  readonly attempts: number
  /** From the first attempt to this one. */
  readonly sinceFirstMs: number
  readonly retryAfterSeconds?: number
}

/**
 * Milliseconds from a failed attempt to the next, or null when it was the last. Exponential backoff with full jitter:
 * uniform in [0, ceiling), which spreads those who failed together better than any narrower choice (M. Brooker,
 * "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). A longer Retry-After wins. A wait past the end is
 * shortened to it, so that there always is an attempt when 24 h are over.
 * @param jitter A number in [0, 1).
 */
export function retryDelayMs({ isRollback, attempts, sinceFirstMs, retryAfterSeconds = 0 }: Failure, jitter: number) {
  const leftMs = retriedForMs - sinceFirstMs
  if (leftMs <= 0) return null
  const { firstMs, longestMs } = isRollback ? rollback : ordinary
  const ceilingMs = Math.min(longestMs, firstMs * 2 ** (attempts - 1))
  return Math.max(Math.min(Math.round(jitter * ceilingMs), leftMs), retryAfterSeconds * second)
}
