/** One span of a trace. `parent` is the id of a span of the same trace, null at the root. */
export type WindowSpan = {
  readonly trace: string
  readonly id: string
  readonly parent: string | null
  readonly service: string
  readonly operation: string
  readonly startUs: number
  readonly durationUs: number
}

/** One log message, with the span that wrote it where the logger knows it. */
export type WindowLog = {
  readonly trace: string | null
  readonly span: string | null
  readonly service: string
  readonly message: string
}

/**
 * A pod's CPU usage, in any unit that is the same in all windows. A value stands for the `intervalSeconds` before its
 * time, which is in seconds on the clock of the window's coverage; null = not measured.
 */
export type WindowGauge = {
  readonly pod: string
  readonly service: string
  readonly intervalSeconds: number
  readonly points: readonly (readonly [timeSeconds: number, value: number | null])[]
}

/** What was observed of a system during a limited time. An empty list is a modality that is missing, not one at rest. */
export type TelemetryWindow = {
  /** The seconds that spans and messages really cover; null when there are none. */
  readonly coverage: { readonly fromSeconds: number; readonly toSeconds: number } | null
  readonly spans: readonly WindowSpan[]
  readonly logs: readonly WindowLog[]
  readonly cpu: readonly WindowGauge[]
}
