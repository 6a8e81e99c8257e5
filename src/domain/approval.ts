import type { Verdict } from './verdict.ts'

/** A platform's question whether it may go on with a version, which one endpoint is to answer. */
export type Approval = {
  /** The same for the same question, however often it is asked. */
  readonly key: string
  /** The id of the endpoint that answers. */
  readonly endpoint: string
  readonly service: string
  /** Davy's name of the environment whose verdict is the answer. */
  readonly environment: string
  /** The names that the version in question may have in telemetry. */
  readonly versions: readonly string[]
  /** What the endpoint's format needs in order to answer, such as the number of a run; never a secret. */
  readonly details: Readonly<Record<string, string>>
  /** RFC 3339. */
  readonly askedAt: string
}

/** What is answered: a gate's promote or rollback, with the verdict that it rests on. */
export type ApprovalAnswer = {
  readonly approval: Approval
  readonly deploymentId: string
  readonly decision: 'promote' | 'rollback'
  readonly verdict: Verdict
}

/**
 * What a gate says of a deployment now. `over`: it ended without an answer, and none will come. `wait`: not decided, too
 * old to act on, only observed, or the kill switch is on.
 */
export type Standing = {
  readonly is: 'promote' | 'wait' | 'rollback' | 'over'
  readonly verdict: Verdict
}
