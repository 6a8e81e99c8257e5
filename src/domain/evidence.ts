/** Requests and, among them, failed ones. */
export type Counts = { readonly requests: number; readonly errors: number }

/**
 * Durations as counts per log bucket: bucket i holds the durations of [gamma^i, gamma^(i+1)) nanoseconds with
 * gamma = 2^(1/32) (OpenTelemetry's exponential scale 5, 2.2% wide). Sorted by bucket; zero durations are left out.
 */
export type Histogram = readonly (readonly [bucket: number, count: number])[]

export const histogramScale = 5

/** One arm's sufficient statistics over one slice. Requests are SERVER and CONSUMER spans by their end time. */
export type ArmSlice = Counts & {
  readonly operations: Readonly<Record<string, Counts>>
  readonly pods: Readonly<Record<string, Counts>>
  readonly latency: Histogram
}

/**
 * What one look closed: everything that its decision saw for the first time. Times are Unix milliseconds, `from`
 * inclusive, `to` exclusive. Looks are folded from their slices and never from a second query.
 */
export type Slice = {
  readonly from: number
  readonly to: number
  readonly baseline: ArmSlice
  readonly canary: ArmSlice
  /** The block that the slice belongs to ends with it. */
  readonly closesBlock: boolean
  /** How many steps the controller had announced at `to`; a new step asks the promote question again. */
  readonly step: number
  /** Share of the traffic that was announced for the canary at `to`, 0 to 1. Absent: none was announced. */
  readonly plannedWeight?: number
  /**
   * Requests of the slices of the hour before this one that arrived after their slice was taken, and how many had
   * arrived in time (`inTime`; absent: all of the arm's so far). Absent: not measured at this slice.
   */
  readonly late?: {
    readonly baseline: number
    readonly canary: number
    readonly inTime?: { readonly baseline: number; readonly canary: number }
  }
}

export const emptyArm: ArmSlice = { requests: 0, errors: 0, operations: {}, pods: {}, latency: [] }
