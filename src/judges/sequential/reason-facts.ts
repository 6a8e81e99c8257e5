import type { TrialContext } from '../../domain/judge.ts'
import type { Judgement } from '../../domain/verdict.ts'
import type { BlamedCallees } from '../explanation/track-callees.ts'
import type { Arrivals } from './arrivals.ts'
import type { Outage } from './baseline-health.ts'
import type { Ruling } from './decide.ts'
import type { Reading } from './metric-trial.ts'
import type { SamplingFault } from './sampling.ts'
import type { Silence } from './silence.ts'
import type { SplitFault } from './traffic-split.ts'

/** What a reason is told from. */
export type ReasonFacts = {
  readonly ruling: Ruling
  readonly context: TrialContext
  readonly arrivals: Arrivals
  readonly silence: Silence | null
  readonly sampling: SamplingFault | null
  readonly split: SplitFault | null
  readonly outage: Outage | null
  /** A critical metric whose source cannot be asked. */
  readonly down: Judgement | null
  readonly readings: readonly Reading[]
  /** What the service calls, where that holds the excess. */
  readonly callees: BlamedCallees
  /** Unix milliseconds since when `readings` count, when harm began later than the trial; null: from its start. */
  readonly begunAt: number | null
  readonly at: number
  readonly expectedDecisionAt: number | null
}

/** The names as sentences use them: service, canary, baseline. */
export type Names = { readonly s: string; readonly c: string; readonly b: string }
