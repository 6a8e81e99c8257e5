import type { Dimensions } from '../domain/cohort.ts'
import type { Storage } from '../domain/storage.ts'
import type { LogRecord } from '../judges/log-templates/read-log-record.ts'
import { severityOfRecord } from './logs-rollup-tables.ts'
import { dimensionsOfResource, tickOf } from './rollup-dimensions.ts'

/** Services are dealt out to so many shards, that processes take turns at. */
export const logShards = 4

/** Lines of one service in one tick that are stored and not, or not all, counted by template. */
export type UnminedTick = {
  readonly service: string
  /** Start of the 10 s, Unix milliseconds. */
  readonly at: number
  readonly shard: number
  /** Lines that are stored; more than are counted. */
  readonly lines: number
}

/** Equal lines of one service and cohort in one tick. */
export type LogLines = Dimensions &
  LogRecord & {
    /** Start of the tick, Unix milliseconds. */
    readonly at: number
    readonly region: string
    readonly severity: number
    readonly lines: number
    /** Unix milliseconds of the first and the last of them. */
    readonly firstSeen: number
    readonly lastSeen: number
    /** Of lines whose resource names no version: their trace; '' otherwise. */
    readonly traceId: string
    /** Numbers for the traces of warnings and worse, and how many of these lines name none. */
    readonly traces: readonly number[]
    readonly untraced: number
  }

/** Who answered in a trace. */
export type TracePlace = Dimensions & { readonly traceId: string; readonly region: string }

/** So much of a text is read; a skeleton needs less, and a stack trace is told by its beginning. */
const mostCharacters = 4096
const mostStackCharacters = 16_384

const shardOf = `toUInt8(cityHash64(toString(Service)) % ${logShards})`

const dimensions = dimensionsOfResource.replaceAll(/AS ([A-Z])/g, (as) => as.toLowerCase().replace('as', 'AS'))
const keys = 'namespace, service, environment, version, cohort, replicaSet, pod, region'

/** Reads stored log lines, and which of them nobody has counted by template. Times are Unix milliseconds, whole ticks. */
export class LogLinesReader {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /**
   * Ticks that begin in the window and have lines that are not counted, the newest first.
   * @param service only of this one; of all when absent
   */
  async unmined(from: number, to: number, signal?: AbortSignal, service?: string): Promise<readonly UnminedTick[]> {
    const within = `T >= fromUnixTimestamp({from:Int64}) AND T < fromUnixTimestamp({to:Int64})${
      service === undefined ? '' : ' AND Service = {service:String}'
    }`
    return this.#storage.query<UnminedTick>(
      `SELECT service, toUnixTimestamp(T) * 1000 AS at, shard, toUInt64(sum(stored)) AS lines
       FROM (
         SELECT toString(Service) AS service, T, ${shardOf} AS shard, N AS stored, 0 AS counted FROM rollup_logs_10s
         WHERE ${within}
         UNION ALL
         SELECT toString(Service) AS service, T, ${shardOf} AS shard, 0 AS stored, N AS counted
         FROM rollup_log_templates_10s
         WHERE ${within})
       GROUP BY service, T, shard
       HAVING sum(stored) > sum(counted)
       ORDER BY at DESC, shard, service`,
      { from: Math.floor(from / 1000), to: Math.floor(to / 1000), ...(service === undefined ? {} : { service }) },
      signal,
    )
  }

  /**
   * The lines of one service in some ticks of the same minute, equal ones as one row; of `parts` parts of about the same
   * size the one with this number. All rows of all parts are all lines, each once.
   */
  async lines(
    service: string,
    ticks: readonly number[],
    part: number,
    parts: number,
    signal?: AbortSignal,
  ): Promise<readonly LogLines[]> {
    return this.#storage.query<LogLines>(
      `SELECT toUnixTimestamp(${tickOf('Timestamp')}) * 1000 AS at, toString(ServiceName) AS service, ${dimensions},
         ${severityOfRecord} AS severity,
         substringUTF8(Body, 1, ${mostCharacters}) AS body,
         substringUTF8(multiIf(LogAttributes['log.record.template'] != '', LogAttributes['log.record.template'],
           LogAttributes['message_template.text'] != '', LogAttributes['message_template.text'],
           LogAttributes['{OriginalFormat}']), 1, ${mostCharacters}) AS template,
         substringUTF8(LogAttributes['exception.type'], 1, 300) AS exceptionType,
         substringUTF8(LogAttributes['exception.message'], 1, 1000) AS exceptionMessage,
         substringUTF8(LogAttributes['exception.stacktrace'], 1, ${mostStackCharacters}) AS stacktrace,
         if(version = '', TraceId, '') AS traceId,
         count() AS lines, toUnixTimestamp64Milli(min(Timestamp)) AS firstSeen,
         toUnixTimestamp64Milli(max(Timestamp)) AS lastSeen,
         groupUniqArrayIf(bitAnd(cityHash64(TraceId), 9007199254740991), severity >= 13 AND TraceId != '') AS traces,
         countIf(severity >= 13 AND TraceId = '') AS untraced
       FROM otel_logs
       WHERE Timestamp >= fromUnixTimestamp64Milli({from:Int64}) AND Timestamp < fromUnixTimestamp64Milli({to:Int64})
         AND ServiceName = {service:String} AND at IN {ticks:Array(Int64)}
         AND cityHash64(Body, TraceId) % {parts:UInt32} = {part:UInt32}
       GROUP BY at, ${keys}, severity, body, template, exceptionType, exceptionMessage, stacktrace, traceId
       ORDER BY at, ${keys}, severity, body, template, exceptionType, exceptionMessage, stacktrace, traceId`,
      { service, ticks, from: Math.min(...ticks), to: Math.max(...ticks) + 10_000, part, parts },
      signal,
    )
  }

  /** Who answered as `service` in these traces, around the minute that begins at `at`; traces that nobody tells of are left out. */
  async places(
    service: string,
    traceIds: readonly string[],
    at: number,
    signal?: AbortSignal,
  ): Promise<readonly TracePlace[]> {
    if (traceIds.length === 0) return []
    return this.#storage.query<TracePlace>(
      `SELECT traceId, any(p.1) AS namespace, {service:String} AS service, any(p.2) AS environment, any(p.3) AS version,
         any(p.4) AS cohort, any(p.5) AS replicaSet, any(p.6) AS pod, any(p.7) AS region
       FROM (
         SELECT TraceId AS traceId, argMin((namespace, environment, version, cohort, replicaSet, pod, region), SpanId) AS p
         FROM (
           SELECT TraceId, SpanId, ${dimensions} FROM otel_traces
           WHERE ServiceName = {service:String} AND TraceId IN {ids:Array(String)}
             AND Timestamp >= fromUnixTimestamp64Milli({at:Int64}) - INTERVAL 10 MINUTE
             AND Timestamp < fromUnixTimestamp64Milli({at:Int64}) + INTERVAL 2 MINUTE)
         WHERE version != '' OR replicaSet != '' OR cohort != ''
         GROUP BY traceId)
       GROUP BY traceId`,
      { service, ids: traceIds, at },
      signal,
    )
  }
}
