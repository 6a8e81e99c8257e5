/** A data point as an SDK gave it to its exporter. Times are Unix nanoseconds in quotes. */
export type SentPoint = {
  readonly attributes: Readonly<Record<string, string>>
  readonly start: string
  readonly time: string
  readonly exemplars: readonly {
    readonly value: number
    readonly time: string
    readonly traceId: string
    readonly spanId: string
  }[]
  /** Of sums and gauges. */
  readonly value?: number
  /** Of both histograms. */
  readonly count?: number
  readonly sum?: number
  readonly min?: number
  readonly max?: number
  readonly bounds?: readonly number[]
  readonly counts?: readonly number[]
  readonly scale?: number
  readonly zeroCount?: number
  readonly positive?: { readonly offset: number; readonly counts: readonly number[] }
  readonly negative?: { readonly offset: number; readonly counts: readonly number[] }
}

export type SentMetric = {
  readonly name: string
  readonly description: string
  readonly unit: string
  readonly kind: 'sum' | 'gauge' | 'histogram' | 'exponentialHistogram'
  /** As OTLP numbers it: 1 delta, 2 cumulative; 0 for gauges, which have none. */
  readonly temporality: number
  readonly monotonic: boolean
  readonly points: readonly SentPoint[]
}

/** What a client prints at its end: whatever its SDK chose and nobody could know before. */
export type Sent = {
  /** The SDK's own attributes of the resource. */
  readonly resource: Readonly<Record<string, string>>
  /** In the order of {@link Telemetry.spans}. */
  readonly spans: readonly { readonly traceId: string; readonly spanId: string; readonly parentSpanId: string }[]
  readonly metrics: readonly SentMetric[]
  /** Log records that a handler of the language's own logging made. */
  readonly handled: readonly {
    readonly time: string
    readonly severityNumber: number
    readonly severityText: string
    readonly body: unknown
    readonly attributes: Readonly<Record<string, string>>
    readonly traceId: string
    readonly spanId: string
  }[]
  /** For each export, whether the SDK counts it as delivered; an SDK that does not tell has none. */
  readonly results?: Readonly<Record<'traces' | 'metrics' | 'logs', readonly boolean[]>>
  /** What the SDK had to say. */
  readonly errors: readonly string[]
}
