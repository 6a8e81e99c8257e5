import type { HistoryRow } from '../../storage/rollup-reader.ts'
import { tickMs } from '../timetable.ts'

const hourMs = 3_600_000

/** A history is at most so long: a day, so that every hour of it counts once. */
export const mostHistoryMs = 24 * hourMs

/** Shorter ones teach nothing. */
export const leastHistoryMs = 4 * hourMs

/** More pods than these are represented by every so manyth of them. */
const mostPods = 50

/** Pods times ticks that fit in the memory of the thread. */
const mostPodTicks = 150_000

/** The part of a unit's telemetry that is measured; Unix milliseconds, whole ticks, `to` exclusive. */
export type HistoryPlan = {
  readonly version: string
  readonly from: number
  readonly to: number
  /** Every so manyth pod is read. */
  readonly thin: number
  /** Pods that serve at once, of those that are read. */
  readonly pods: number
}

/**
 * The history of the version with most requests, or the reason why there is none.
 * @param rows the one with most requests first.
 * @param complete up to where telemetry is complete, Unix milliseconds.
 */
export function planHistory(rows: readonly HistoryRow[], complete: number): HistoryPlan | string {
  const [current] = rows
  if (current === undefined) {
    return 'expected requests that name their pod (k8s.pod.name or service.instance.id) in the last 24 h, got none'
  }
  const { version, firstSeen, lastSeen, podsAtOnce } = current
  const to = Math.min(Math.floor(complete / tickMs) * tickMs, lastSeen + tickMs)
  const thin = Math.max(1, Math.ceil(podsAtOnce / mostPods))
  const pods = podsAtOnce / thin
  const longestMs = Math.max(leastHistoryMs, Math.floor(mostPodTicks / Math.max(1, pods)) * tickMs)
  const from = Math.max(firstSeen, to - Math.min(mostHistoryMs, longestMs))
  if (to - from < leastHistoryMs) {
    const hours = (Math.max(0, to - from) / hourMs).toFixed(1)
    return `expected at least ${leastHistoryMs / hourMs} h of history of one version, got ${hours} h of ${version || 'requests without a version'}`
  }
  return { version, from, to, thin, pods }
}
