import type { FailedCheck } from './check.ts'

/** Requests and, among them, failed ones. */
export type Counts = { readonly requests: number; readonly errors: number }

export function plusCounts(a: Counts, b: Counts): Counts {
  return { requests: a.requests + b.requests, errors: a.errors + b.errors }
}

/** All of them together; zero requests of none. */
export function sumCounts(all: Iterable<Counts>): Counts {
  let sum: Counts = { requests: 0, errors: 0 }
  for (const counts of all) sum = plusCounts(sum, counts)
  return sum
}

/**
 * Durations as counts per log bucket: bucket i holds the durations of [gamma^i, gamma^(i+1)) nanoseconds with
 * gamma = 2^(1/32) (OpenTelemetry's exponential scale 5, 2.2% wide). Sorted by bucket; zero durations are left out.
 */
export type Histogram = readonly (readonly [bucket: number, count: number])[]

export const histogramScale = 5

/** What one pod said of one gauge over one slice: how often, the sum, and the extremes, in the instrument's unit. */
export type PodReadings = {
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
}

/** The readings of a pod at two times, or of two of its series. */
export function plusReadings(a: PodReadings, b: PodReadings): PodReadings {
  return { count: a.count + b.count, sum: a.sum + b.sum, min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) }
}

/** By pod. A sender that names no pod is the pod ''. */
export type ByPod<Value> = Readonly<Record<string, Value>>

/** What all pods have together; 0 of none. */
export function sumByPod(byPod: ByPod<number>): number {
  return Object.values(byPod).reduce((sum, of) => sum + of, 0)
}

/** What logged errors and warnings are counted by: a template of messages, or the fingerprint of an exception. */
export type Signature = {
  /** For people, at most 200 characters. */
  readonly text: string
  /** The highest severity it was logged with, as the lowest number of its range: 13, 17, 21 for warn, error, fatal. */
  readonly severity: number
  /** Logged before the deployment started, by anybody but the canary. */
  readonly isKnown: boolean
  /** Requests that logged it; a line that names no trace counts as one. */
  readonly pods: ByPod<number>
}

/**
 * An edge that the baseline called in the hour before the start, in one arm and slice. Which operations called it how
 * often was learned then: a request counts in `expected` by the share of its operation's requests that called the edge.
 */
export type KnownEdge = {
  readonly expected: number
  /** Ten seconds of pods with a request of such an operation. */
  readonly served: number
  /** In how many of these each pod called it; a pod that did not is left out. */
  readonly pods: ByPod<number>
}

/** Whom one arm called in one slice, as far as a metric of kind `edges` asks. Both arms have the same `known`. */
export type EdgeSightings = {
  /** Ten seconds of pods with a request of any operation. */
  readonly served: number
  /** Calls of any edge. */
  readonly calls: number
  /** Edges that nobody but the canary had called before the start: in how many ten seconds with a request each pod did. */
  readonly fresh: Readonly<Record<string, ByPod<number>>>
  readonly known: Readonly<Record<string, KnownEdge>>
}

/** Calls of one edge, those that failed, and how long all of them took together. */
export type CalleeTime = { readonly calls: number; readonly failed: number; readonly seconds: number }

/** So many edges are kept one by one, those that take most time; the others are one. */
export const mostCallees = 12

/**
 * One arm's sufficient statistics over one slice. Requests are SERVER and CONSUMER spans by their end time, or what an
 * instrument counted by the time of its points.
 */
export type ArmSlice = Counts & {
  /** By stratum: the operation, and the region where the sender names one ({@link stratumKey}). */
  readonly operations: Readonly<Record<string, Counts>>
  readonly pods: ByPod<Counts>
  readonly latency: Histogram
  /** Durations by stratum, of at most {@link mostLatencyStrata}; absent: only the whole is known. */
  readonly latencies?: Readonly<Record<string, Histogram>>
  /**
   * The same durations as low as they may be: of a sender that told only edges which they lie between, `latency` and
   * `latencies` have them at the upper edge, and this at the lower one. Absent: they are known to the bucket.
   */
  readonly atLeast?: { readonly latency: Histogram; readonly latencies?: Readonly<Record<string, Histogram>> }
  /**
   * Requests that the counted ones stand for, by the sampling threshold that the senders wrote; absent: as many as
   * `requests`.
   */
  readonly adjusted?: number
  /** The same of the failed ones; absent with `adjusted`: not recorded, and without it: as many as `errors`. */
  readonly adjustedErrors?: number
  /** Calls that the service made, by edge, of at most {@link mostCallees} and the rest; absent: none, or nobody asked. */
  readonly callees?: Readonly<Record<string, CalleeTime>>
  /** Readings of the gauges that the template asks for, by instrument. */
  readonly gauges?: Readonly<Record<string, ByPod<PodReadings>>>
  /** How much the counters grew that the template asks for, by instrument; a pod that reported no growth has a 0. */
  readonly events?: Readonly<Record<string, ByPod<number>>>
  /** What was logged, by signature. Both arms of a slice name one signature alike. Absent: nobody asked. */
  readonly signatures?: Readonly<Record<string, Signature>>
  /** Whom it called, of edges that are new or may have vanished. Absent: nobody asked. */
  readonly edges?: EdgeSightings
}

/**
 * How many requests an arm's counted ones stand for. For volumes and what is shown; evidence is counted in spans, since
 * one that stands for a hundred is no hundred independent ones.
 */
export function standsFor({ requests, adjusted }: Pick<ArmSlice, 'requests' | 'adjusted'>): number {
  return adjusted ?? requests
}

/** Between an operation and its region in a stratum's key; no attribute has this control character. */
const keySeparator = '\u001f'

/** The key of a stratum. @param region '' when the sender names none. */
export function stratumKey(operation: string, region: string): string {
  return region === '' ? operation : `${operation}${keySeparator}${region}`
}

/** What a stratum's key is made of; region '' when it has none. */
export function stratumOf(key: string): { readonly operation: string; readonly region: string } {
  const [operation = '', region = ''] = key.split(keySeparator)
  return { operation, region }
}

/** The durations of so many strata are kept one by one, those with most requests; the rest is in the whole only. */
export const mostLatencyStrata = 20

/**
 * What a source of its own told of one metric. `from` to the slice's `to` (Unix milliseconds): earlier than the slice's
 * when the source could not be asked before, so that nothing is left out.
 */
export type OwnEvidence =
  | { readonly from: number; readonly baseline: ArmSlice; readonly canary: ArmSlice }
  /** The source could not be asked: why, in one sentence without secrets. */
  | { readonly fault: string }

/** Answers of both arms to the same requests (shadow traffic): how many, and those in which one arm failed alone. */
export type Pairs = { readonly pairs: number; readonly canaryWorse: number; readonly baselineWorse: number }

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
  /** Absent: none was looked for, since the strategy is no shadow. */
  readonly pairs?: Pairs
  /** By metric: evidence of sources that are asked for one metric. Absent or without a metric: nothing was due. */
  readonly own?: Readonly<Record<string, OwnEvidence>>
  /** Checks that have failed and alerts that fired when the look was taken; absent: none. */
  readonly checks?: readonly FailedCheck[]
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
