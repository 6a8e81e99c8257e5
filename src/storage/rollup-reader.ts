import type { Dimensions, Unit } from '../domain/cohort.ts'
import type { Storage } from '../domain/storage.ts'
import { type CalleeRow, calleesQuery } from './calls-rollup-reader.ts'
import {
  type DurationRow,
  type DurationTotalRow,
  durationRows,
  durationsQuery,
  durationTotalsQuery,
  type PointRow,
} from './durations-rollup-reader.ts'
import { type CounterRow, countersQuery, type GaugeRow, gaugesQuery } from './metrics-rollup-reader.ts'
import { inWindow, isRequest } from './rollup-conditions.ts'
import { rowDimensionKeys, rowDimensions, rowDimensionsOfResource } from './rollup-dimensions.ts'
import type { RollupRow, TotalRow } from './rollup-row.ts'

export type { RollupRow, TotalRow } from './rollup-row.ts'

/** Log records of one tick, dimension set and severity. */
export type SeverityRow = Dimensions & {
  /** Start of the 10 s, Unix milliseconds. */
  readonly at: number
  readonly region: string
  /** The lowest number of the range: 1, 5, 9, 13, 17, 21 for trace, debug, info, warn, error, fatal; 0 for none. */
  readonly severity: number
  readonly records: number
}

/** One answer to one request: a span of kind SERVER or CONSUMER. */
export type AnswerRow = Dimensions & {
  /** When it ended, Unix milliseconds. */
  readonly at: number
  readonly traceId: string
  readonly operation: string
  readonly failed: boolean
}

export type VersionRow = Unit & {
  readonly version: string
  readonly requests: number
  readonly errors: number
  readonly pods: number
  /** Unix milliseconds, to 10 s. */
  readonly firstSeen: number
  readonly lastSeen: number
}

/** How much history a version has. */
export type HistoryRow = {
  readonly version: string
  readonly requests: number
  /** Pods that served in one tick, on average. */
  readonly podsAtOnce: number
  /** Start of the first and the last tick, Unix milliseconds. */
  readonly firstSeen: number
  readonly lastSeen: number
}

/** Requests of one pod in one tick, by operation; `latency` maps bucket to count. */
export type PodTickRow = {
  /** Start of the 10 s, Unix milliseconds. */
  readonly at: number
  readonly pod: string
  readonly requests: Readonly<Record<string, number>>
  readonly errors: Readonly<Record<string, number>>
  readonly latency: Readonly<Record<string, number>>
}

/**
 * The key leads to the granules of a service's ten seconds, and nearly all of their rows are wanted: reading the columns
 * of the filter before the others only costs (2 ms of 11, npm run bench:queries).
 */
const readAtOnce = 'SETTINGS optimize_move_to_prewhere = 0'

/** What so few services served in ten seconds is too little to be shared out between threads. */
const fewServices = 16

/** What can stand for a pod of a version in which no pod is a canary. */
const isOfPlainPod = "Pod != '' AND Cohort != 'canary'"

/**
 * Reads the 10-second rollups. Windows are Unix milliseconds, `from` inclusive and `to` exclusive, to whole seconds.
 * Rows come in order of time and, within a tick, in none: sorting a tick of a thousand services by name costs the engine
 * half as much again as reading it.
 */
