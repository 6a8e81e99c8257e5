import type { Segment } from './segment-writer.ts'

/** The kinds of telemetry that OpenTelemetry has a path for. */
export const otlpSignals = ['traces', 'logs', 'metrics'] as const
export type OtlpSignal = (typeof otlpSignals)[number]

/** What has segments of its own: OpenTelemetry's signals, and the metrics that come by Prometheus remote write. */
export const signals = [...otlpSignals, 'remote-write'] as const
export type Signal = (typeof signals)[number]

/** What the ingest path tells about itself, for logs and metrics. */
export type IngestEvents = {
  /** `seconds` from the arrival of the oldest body of the segment. */
  stored(signal: Signal, segment: Segment, seconds: number): void
  retrying(signal: Signal, segment: Segment, error: Error): void
  quarantined(signal: Signal, file: string, error: Error): void
  recovered(signal: Signal, segments: number, tornBytes: number): void
  /** The file of a segment could not be closed or renamed; it is stored all the same. */
  unsealed(signal: Signal, id: string, error: Error): void
}
