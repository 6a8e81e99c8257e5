import type { Counts } from './evidence.ts'

/** Requests and, among them, those that the explanation is about: failed ones, or slow ones. */
export type BothArms = { readonly baseline: Counts; readonly canary: Counts }

/**
 * What is counted as `requests` and `errors`. `traces`: requests, failed or slow ones. `logs`: records, those of one trace
 * as one, and errors. `metrics`: what an instrument counted, and what of it failed or was slow.
 */
export type ExplainedSignal = 'traces' | 'logs' | 'metrics'

/** One attribute value that holds much of the excess. */
export type AttributeExcess = BothArms & {
  /** Absent in what was made when spans alone were looked at: `traces`. */
  readonly signal?: ExplainedSignal
  /** The instrument; of metrics only. */
  readonly metric?: string
  /** An attribute of a span, a log record, a point or of the resource, as it was sent. */
  readonly attribute: string
  readonly value: string
  /** Share of all the canary's excess in this signal and instrument that lies there, 0 to 1. */
  readonly share: number
  /** Evidence that the canary is worse there than elsewhere; told only when found at a false discovery rate of 10%. */
  readonly eValue: number
}

/** What was not looked at for attributes, and why. */
export type LeftOut = {
  /**
   * `many-values`: attributes with more values than explain anything; `many-attributes`, `many-metrics`: others are set,
   * or fail, more often; `many-rows`: what is rare; `too-much`: reading it took more time or memory than it may;
   * `unreadable`: reading it failed each time; `not-stored`: what had come and was not stored yet.
   */
  readonly reason:
    | 'many-values'
    | 'many-attributes'
    | 'many-metrics'
    | 'many-rows'
    | 'too-much'
    | 'unreadable'
    | 'not-stored'
  /** Names of attributes or metrics, the first ten; none where it is all of the signal. */
  readonly names: readonly string[]
  /** How many more there are. */
  readonly more: number
}

/** What was looked at of one signal. */
export type SignalLook = {
  readonly signal: ExplainedSignal
  /** Requests or records of both arms that were counted; of metrics what the instrument with most counted. */
  readonly counted: number
  /** One in so many traces, or records; 1: all. */
  readonly oneIn: number
  /** From when on, Unix milliseconds: later than the window where there were too many points. */
  readonly from: number
  /** Instruments; of metrics only. */
  readonly metrics?: readonly string[]
  readonly leftOut: readonly LeftOut[]
}

/** Whether the harm is of the version, or of one place that it runs in. */
export type PlaceFinding = {
  /**
   * `version`: its pods do alike; `pod`, `node`: one of them does worse than the others, which do like the baseline;
   * `unknown`: too few pods, or too little seen.
   */
  readonly kind: 'version' | 'pod' | 'node' | 'unknown'
  /** The pod or the node; null for the other kinds. */
  readonly place: string | null
  /** That place against the other places of the canary, at 1 for none. */
  readonly eValue: number
  readonly summary: string
}

/** One edge of the service, both arms. */
export type EdgeComparison = {
  readonly edge: string
  readonly state: 'both' | 'new' | 'vanished'
  /** Calls per request of the service, share of the calls that failed, and mean seconds of one; null without calls. */
  readonly baseline: EdgeFigures
  readonly canary: EdgeFigures
  /** Seconds that the edge adds to a mean request of the canary. */
  readonly secondsMore: number
}

export type EdgeFigures = {
  readonly calls: number
  readonly callsPerRequest: number
  readonly failed: number | null
  readonly seconds: number | null
}

/** Where the time of a mean request goes, seconds. `self` is what is left when all calls are taken off. */
export type TimeComparison = {
  readonly baseline: { readonly request: number; readonly calls: number; readonly self: number }
  readonly canary: { readonly request: number; readonly calls: number; readonly self: number }
}

/** What the service calls that holds the excess, so that it is not taken for the service's own. */
export type CalleeFinding = {
  readonly edge: string
  /** `slower`: a call takes longer; `oftener`, `new`: there are more calls; `failing`: its calls fail. */
  readonly kind: 'slower' | 'oftener' | 'new' | 'failing'
  /** Share of the excess that lies there, 0 to 1. */
  readonly share: number
  /** 'payments got slower, not checkout'; without a capital and a full stop. */
  readonly summary: string
}

export type ErrorTypeShare = {
  readonly errorType: string
  /** Failed requests of this type, and per request of the arm. */
  readonly baseline: { readonly errors: number; readonly perRequest: number }
  readonly canary: { readonly errors: number; readonly perRequest: number }
}

/** A change of the same time that may be the cause. */
export type Suspect = {
  readonly deploymentId: string
  readonly service: string
  readonly strategy: string
  readonly version: string | null
  /** `itself`, a service that it calls, one that calls it, or another one of the same environment. */
  readonly relation: 'itself' | 'callee' | 'caller' | 'other'
  /** Unix milliseconds. */
  readonly startedAt: number
  /** Why it stands where it stands. */
  readonly reason: string
}

/**
 * What was found about a verdict beyond its decision: where the harm is, what it comes from, who else changed. It
 * explains and never decides.
 */
export type Explanation = {
  readonly verdictId: string
  readonly deploymentId: string
  /** When it was made, and the window that it looked at, Unix milliseconds. */
  readonly at: number
  readonly from: number
  readonly to: number
  /** What is counted: failed requests, or those slower than so many seconds. */
  readonly event: { readonly kind: 'failed' } | { readonly kind: 'slow'; readonly seconds: number }
  /** One in so many traces was looked at for attributes; 1: all. */
  readonly oneIn: number
  /**
   * What was looked at for attributes. Logs only for failures: they do not tell how long a request took. Absent in what
   * was made when spans alone were looked at.
   */
  readonly signals?: readonly SignalLook[]
  readonly attributes: readonly AttributeExcess[]
  readonly place: PlaceFinding
  readonly edges: readonly EdgeComparison[]
  readonly time: TimeComparison | null
  /** Absent in what was made before it was looked for; null: no edge holds most of the excess. */
  readonly callee?: CalleeFinding | null
  readonly errorTypes: readonly ErrorTypeShare[]
  readonly suspects: readonly Suspect[]
}
