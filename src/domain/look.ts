import type { CalibrationRun } from './calibration.ts'
import type { Slice } from './evidence.ts'
import type { Beginnings } from './judge.ts'
import type { Verdict } from './verdict.ts'

/**
 * What a look knew: its slice (null: nothing new), or, for the row that opens a deployment (look 0), what it starts from;
 * a resume takes that and asks nobody.
 */
export type LookEvidence = Partial<Beginnings> & {
  readonly slice: Slice | null
  /** The newest calibration from before the start, used or not. */
  readonly calibration?: CalibrationRun
}

/** One evaluation of a deployment, as it is on record. */
export type Look = {
  readonly deploymentId: string
  readonly look: number
  /** Unix milliseconds: when it was decided, and up to where it saw. */
  readonly at: number
  readonly watermark: number
  readonly evidence: LookEvidence
  readonly verdict: Verdict
}