export class RollupReader {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** Requests of the named services, a row per tick, dimensions, region, operation and outcome. One query for all. */
  async requests(
    services: readonly string[],
    from: number,
    to: number,
    signal?: AbortSignal,
  ): Promise<readonly RollupRow[]> {
    return this.#storage.query<RollupRow>(
      `SELECT toUnixTimestamp(T) * 1000 AS at, ${rowDimensions}, Region AS region, Operation AS operation,
         toBool(StatusCode = 'Error') AS failed, toUInt64(sum(N)) AS requests, sum(A) AS adjusted,
         toUInt64(sum(WithThreshold)) AS withThreshold, sumMap(H) AS latency
       FROM rollup_traces_10s
       WHERE Service IN {services:Array(String)} AND ${inWindow} AND ${isRequest}
       GROUP BY at, ${rowDimensionKeys}, region, operation, failed
       ORDER BY at
       ${readAtOnce}${services.length > fewServices ? '' : ', max_threads = 1'}`,
      { services, from: Math.floor(from / 1000), to: Math.floor(to / 1000) },
      signal,
    )
  }

  /**
   * Requests as histograms of durations tell them, a row per tick in which a point lies, dimensions, region, instrument,
   * operation and outcome. `latency` has durations at the upper edge of the sender's bucket, `atLeast` at the lower one.
   */
  async durations(
    services: readonly string[],
    instruments: readonly string[],
    from: number,
    to: number,
    signal?: AbortSignal,
  ): Promise<readonly DurationRow[]> {
    const { sql, params } = durationsQuery(services, instruments, Math.floor(from / 1000), Math.floor(to / 1000))
    return durationRows(await this.#storage.query<PointRow>(sql, params, signal))
  }

  /** The same requests by dimensions and instrument alone. */
  async durationTotals(
    services: readonly string[],
    instruments: readonly string[],
    from: number,
    to: number,
  ): Promise<readonly DurationTotalRow[]> {
    const { sql, params } = durationTotalsQuery(services, instruments, Math.floor(from / 1000), Math.floor(to / 1000))
    return this.#storage.query<DurationTotalRow>(sql, params)
  }

  /** What the named services call, a row per tick, dimensions and edge; by pod only when arms are told apart by it. */
  async callees(
    services: readonly string[],
    from: number,
    to: number,
    byPod: boolean,
    signal?: AbortSignal,
  ): Promise<readonly CalleeRow[]> {
    const { sql, params } = calleesQuery(services, from, to, byPod)
    return this.#storage.query<CalleeRow>(sql, params, signal)
  }

  /** Log records of the named services, a row per tick, dimensions, region and severity. */
  async logSeverities(
    services: readonly string[],
    from: number,
    to: number,
    signal?: AbortSignal,
  ): Promise<readonly SeverityRow[]> {
    return this.#storage.query<SeverityRow>(
      `SELECT toUnixTimestamp(T) * 1000 AS at, ${rowDimensions}, Region AS region, SeverityNumber AS severity,
         toUInt64(sum(N)) AS records
       FROM rollup_logs_10s
       WHERE Service IN {services:Array(String)} AND ${inWindow}
       GROUP BY at, ${rowDimensionKeys}, region, severity
       ORDER BY at`,
      { services, from: Math.floor(from / 1000), to: Math.floor(to / 1000) },
      signal,
    )
  }

  /** Gauges, and sums that go up and down: a row per tick, dimensions, region and metric. */
  async gauges(
    services: readonly string[],
    metrics: readonly string[],
    from: number,
    to: number,
    signal?: AbortSignal,
  ): Promise<readonly GaugeRow[]> {
    const { sql, params } = gaugesQuery(services, metrics, Math.floor(from / 1000), Math.floor(to / 1000))
    return this.#storage.query<GaugeRow>(sql, params, signal)
  }

  /** What counters grew by: a row per tick in which a point lies, dimensions, region and metric. */
  async counters(
    services: readonly string[],
    metrics: readonly string[],
    from: number,
    to: number,
    signal?: AbortSignal,
  ): Promise<readonly CounterRow[]> {
    const { sql, params } = countersQuery(services, metrics, Math.floor(from / 1000), Math.floor(to / 1000))
    return this.#storage.query<CounterRow>(sql, params, signal)
  }

  /**
   * Every single answer of the named services that ended in the window: of mirrored requests there is no rollup, since
   * what pairs them is their trace. Spans of more than ten minutes are left out.
   */
  async answers(
    services: readonly string[],
    from: number,
    to: number,
    signal?: AbortSignal,
  ): Promise<readonly AnswerRow[]> {
    return this.#storage.query<AnswerRow>(
      `SELECT toUnixTimestamp64Milli(Timestamp + toIntervalNanosecond(Duration)) AS at, TraceId AS traceId,
         SpanName AS operation, toBool(StatusCode = 'Error') AS failed, ServiceName AS service,
         ${rowDimensionsOfResource}
       FROM otel_traces
       WHERE ServiceName IN {services:Array(String)} AND ${isRequest}
         AND Timestamp >= fromUnixTimestamp64Milli({from:Int64}) - INTERVAL 10 MINUTE
         AND Timestamp < fromUnixTimestamp64Milli({to:Int64}) AND at >= {from:Int64} AND at < {to:Int64}
       ORDER BY at, traceId, operation`,
      { services, from, to },
      signal,
    )
  }

  /** Requests of the named services by dimensions alone. */
  async totals(services: readonly string[], from: number, to: number): Promise<readonly TotalRow[]> {
    return this.#storage.query<TotalRow>(
      `SELECT ${rowDimensions}, toUInt64(sum(N)) AS requests, toUInt64(sumIf(N, StatusCode = 'Error')) AS errors
       FROM rollup_traces_10s
       WHERE Service IN {services:Array(String)} AND ${inWindow} AND ${isRequest}
       GROUP BY ${rowDimensionKeys}`,
      { services, from: Math.floor(from / 1000), to: Math.floor(to / 1000) },
    )
  }

  /** Durations of one service by dimensions alone. */
  async latencies(
    service: string,
    from: number,
    to: number,
  ): Promise<readonly (Dimensions & { readonly latency: Readonly<Record<string, number>> })[]> {
    return this.#storage.query(
      `SELECT ${rowDimensions}, sumMap(H) AS latency FROM rollup_traces_10s
       WHERE Service = {service:String} AND ${inWindow} AND ${isRequest}
       GROUP BY ${rowDimensionKeys}`,
      { service, from: Math.floor(from / 1000), to: Math.floor(to / 1000) },
    )
  }

  /** Every version of one service (or of all) that answered requests in the window. */
  async versions(filter: {
    readonly service?: string
    readonly from: number
    readonly to: number
  }): Promise<readonly VersionRow[]> {
    const byService = filter.service === undefined ? '' : 'Service = {service:String} AND'
    return this.#storage.query<VersionRow>(
      `SELECT Namespace AS namespace, Service AS service, Environment AS environment, Version AS version,
         toUInt64(sum(N)) AS requests, toUInt64(sumIf(N, StatusCode = 'Error')) AS errors, uniqExact(Pod) AS pods,
         toUnixTimestamp(min(T)) * 1000 AS firstSeen, toUnixTimestamp(max(T)) * 1000 AS lastSeen
       FROM rollup_traces_10s
       WHERE ${byService} ${inWindow} AND ${isRequest}
       GROUP BY namespace, service, environment, version
       ORDER BY namespace, service, environment, firstSeen, version`,
      {
        ...(filter.service === undefined ? {} : { service: filter.service }),
        from: Math.floor(filter.from / 1000),
        to: Math.floor(filter.to / 1000),
      },
    )
  }

  /** The versions of a unit whose requests name their pods and are no canary's, the one with most requests first. */
  async histories({ namespace, service, environment }: Unit, from: number, to: number): Promise<readonly HistoryRow[]> {
    return this.#storage.query<HistoryRow>(
      `SELECT Version AS version, toUInt64(sum(N)) AS requests, uniqExact(T, Pod) / uniqExact(T) AS podsAtOnce,
         toUnixTimestamp(min(T)) * 1000 AS firstSeen, toUnixTimestamp(max(T)) * 1000 AS lastSeen
       FROM rollup_traces_10s
       WHERE Service = {service:String} AND Namespace = {namespace:String} AND Environment = {environment:String}
         AND ${isOfPlainPod} AND ${inWindow} AND ${isRequest}
       GROUP BY version
       ORDER BY requests DESC, version`,
      { namespace, service, environment, from: Math.floor(from / 1000), to: Math.floor(to / 1000) },
    )
  }

  /**
   * Requests of one version by tick and pod, in order of time.
   * @param thin only about every so manyth pod, always the same ones; 1 for all.
   */
  async podTicks(
    { namespace, service, environment, version }: Unit & { readonly version: string },
    from: number,
    to: number,
    thin: number,
    signal?: AbortSignal,
  ): Promise<readonly PodTickRow[]> {
    return this.#storage.query<PodTickRow>(
      `SELECT toUnixTimestamp(T) * 1000 AS at, Pod AS pod,
         sumMap(map(toString(Operation), toUInt64(N))) AS requests,
         sumMapIf(map(toString(Operation), toUInt64(N)), StatusCode = 'Error') AS errors, sumMap(H) AS latency
       FROM rollup_traces_10s
       WHERE Service = {service:String} AND Namespace = {namespace:String} AND Environment = {environment:String}
         AND Version = {version:String} AND ${isOfPlainPod} AND cityHash64(Pod) % {thin:UInt32} = 0
         AND ${inWindow} AND ${isRequest}
       GROUP BY at, pod
       ORDER BY at, pod`,
      { namespace, service, environment, version, thin, from: Math.floor(from / 1000), to: Math.floor(to / 1000) },
      signal,
    )
  }

  /** Whether a version answered requests in its unit before `before`, Unix milliseconds, as far back as rows reach. */
  async isSeenBefore(
    { namespace, service, environment, version }: Unit & { readonly version: string },
    before: number,
  ): Promise<boolean> {
    const rows = await this.#storage.query(
      `SELECT 1 FROM rollup_traces_10s
       WHERE Service = {service:String} AND Namespace = {namespace:String} AND Environment = {environment:String}
         AND Version = {version:String} AND T < fromUnixTimestamp({before:Int64}) AND ${isRequest}
       LIMIT 1`,
      { namespace, service, environment, version, before: Math.floor(before / 1000) },
    )
    return rows.length > 0
  }
}
