import type { Unit } from './cohort.ts'
import type { MetricNulls } from './null-parameters.ts'

/** Placebo canaries, pods of one version against its others, and how often they would have been rolled back. */
export type PlaceboRate = {
  /**
   * Placebos that were judged: less than planned where the history has not the pods, 0 when it never has them or is
   * shorter than a run.
   */
  readonly runs: number
  /** Those in which harm was shown, which is always false. */
  readonly rollbacks: number
  /** rollbacks / runs with its 95% interval; rate null without runs. */
  readonly rate: number | null
  readonly low: number
  readonly high: number
  /** Those that were promoted before the deadline and not rolled back later. */
  readonly promotes: number
  readonly medianSecondsToPromote: number | null
  /** The rollbacks by the metric that most of the evidence came from. */
  readonly rollbacksBy: Readonly<Record<string, number>>
}

/** What placebos of a service's own history said. Times are RFC 3339, `to` exclusive. */
export type CalibrationMeasure = {
  readonly from: string
  readonly to: string
  /** The version that the history is of: the one with most requests in it. */
  readonly version: string
  /** Pods of a placebo, and how long each was judged. */
  readonly canaryPods: number
  readonly seconds: number
  readonly seed: number
  /** The null of the metrics that have one of their own; the others stay with the cold start. */
  readonly nulls: MetricNulls
  /** Why a metric could not be learned. */
  readonly reasons: Readonly<Record<string, string>>
  /** What was learned from; null when nothing was. */
  readonly basis: { readonly blocks: number; readonly pods: number } | null
  /** With what was learned, and with `nulls`, which are raised until at most alpha of the placebos is rolled back. */
  readonly before: PlaceboRate
  readonly after: PlaceboRate
  readonly raises: number
  /** false: not even raising sufficed. Then no deployment is judged with `nulls`. */
  readonly isWithinAlpha: boolean
}

/** One calibration of a unit under a template: a measure, or the reason why there is none. Never changed. */
export type CalibrationRun = Unit & {
  readonly id: string
  readonly template: { readonly name: string; readonly digest: string }
  /** What the template promises. */
  readonly alpha: number
  /** RFC 3339. */
  readonly computedAt: string
  readonly engine: string
} & (
    | { readonly measure: CalibrationMeasure; readonly reason: null }
    | { readonly measure: null; readonly reason: string }
  )

/** The nulls that trials may use after this run; null: they start cold. */
export function usableNulls(run: CalibrationRun | null): MetricNulls | null {
  const measure = run?.measure ?? null
  if (measure === null || !measure.isWithinAlpha || Object.keys(measure.nulls).length === 0) return null
  return measure.nulls
}
