/**
 * When to try again after a number of failures: the delays are taken in order, the last one repeats without end when
 * `repeatsLast`, else there is an end.
 */
export type BackoffSchedule = { readonly delaysMs: readonly number[]; readonly repeatsLast: boolean }

/**
 * Milliseconds to wait before attempt `attempt` (0 is the first), or null when the schedule has ended. The delay is
 * stretched by up to a fifth, so that many waiters do not return at one instant: never earlier than the schedule says.
 * @param jitter A number in [0, 1).
 */
export function backoffMs(schedule: BackoffSchedule, attempt: number, jitter: number): number | null {
  const last = schedule.delaysMs.length - 1
  if (attempt > last && !schedule.repeatsLast) return null
  const delay = schedule.delaysMs[Math.min(attempt, last)]
  return delay === undefined ? null : Math.round(delay * (1 + 0.2 * jitter))
}

/** A schedule that starts at `firstMs` and doubles up to `longestMs`, which it then repeats. */
export function doubling(firstMs: number, longestMs: number): BackoffSchedule {
  const delaysMs: number[] = []
  for (let delay = firstMs; delay < longestMs; delay *= 2) delaysMs.push(delay)
  return { delaysMs: [...delaysMs, longestMs], repeatsLast: true }
}

/**
 * Whether a pause is still on, in milliseconds by the time of day. One of which more is left than it can last is over: the
 * clock was set back since it began.
 */
export function isPauseOn(until: number, longestMs: number, now: number): boolean {
  return now < until && until - now <= longestMs
}
