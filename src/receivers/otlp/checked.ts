import type { MetricKind } from './schema.ts'

/** Why items were left out of a body that is otherwise taken. */
export type RejectReason = 'timestamp-out-of-window' | 'unknown-metric-kind'

/** `example` tells the first one: where it was, what came, what is taken. */
export type Rejection = { readonly reason: RejectReason; readonly count: number; readonly example: string }

/** What is wrong with a body as a whole. `offset` is a byte of the body; null in JSON. */
export type BodyError = {
  readonly where: string
  readonly offset: number | null
  readonly expected: string
  readonly got: string
}

export type Accepted = {
  readonly ok: true
  /** What the INSERTs take: the given bytes themselves, or a rewritten copy. */
  readonly body: Uint8Array
  /** Spans, log records or data points in `body`. */
  readonly items: number
  readonly rejected: readonly Rejection[]
  /** Spans that end before they start; they are stored with the duration 0. */
  readonly negativeDurations: number
  /** Data points whose value, sum, minimum or maximum is NaN or infinite; they are stored as they are. */
  readonly nonFinite: number
  /** Data points in `body` by the kind of their metric; only kinds that are there. */
  readonly kinds: ReadonlyMap<MetricKind, number>
}

export type Checked = Accepted | { readonly ok: false; readonly error: BodyError }
