import type { Dimensions } from '../domain/cohort.ts'
import type { Storage } from '../domain/storage.ts'
import { rowDimensionKeys, rowDimensions } from './rollup-dimensions.ts'

/** What is called: a service, a collection of a database, a destination of messages. '' where a span does not say. */
export type Edge = {
  /** `http`, `grpc`, `postgresql`, `kafka` … */
  readonly system: string
  /** The service or host that was called. */
  readonly peer: string
  /** What behind the peer: `shop.orders`, a topic, the service of a remote call. */
  readonly target: string
}

/** Calls of one tick, dimensions, edge, outcome and type of error. `latency` maps bucket to count. */
export type CallRow = Dimensions &
  Edge & {
    /** Start of the 10 s in which they ended, Unix milliseconds. */
    readonly at: number
    readonly failed: boolean
    /** '' for calls that did not fail. */
    readonly errorType: string
    readonly calls: number
    /** How long they took, together. */
    readonly nanoseconds: number
    readonly latency: Readonly<Record<string, number>>
  }

/** Time that requests took, by tick and dimensions. */
export type RequestTimeRow = Dimensions & {
  readonly at: number
  readonly requests: number
  readonly nanoseconds: number
}

/** Calls of one edge, or with an empty edge what failed in the service itself, over a window. */
export type CallTotalRow = Dimensions &
  Edge &
  Pick<CallRow, 'failed' | 'errorType' | 'calls' | 'nanoseconds'> & {
    /** false: failed requests of the service itself. */
    readonly isCall: boolean
  }

const edgeColumns = 'System AS system, Peer AS peer, Target AS target, Failed AS failed, ErrorType AS errorType'
const edgeKeys = 'system, peer, target, failed, errorType'
const isCall = "SpanKind IN ('Client', 'Producer')"
const window = 'T >= fromUnixTimestamp({from:Int64}) AND T < fromUnixTimestamp({to:Int64})'

/** Reads what services call. Windows are Unix milliseconds, `from` inclusive and `to` exclusive, to whole seconds. */
export class CallsRollupReader {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** Calls that one service made, in order of time. */
  calls(service: string, from: number, to: number, signal?: AbortSignal): Promise<readonly CallRow[]> {
    return this.#storage.query<CallRow>(
      `SELECT toUnixTimestamp(T) * 1000 AS at, ${rowDimensions}, ${edgeColumns}, toUInt64(sum(N)) AS calls,
         toUInt64(sum(S)) AS nanoseconds, sumMap(H) AS latency
       FROM rollup_calls_10s
       WHERE Service = {service:String} AND ${window} AND ${isCall}
       GROUP BY at, ${rowDimensionKeys}, ${edgeKeys}
       ORDER BY at`,
      { service, from: Math.floor(from / 1000), to: Math.floor(to / 1000) },
      signal,
    )
  }

  /** What one service's requests took, in order of time. */
  requestTimes(service: string, from: number, to: number, signal?: AbortSignal): Promise<readonly RequestTimeRow[]> {
    return this.#storage.query<RequestTimeRow>(
      `SELECT toUnixTimestamp(T) * 1000 AS at, ${rowDimensions}, toUInt64(sum(N)) AS requests,
         toUInt64(sum(S)) AS nanoseconds
       FROM rollup_traces_10s
       WHERE Service = {service:String} AND ${window} AND SpanKind IN ('Server', 'Consumer')
       GROUP BY at, ${rowDimensionKeys}
       ORDER BY at`,
      { service, from: Math.floor(from / 1000), to: Math.floor(to / 1000) },
      signal,
    )
  }

  /** Calls and failed requests of one service, summed over the window. */
  totals(service: string, from: number, to: number, signal?: AbortSignal): Promise<readonly CallTotalRow[]> {
    return this.#storage.query<CallTotalRow>(
      `SELECT ${rowDimensions}, ${edgeColumns}, toBool(${isCall}) AS isCall, toUInt64(sum(N)) AS calls,
         toUInt64(sum(S)) AS nanoseconds
       FROM rollup_calls_10s
       WHERE Service = {service:String} AND ${window}
       GROUP BY ${rowDimensionKeys}, ${edgeKeys}, isCall`,
      { service, from: Math.floor(from / 1000), to: Math.floor(to / 1000) },
      signal,
    )
  }
}
