import type { Dimensions } from '../domain/cohort.ts'
import type { Storage } from '../domain/storage.ts'
import type { Edge } from './calls-rollup-reader.ts'
import { edgeOfSpan } from './calls-rollup-table.ts'
import { inWindow, isCall, isRequest } from './rollup-conditions.ts'
import { rowDimensionKeys, rowDimensions, rowDimensionsOfResource } from './rollup-dimensions.ts'
import { operationOfSpan } from './traces-sampling.ts'

/** An edge that was called, and by whom. */
export type CalledEdgeRow = Dimensions & Edge

/** Requests of one tick, dimensions and operation. */
export type ServedRow = Dimensions & { readonly at: number; readonly operation: string; readonly requests: number }

/** Requests of one operation in a sample of traces; of these, those in which the service called an edge. */
export type OperationRow = Dimensions & { readonly operation: string; readonly requests: number }
export type CallingOperationRow = OperationRow & Edge

/** Which spans are looked at: a part of the traces of one service, of requests that ended in the window. */
export type SampleQuestion = {
  readonly service: string
  /** Unix milliseconds, `from` inclusive, `to` exclusive. */
  readonly from: number
  readonly to: number
  /** Only every so manyth trace, always the same ones; 1 for all. */
  readonly oneIn: number
}

/** A call and its request lie at most so far apart. */
const longestMinutes = 2

/** Raw spans may be any number, and looks of others wait for the same processors. */
const bounded = 'SETTINGS max_execution_time = 8, max_threads = 2, max_memory_usage = 1073741824'

const sampled = 'ServiceName = {service:String} AND cityHash64(TraceId) % {oneIn:UInt32} = 0'
const nearby = `Timestamp >= fromUnixTimestamp64Milli({from:Int64}) - INTERVAL ${longestMinutes} MINUTE
    AND Timestamp < fromUnixTimestamp64Milli({to:Int64})`
const within = `${nearby} AND Timestamp + toIntervalNanosecond(Duration) >= fromUnixTimestamp64Milli({from:Int64})
    AND Timestamp + toIntervalNanosecond(Duration) < fromUnixTimestamp64Milli({to:Int64})`

/** Reads which edges a service calls, and in which operations. */
export class CalledEdgesReader {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /**
   * The edges that were called in a window of Unix milliseconds, to whole seconds, at most `most` rows.
   * @param byPod whether arms are told apart by pod; otherwise `pod` is ''.
   */
  edges(
    {
      service,
      from,
      to,
      byPod,
      most,
    }: Omit<SampleQuestion, 'oneIn'> & { readonly byPod: boolean; readonly most: number },
    signal?: AbortSignal,
  ): Promise<readonly CalledEdgeRow[]> {
    return this.#storage.query<CalledEdgeRow>(
      `SELECT DISTINCT ${byPod ? rowDimensions : rowDimensions.replace('Pod AS', "'' AS")},
         System AS system, Peer AS peer, Target AS target
       FROM rollup_calls_10s
       WHERE Service = {service:String} AND ${inWindow} AND ${isCall}
       LIMIT {most:UInt32} ${bounded}`,
      { service, from: Math.floor(from / 1000), to: Math.floor(to / 1000), most },
      signal,
    )
  }

  /** How many requests a service answered in a window of Unix milliseconds, to whole seconds. */
  async requests(service: string, from: number, to: number, signal?: AbortSignal): Promise<number> {
    const [row] = await this.#storage.query<{ readonly requests: number }>(
      `SELECT toUInt64(sum(N)) AS requests FROM rollup_traces_10s
       WHERE Service = {service:String} AND ${inWindow} AND ${isRequest}`,
      { service, from: Math.floor(from / 1000), to: Math.floor(to / 1000) },
      signal,
    )
    return row?.requests ?? 0
  }

  /** Requests by tick, dimensions and operation in a window of Unix milliseconds, to whole seconds; always in one order. */
  served(service: string, from: number, to: number, signal?: AbortSignal): Promise<readonly ServedRow[]> {
    return this.#storage.query<ServedRow>(
      `SELECT toUnixTimestamp(T) * 1000 AS at, ${rowDimensions}, Operation AS operation, toUInt64(sum(N)) AS requests
       FROM rollup_traces_10s
       WHERE Service = {service:String} AND ${inWindow} AND ${isRequest}
       GROUP BY at, ${rowDimensionKeys}, operation
       ORDER BY at, ${rowDimensionKeys}, operation`,
      { service, from: Math.floor(from / 1000), to: Math.floor(to / 1000) },
      signal,
    )
  }

  /** Requests of a sample by operation. */
  operations(question: SampleQuestion, signal?: AbortSignal): Promise<readonly OperationRow[]> {
    return this.#storage.query<OperationRow>(
      `SELECT ${rowDimensionsOfResource}, ServiceName AS service, ${operationOfSpan} AS operation, count() AS requests
       FROM otel_traces
       WHERE ${sampled} AND ${isRequest} AND ${within}
       GROUP BY ${rowDimensionKeys}, region, operation ${bounded}`,
      { ...question },
      signal,
    )
  }

  /**
   * In how many of these requests each edge was called: calls of the same trace by the same pod. A service that is in a
   * trace twice, in one pod, has its calls counted for both of its requests.
   */
  callingOperations(question: SampleQuestion, signal?: AbortSignal): Promise<readonly CallingOperationRow[]> {
    return this.#storage.query<CallingOperationRow>(
      `SELECT request.namespace AS namespace, {service:String} AS service, request.environment AS environment,
         request.version AS version, request.cohort AS cohort, request.replicaSet AS replicaSet, request.pod AS pod,
         request.operation AS operation, call.system AS system, call.peer AS peer, call.target AS target,
         uniqExact(request.SpanId) AS requests
       FROM (
         SELECT TraceId, SpanId, ${rowDimensionsOfResource}, ${operationOfSpan} AS operation
         FROM otel_traces
         WHERE ${sampled} AND ${isRequest} AND ${within}
       ) AS request
       INNER JOIN (
         SELECT DISTINCT TraceId, ${rowDimensionsOfResource}, ${edgeOfSpan}
         FROM otel_traces
         WHERE ${sampled} AND ${isCall} AND ${nearby}
       ) AS call ON request.TraceId = call.TraceId AND request.pod = call.pod
       GROUP BY ${rowDimensionKeys}, operation, system, peer, target ${bounded}`,
      { ...question },
      signal,
    )
  }
}
