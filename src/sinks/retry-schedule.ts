import { type BackoffSchedule, backoffMs } from '../platform/backoff.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute

/** Users are being harmed while a rollback is on its way, so its first minute has six attempts. */
const rollback: BackoffSchedule = {
  delaysMs: [
    0,
    second,
    5 * second,
    15 * second,
    30 * second,
    minute,
    2 * minute,
    5 * minute,
    10 * minute,
    30 * minute,
    hour,
    2 * hour,
    5 * hour,
    10 * hour,
  ],
  repeatsLast: false,
}

const ordinary: BackoffSchedule = {
  delaysMs: [0, 5 * second, minute, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour],
  repeatsLast: false,
}

/**
 * Milliseconds from a failed attempt to the next, or null when no further one is made. A longer Retry-After wins over
 * the schedule; a shorter one does not.
 * @param attempt The number of the attempt that is to come; 0 is the first.
 * @param jitter A number in [0, 1).
 */
export function retryDelayMs(
  isRollback: boolean,
  attempt: number,
  jitter: number,
  retryAfterSeconds?: number,
): number | null {
  const delay = backoffMs(isRollback ? rollback : ordinary, attempt, jitter)
  return delay === null ? null : Math.max(delay, (retryAfterSeconds ?? 0) * second)
}
