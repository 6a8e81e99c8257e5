import type { Arm } from '../domain/cohort.ts'
import { type Histogram, standsFor } from '../domain/evidence.ts'
import type { ReportInput, ReportLook } from './report-input.ts'

/** One arm over all looks. `lastSeen`: the end of the last slice with a request, Unix milliseconds, null: never. */
type ArmTotals = {
  readonly requests: number
  readonly errors: number
  readonly pods: number
  /** Requests that the counted ones stand for. */
  readonly adjusted: number
  /** The same of the failed ones; null: not recorded. */
  readonly adjustedErrors: number | null
  readonly latency: Histogram
  readonly lastSeen: number | null
  /** Requests that arrived after their slice was taken; null: not measured. */
  readonly late: number | null
}

export type Totals = Readonly<Record<Arm, ArmTotals>>

function armTotals(looks: readonly ReportLook[], arm: Arm): ArmTotals {
  let requests = 0
  let errors = 0
  let adjusted = 0
  let adjustedErrors: number | null = 0
  let lastSeen: number | null = null
  let late: number | null = null
  const pods = new Set<string>()
  const buckets = new Map<number, number>()
  for (const { slice } of looks) {
    const part = slice[arm]
    requests += part.requests
    errors += part.errors
    adjusted += standsFor(part)
    const failed = part.adjustedErrors ?? (part.adjusted === undefined ? part.errors : null)
    adjustedErrors = adjustedErrors === null || failed === null ? null : adjustedErrors + failed
    if (part.requests > 0) lastSeen = slice.to
    if (slice.late !== undefined) late = slice.late[arm]
    for (const pod of Object.keys(part.pods)) pods.add(pod)
    for (const [bucket, count] of part.latency) buckets.set(bucket, (buckets.get(bucket) ?? 0) + count)
  }
  const latency = [...buckets].sort(([a], [b]) => a - b)
  return { requests, errors, adjusted, adjustedErrors, pods: pods.size, latency, lastSeen, late }
}

/** Both arms over all looks of a page. */
export function totalsOf(input: ReportInput): Totals {
  return { baseline: armTotals(input.looks, 'baseline'), canary: armTotals(input.looks, 'canary') }
}
