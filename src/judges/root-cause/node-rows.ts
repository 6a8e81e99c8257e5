/** What a node of the call graph (a service, a queue, a database) did in one interval. */
export type NodeRow = {
  readonly requests: number
  /** Mean of the interval, above 0; null without traffic or measurement. */
  readonly latencySeconds: number | null
  /** Within [0, 1]; null as `latencySeconds`. */
  readonly failedShare: number | null
}

/** Rows at equal intervals, without gaps: an interval without data is a row of nulls. */
export type NodeRows = {
  readonly node: string
  readonly baseline: readonly NodeRow[]
  readonly current: readonly NodeRow[]
}

/** Who calls whom. */
export type Call = { readonly caller: string; readonly callee: string }

/** The ways in which a node shows harm; like explains like. */
export type Symptom = 'latency' | 'failures'
