import { logsInsert, metricInserts, type OtlpInsert, tracesInsert } from './otlp/clickhouse.ts'
import { type Received, receive } from './otlp/receive.ts'
import type { Signal } from './otlp/schema.ts'
import type { Limits } from './otlp/time-window.ts'
import { writeInserts } from './remote-write/clickhouse.ts'
import { receiveWrite, storedKinds } from './remote-write/receive.ts'

/**
 * A way in for telemetry: checks, rewrites and counts one decompressed body, and says what to answer. Pure and
 * synchronous; `limits.nowMs` is the clock.
 */
export type Receiver = (contentType: string | undefined, body: Uint8Array, limits: Limits) => Received

/** The register: protocol, then signal. */
export const receivers = {
  otlp: {
    traces: (contentType, body, limits) => receive('traces', contentType, body, limits),
    logs: (contentType, body, limits) => receive('logs', contentType, body, limits),
    metrics: (contentType, body, limits) => receive('metrics', contentType, body, limits),
  },
} as const satisfies Readonly<Record<string, Readonly<Record<Signal, Receiver>>>>

/** Prometheus remote write: its answer says more than OTLP's, and what it stores is no longer what came. */
export const remoteWrite = { receive: receiveWrite, kindsOf: storedKinds, inserts: writeInserts } as const

/** The statements that store a segment of a signal's bodies, by kind: of metrics those whose kind is in the segment. */
export const inserts: Readonly<Record<Signal, Readonly<Record<string, OtlpInsert>>>> = {
  traces: { traces: tracesInsert },
  logs: { logs: logsInsert },
  metrics: metricInserts,
}
