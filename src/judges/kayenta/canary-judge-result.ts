import type { ShiftInterval } from '../../stats/mann-whitney.ts'
import type { SummaryStatistics } from '../../stats/summary-statistics.ts'

/** Kayenta's labels of a metric. */
export type MetricLabel = 'Pass' | 'High' | 'Low' | 'Nodata' | 'NodataFailMetric' | 'Error'

/** Kayenta's labels of a score. */
export type ScoreLabel = 'Pass' | 'Marginal' | 'Fail'

/** One metric set pair, judged. Figures may be NaN or infinite; JSON has them as strings. */
export type CanaryAnalysisResult = {
  readonly name: string
  readonly id: string
  readonly tags: Readonly<Record<string, string>>
  readonly groups: readonly string[]
  readonly classification: MetricLabel
  readonly classificationReason?: string
  /** The metric is configured as critical and has failed in a way that ends the canary. */
  readonly critical: boolean
  readonly muted: boolean
  readonly controlMetadata: { readonly stats: SummaryStatistics }
  readonly experimentMetadata: { readonly stats: SummaryStatistics }
  /** Absent for `Error`. */
  readonly resultMetadata?: { readonly ratio: number }
  /** Ours: what the label rests on; absent where nothing was tested. */
  readonly test?: ShiftInterval & { readonly effectSize: number }
}

export type GroupScore = {
  readonly name: string
  readonly score: number
  readonly classification: ''
  readonly classificationReason: ''
}

export type SummaryScore = {
  readonly score: number
  readonly classification: ScoreLabel
  readonly classificationReason: string
}

export const warningCodes = [
  'ERROR_NOT_COUNTED',
  'EMPTY_PASSES',
  'RANDOM_NOISE',
  'NOT_FINITE',
  'BELOW_RESOLUTION',
  'INTERVAL_CROSSED',
  'EFFECT_UNDEFINED',
  'NO_GROUP',
  'GROUP_WITHOUT_VOTE',
  'GROUP_MISSING',
  'WEIGHTS_NOT_100',
] as const

/** Where the compatible answer fails open, is random, or is otherwise not what it looks like. */
export type JudgementWarning = {
  readonly code: (typeof warningCodes)[number] | 'UNDECIDED'
  /** The metric or group it is about; absent: the whole judgement. */
  readonly subject?: string
  readonly message: string
}

/** Kayenta's judge result, and beside it `warnings` (and `test` in the results) of our own. */
export type CanaryJudgeResult = {
  readonly judgeName: string
  readonly results: readonly CanaryAnalysisResult[]
  readonly groupScores: readonly GroupScore[]
  readonly score: SummaryScore
  readonly warnings: readonly JudgementWarning[]
}
