import type { Dimensions } from '../domain/cohort.ts'
import { histogramScale } from '../domain/evidence.ts'
import type { Storage } from '../domain/storage.ts'
import { inWindow } from './rollup-conditions.ts'
import { rowDimensionsOfResource } from './rollup-dimensions.ts'

/** Which calls are wanted: those that this service answered. */
export type PlacedCallsQuestion = {
  readonly service: string
  /** The services whose calls are looked at. */
  readonly callers: readonly string[]
  /** Unix milliseconds, `from` inclusive, `to` exclusive, of the time by which call and answer had ended. */
  readonly from: number
  readonly to: number
  /** Only every so manyth trace, always the same ones; 1 for all. */
  readonly oneIn: number
}

/**
 * Calls of one tick by the dimensions of who answered them (so that they belong to an arm), caller and outcome as the
 * caller saw it. `latency` maps bucket to count.
 */
export type PlacedCallRow = Dimensions & {
  /** Start of the 10 s by which call and answer had ended, Unix milliseconds. */
  readonly at: number
  readonly caller: string
  readonly failed: boolean
  readonly calls: number
  readonly latency: Readonly<Record<string, number>>
}

/** Calls that take longer than this are left out: spans are sought so far back. */
const longestMinutes = 2

/** Of so many services that call, those with most calls, calls are looked at. */
const mostCallers = 50

/** Raw spans may be any number, and looks of others wait for the same processors. */
const bounded = 'SETTINGS max_execution_time = 10, max_threads = 2, max_memory_usage = 1073741824'

const ended = 'Timestamp + toIntervalNanosecond(Duration)'

const nearby = `Timestamp >= fromUnixTimestamp64Milli({from:Int64}) - INTERVAL ${longestMinutes} MINUTE
    AND Timestamp < fromUnixTimestamp64Milli({to:Int64}) AND cityHash64(TraceId) % {oneIn:UInt32} = 0`

/**
 * Reads how callers fared with the answers of a service. No rollup can tell which version answered a call: the caller's
 * span does not know it, so that it is looked up in raw spans by trace.
 */
export class PlacedCallsReader {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /**
   * The services that call `service` by its name: as the peer itself, as the first label of a host, or with a suffix
   * there (`checkout-canary.shop.svc`). Who only looks like it costs reading and says nothing.
   */
  async callers(service: string, from: number, to: number, signal?: AbortSignal): Promise<readonly string[]> {
    const rows = await this.#storage.query<{ readonly caller: string }>(
      `SELECT Service AS caller FROM rollup_calls_10s
       WHERE ${inWindow} AND SpanKind = 'Client'
         AND Service != {service:String}
         AND (splitByChar('.', toString(Peer))[1] = {service:String}
           OR startsWith(splitByChar('.', toString(Peer))[1], concat({service:String}, '-')) OR Peer = {service:String})
       GROUP BY caller ORDER BY sum(N) DESC, caller LIMIT ${mostCallers}`,
      { service, from: Math.floor(from / 1000), to: Math.floor(to / 1000) },
      signal,
    )
    return rows.map(({ caller }) => caller)
  }

  /**
   * CLIENT spans with the SERVER span that answered them. A call that nobody answered, or whose answer is not known,
   * belongs to no arm and is left out; one that a proxy sent twice counts with each answer.
   */
  async calls(question: PlacedCallsQuestion, signal?: AbortSignal): Promise<readonly PlacedCallRow[]> {
    if (question.callers.length === 0) return []
    const { service, callers, from, to, oneIn } = question
    return this.#storage.query<PlacedCallRow>(
      `SELECT toInt64(intDiv(toUnixTimestamp64Milli(greatest(call.ended, answer.ended)), 10000) * 10000) AS at,
         answer.namespace AS namespace, {service:String} AS service, answer.environment AS environment,
         answer.version AS version, answer.cohort AS cohort, answer.replicaSet AS replicaSet, answer.pod AS pod,
         call.caller AS caller, call.failed AS failed, count() AS calls,
         sumMapIf(map(toInt16(floor(log2(greatest(call.took, 1)) * ${2 ** histogramScale})), toUInt64(1)), call.took > 0) AS latency
       FROM (
         SELECT TraceId, SpanId, ServiceName AS caller, toBool(StatusCode = 'Error') AS failed, Duration AS took, ${ended} AS ended
         FROM otel_traces
         WHERE ServiceName IN {callers:Array(String)} AND SpanKind = 'Client' AND ${nearby}
       ) AS call
       INNER JOIN (
         SELECT TraceId, ParentSpanId, ${ended} AS ended, ${rowDimensionsOfResource}
         FROM otel_traces
         WHERE ServiceName = {service:String} AND SpanKind = 'Server' AND ParentSpanId != '' AND ${nearby}
       ) AS answer ON call.TraceId = answer.TraceId AND call.SpanId = answer.ParentSpanId
       WHERE at >= {from:Int64} AND at < {to:Int64}
       GROUP BY at, namespace, environment, version, cohort, replicaSet, pod, caller, failed
       ORDER BY at, caller ${bounded}`,
      { service, callers, from, to, oneIn },
      signal,
    )
  }
}
