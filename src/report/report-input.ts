import type { CalibrationRun } from '../domain/calibration.ts'
import type { Deployment } from '../domain/deployment.ts'
import type { Slice } from '../domain/evidence.ts'
import type { Decision, Effect, ReasonCode, Verdict } from '../domain/verdict.ts'

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

/** One attempt to tell one endpoint; `at` is RFC 3339, `attempt` counts from 1 for every message. */
export type ReportDelivery = {
  readonly endpoint: string
  readonly at: string
  readonly outcome: string
  readonly status: number | null
  readonly attempt: number
}

/** All that a deployment's page is drawn from. Looks come in their order; `now` and `nextLookAt` are Unix milliseconds. */
export type ReportInput = {
  readonly deployment: Deployment
  readonly verdict: Verdict
  readonly looks: readonly ReportLook[]
  readonly deliveries: readonly ReportDelivery[]
  /** The newest calibration from before the start; null: there was none. */
  readonly calibration: CalibrationRun | null
  readonly now: number
  /** null: no further look will come. */
  readonly nextLookAt: number | null
}

/** All that the fleet's page is drawn from; verdict null: no look yet. */
export type FleetInput = {
  readonly deployments: readonly { readonly deployment: Deployment; readonly verdict: Verdict | null }[]
  readonly now: number
}
