import type { CalibrationRun } from '../domain/calibration.ts'
import type { CheckState } from '../domain/check.ts'
import type { Deployment } from '../domain/deployment.ts'
import type { Slice } from '../domain/evidence.ts'
import type { Explanation } from '../domain/explanation.ts'
import type { Decision, Effect, ReasonCode, Verdict } from '../domain/verdict.ts'
import type { ReportLog } from './report-log.ts'

/** One look as it was stored: what it saw for the first time, and what followed. `at` is Unix milliseconds. */
export type ReportLook = {
  readonly look: number
  readonly at: number
  readonly slice: Slice
  readonly decision: Decision
  readonly code: ReasonCode
  readonly eValue: number
  readonly promoteEValue: number
  readonly metrics: readonly {
    readonly name: string
    readonly eValue: number
    readonly promoteEValue: number
    readonly effect: Effect
  }[]
}

/**
 * One attempt to tell one endpoint; `at` is RFC 3339, `attempt` counts from 1 for every message. `failed`: no other
 * follows. `note`: what a reader should know, such as what a dry run would have done.
 */
export type ReportDelivery = {
  readonly endpoint: string
  readonly messageId: string
  readonly at: string
  readonly outcome: string
  readonly status: number | null
  readonly attempt: number
  readonly note?: string | null
}

/** All that a deployment's page is drawn from. Looks come in their order; `now` and `nextLookAt` are Unix milliseconds. */
export type ReportInput = {
  readonly deployment: Deployment
  readonly verdict: Verdict
  readonly looks: readonly ReportLook[]
  readonly deliveries: readonly ReportDelivery[]
  /** By metric what its source was asked, of those that are asked for one metric; absent: none is. */
  readonly queries?: Readonly<Record<string, readonly string[]>>
  /** Warnings and errors of both cohorts, what differs first; absent: not read. */
  readonly logs?: readonly ReportLog[]
  /** The newest calibration from before the start; null: there was none. */
  readonly calibration: CalibrationRun | null
  /** What checks and alerts say of it now; absent: there are none. */
  readonly checks?: readonly CheckState[]
  /** What else was found about it; null or absent: nothing has been looked for. */
  readonly explanation?: Explanation | null
  readonly now: number
  /** null: no further look will come. */
  readonly nextLookAt: number | null
}

/** All that the fleet's page is drawn from; verdict null: no look yet. */
export type FleetInput = {
  readonly deployments: readonly { readonly deployment: Deployment; readonly verdict: Verdict | null }[]
  readonly now: number
}
