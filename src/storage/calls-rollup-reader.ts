import type { Dimensions } from '../domain/cohort.ts'
import type { Storage } from '../domain/storage.ts'
import { inWindow, isCall, isRequest } from './rollup-conditions.ts'
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

/** Calls of one tick, dimensions and edge. `pod` is '' unless it was asked for. */
export type CalleeRow = Dimensions &
  Edge & {
    readonly at: number
    readonly calls: number
    readonly failures: number
    readonly nanoseconds: number
  }

const edgeColumns = 'System AS system, Peer AS peer, Target AS target, Failed AS failed, ErrorType AS errorType'
const edgeKeys = 'system, peer, target, failed, errorType'

/**
 * So many edges of a service and tick have rows of their own, those that take most time, and so many that fail most: who
 * calls a thousand addresses would make more rows than all others together. The rest is one edge with this peer.
 */
const mostSlow = 40
const mostFailing = 10
const otherPeer = '(other)'

const edge = 'system, peer, target'

/**
 * The query of {@link CalleeRow}s. One of ten seconds of many services: a row for each pod would be several times as many.
 * Unix milliseconds.
 */
export function calleesQuery(services: readonly string[], from: number, to: number, byPod: boolean) {
  // An edge has its place by all rows of its service and tick, so that it is named in both arms or in none.
  const ofEdge = `OVER (PARTITION BY at, service, ${edge})`
  const place = (by: string) => `dense_rank() OVER (PARTITION BY at, service ORDER BY ${by} DESC, ${edge})`
  const named = `slow <= ${mostSlow} OR (edgeFailures > 0 AND failing <= ${mostFailing})`
  const sql = `SELECT at, ${rowDimensionKeys}, if(${named}, system, '') AS edgeSystem,
      if(${named}, peer, '${otherPeer}') AS edgePeer, if(${named}, target, '') AS edgeTarget,
      sum(n) AS calls, sum(f) AS failures, sum(s) AS nanoseconds
    FROM (
      SELECT *, ${place('edgeTime')} AS slow, ${place('edgeFailures')} AS failing
      FROM (
        SELECT *, sum(s) ${ofEdge} AS edgeTime, sum(f) ${ofEdge} AS edgeFailures
        FROM (
          SELECT toUnixTimestamp(T) * 1000 AS at, ${byPod ? rowDimensions : rowDimensions.replace('Pod AS', "'' AS")},
            System AS system, Peer AS peer, Target AS target, toUInt64(sum(N)) AS n, toUInt64(sumIf(N, Failed)) AS f,
            toUInt64(sum(S)) AS s
          FROM rollup_calls_10s
          WHERE Service IN {services:Array(String)} AND ${inWindow} AND ${isCall}
          GROUP BY at, ${rowDimensionKeys}, ${edge}
        )
      )
    )
    GROUP BY at, ${rowDimensionKeys}, edgeSystem, edgePeer, edgeTarget
    ORDER BY at`
  const renamed = `SELECT * EXCEPT (edgeSystem, edgePeer, edgeTarget), edgeSystem AS system, edgePeer AS peer,
    edgeTarget AS target FROM (${sql})`
  return { sql: renamed, params: { services, from: Math.floor(from / 1000), to: Math.floor(to / 1000) } }
}

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
       WHERE Service = {service:String} AND ${inWindow} AND ${isCall}
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
       WHERE Service = {service:String} AND ${inWindow} AND ${isRequest}
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
       WHERE Service = {service:String} AND ${inWindow}
       GROUP BY ${rowDimensionKeys}, ${edgeKeys}, isCall`,
      { service, from: Math.floor(from / 1000), to: Math.floor(to / 1000) },
      signal,
    )
  }
}
