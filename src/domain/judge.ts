import type { Strategy } from './deployment.ts'
import type { Counts, Histogram, Slice } from './evidence.ts'
import type { GaugeHistories } from './gauge-history.ts'
import type { MetricNulls } from './null-parameters.ts'
import type { Template } from './template.ts'
import type { Conclusion } from './verdict.ts'

/** What a trial is opened with that the time before its start said. Never changed while it runs. */
export type Beginnings = {
  /** The baseline's latency in the hour before the start; [] when there is none. */
  readonly reference: Histogram
  /** The baseline's requests in that hour; absent: not known. */
  readonly referenceCounts?: Counts
  /** The instrument that requests are counted by, from before the start to the end; absent: they are spans. */
  readonly requestsFrom?: string
  /** What that hour taught about gauges, by metric; absent or without a metric: it is not judged. */
  readonly gaugeHistories?: GaugeHistories
  /** By metric with a source of its own: the baseline's durations in that hour. Its gauges are in `gaugeHistories`. */
  readonly own?: Readonly<Record<string, { readonly reference: Histogram }>>
  /**
   * What the service's own history taught about harmless differences, per metric; a metric that is not named, or all
   * when absent, is judged with the cold start. Learned from data before `startedAt` only and the same for the whole
   * trial: a null that has seen what it judges bounds no error rate. Names of no metric of the template are ignored.
   */
  readonly nulls?: MetricNulls
}

/** All that a trial knows besides its slices. */
export type TrialContext = Beginnings & {
  readonly service: string
  /** The cohorts' names for people. */
  readonly baselineLabel: string
  readonly canaryLabel: string
  /** false: no baseline was found, so nothing can be compared. */
  readonly hasBaseline: boolean
  /** Unix milliseconds. */
  readonly startedAt: number
  readonly attempt: number
  readonly template: Template
  /** Absent: canary. Arms of an experiment are drawn at random, so their split is checked. */
  readonly strategy?: Strategy
}

/**
 * One deployment being judged. Slices are observed in order, each once; `conclude` may be asked after any of them and
 * any number of times. The same slices give the same conclusions, whenever and wherever they are folded. `conclude`
 * latches: a rollback stays, a promote stays for its step unless a rollback revokes it. So ask after every slice.
 */
export interface Trial {
  observe(slice: Slice): void
  /** @param at Unix milliseconds of the look. */
  conclude(at: number): Conclusion
}

/** A judge opens trials. No Promise can fit in here, so a judge cannot do IO. */
export type Judge = (context: TrialContext) => Trial
