/** A moment in seconds, on one clock for the whole rollout. */
export type Seconds = number

/** One observation. `value` is null when the pod reported that there was nothing to measure (no request, say). */
export type Point = { readonly at: Seconds; readonly value: number | null }

/** Who calls whom. */
export type Edge = { readonly from: string; readonly to: string }

/** One pod of either version. */
export type RolloutPod = {
  readonly name: string
  readonly role: 'baseline' | 'canary'
  /** When it became ready; of a baseline pod whose start nobody saw, its first observation. */
  readonly readyAt: Seconds
  /** From here on the name no longer stands for this pod, whatever a series says. null: still there. */
  readonly removedAt: Seconds | null
}

type PodSeriesBase = {
  readonly pod: string
  readonly metric: string
  /** Which way harm lies: more of an error share, less of a success share. */
  readonly direction: 'increase' | 'decrease'
  /** Ascending in time. */
  readonly points: readonly Point[]
}

/** A share between 0 and 1 of the requests on one edge, seen at this pod. */
type ProportionSeries = PodSeriesBase & { readonly kind: 'proportion'; readonly edge: Edge }

/** A level of the pod itself: seconds, percent, bytes. Judged by its logarithm, so only values above 0 count. */
type GaugeSeries = PodSeriesBase & { readonly kind: 'gauge' }

export type PodSeries = ProportionSeries | GaugeSeries

/** The success share of all requests on an edge, both versions together; null = no traffic in that interval. */
export type MeshSeries = { readonly edge: Edge; readonly points: readonly Point[] }

/** Scatter between pods of one version: the sum of squares of log levels about their rollout's mean, and its freedom. */
export type PodScatter = {
  readonly service: string
  readonly metric: string
  readonly squares: number
  readonly freedom: number
}

/** What is known of one rollout when it is to be judged. */
export type RolloutInput = {
  readonly service: string
  readonly changeStart: Seconds
  /** Time between two observations of a series. */
  readonly intervalSeconds: number
  readonly pods: readonly RolloutPod[]
  readonly series: readonly PodSeries[]
  /** Edges of the service and, where known, of its neighbourhood. */
  readonly mesh: readonly MeshSeries[]
}
