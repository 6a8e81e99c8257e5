import type { Dimensions } from '../domain/cohort.ts'

/** Requests of one tick, cohort dimension set, region, operation and outcome. `latency` maps bucket to count. */
export type RollupRow = Dimensions & {
  /** Start of the 10 s, Unix milliseconds. */
  readonly at: number
  readonly region: string
  readonly operation: string
  readonly failed: boolean
  readonly requests: number
  /**
   * How many requests these stand for, by the sampling thresholds in their tracestate; one each where there is none.
   * `adjusted / requests` is how strongly they were sampled.
   */
  readonly adjusted: number
  /** How many of them told a threshold; a threshold of 0 tells that nothing was left out. */
  readonly withThreshold: number
  readonly latency: Readonly<Record<string, number>>
  /** The same as low as they may be, where `latency` is as high as they may be; absent: they are known to the bucket. */
  readonly atLeast?: Readonly<Record<string, number>>
}

/** Requests by dimensions. */
export type TotalRow = Dimensions & { readonly requests: number; readonly errors: number }
