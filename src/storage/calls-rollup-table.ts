import { histogramScale } from '../domain/evidence.ts'
import type { Dialect } from './dialect.ts'
import { dimensionColumns, dimensionKeys, dimensionsOfResource, tickOf } from './rollup-dimensions.ts'

/** Log buckets a power of two; bucket = floor(log2(nanoseconds) * this). */
const bucketsPerDoubling = 2 ** histogramScale

/**
 * What a service calls, and what fails in it: spans of kind Client and Producer by the edge that they are one call of
 * (`System`, `Peer`, `Target`), and failed spans of kind Server and Consumer, whose edge is empty, by their type of
 * error. By the end of the span, as the requests.
 */
export function callsRollupTable(dialect: Dialect, ttlDays: number): string {
  return `CREATE TABLE IF NOT EXISTS rollup_calls_10s${dialect.onCluster} (
    Service LowCardinality(String),
    T DateTime('UTC') CODEC(Delta, ZSTD(1)),
    ${dimensionColumns},
    SpanKind LowCardinality(String),
    System LowCardinality(String),
    Peer LowCardinality(String),
    Target LowCardinality(String),
    Failed Bool,
    ErrorType LowCardinality(String),
    N SimpleAggregateFunction(sum, UInt64),
    S SimpleAggregateFunction(sum, UInt64),
    H SimpleAggregateFunction(sumMap, Map(Int16, UInt64))
  ) ENGINE = ${dialect.engine('AggregatingMergeTree')}
  PARTITION BY toDate(T)
  ORDER BY (Service, T, ${dimensionKeys}, ${edgeKeys})
  TTL T + INTERVAL ${ttlDays} DAY
  SETTINGS ${dialect.deduplicationWindow} = 1000, index_granularity = 512, ttl_only_drop_parts = 1,
    fsync_after_insert = 1, fsync_part_directory = 1`
}

/** What a call is of, besides who makes it. */
const edgeKeys = 'SpanKind, System, Peer, Target, Failed, ErrorType'

/** The first of these attributes of a span that is set, '' when none is. */
function first(...names: readonly string[]): string {
  const branches = names.map((name) => `SpanAttributes['${name}'] != '', SpanAttributes['${name}']`)
  return `multiIf(${branches.join(', ')}, '')`
}

const system = first('db.system.name', 'db.system', 'messaging.system', 'rpc.system.name', 'rpc.system')
const isHttp = "SpanAttributes['http.request.method'] != '' OR SpanAttributes['http.method'] != ''"
const peer = first('peer.service', 'service.peer.name', 'server.address', 'net.peer.name')

/**
 * The thing behind the peer. Temporary queues have names of their own, which are as many as there are callers, so that
 * the template of the name stands for them, or no name.
 */
const target = `multiIf(
      SpanAttributes['messaging.destination.template'] != '', SpanAttributes['messaging.destination.template'],
      SpanAttributes['messaging.destination.temporary'] = 'true' OR SpanAttributes['messaging.destination.anonymous'] = 'true', '(temporary)',
      SpanAttributes['messaging.destination.name'] != '', SpanAttributes['messaging.destination.name'],
      ${first('db.namespace', 'db.name')} != '' OR ${first('db.collection.name', 'db.sql.table')} != '',
      trim(BOTH '.' FROM concat(${first('db.namespace', 'db.name')}, '.', ${first('db.collection.name', 'db.sql.table')})),
      ${first('rpc.service', 'url.template')})`

/** What a call is of, from its span, under the names that readers' rows have. The texts stand in a released migration. */
export const edgeOfSpan = `multiIf(${system} != '', ${system}, ${isHttp}, 'http', '') AS system, ${peer} AS peer, ${target} AS target`

/** What went wrong, in the conventions' order: `error.type`, the exception's type, the protocol's status. */
const errorType = `if(StatusCode != 'Error', '', substringUTF8(multiIf(
      SpanAttributes['error.type'] != '', SpanAttributes['error.type'],
      arrayExists(a -> a['exception.type'] != '', \`Events.Attributes\`),
      arrayLast(a -> a['exception.type'] != '', \`Events.Attributes\`)['exception.type'],
      ${first('rpc.grpc.status_code', 'http.response.status_code', 'http.status_code')} != '',
      ${first('rpc.grpc.status_code', 'http.response.status_code', 'http.status_code')}, 'unknown'), 1, 100))`

/**
 * Rows from spans. Sources: OpenTelemetry semantic conventions for HTTP, databases, messaging, RPC and recorded errors,
 * those from before they were stable too.
 */
export function callsRollupView(dialect: Dialect): string {
  return `CREATE MATERIALIZED VIEW IF NOT EXISTS rollup_calls_10s_mv${dialect.onCluster} TO rollup_calls_10s AS
  WITH SpanKind IN ('Client', 'Producer') AS isCall
  SELECT
    ServiceName AS Service,
    ${tickOf('Timestamp + toIntervalNanosecond(Duration)')} AS T,
    ${dimensionsOfResource},
    SpanKind,
    if(isCall, multiIf(${system} != '', ${system}, ${isHttp}, 'http', ''), '') AS System,
    if(isCall, ${peer}, '') AS Peer,
    if(isCall, ${target}, '') AS Target,
    StatusCode = 'Error' AS Failed,
    ${errorType} AS ErrorType,
    count() AS N,
    sum(Duration) AS S,
    sumMapIf(map(toInt16(floor(log2(greatest(Duration, 1)) * ${bucketsPerDoubling})), toUInt64(1)), Duration > 0 AND isCall) AS H
  FROM otel_traces
  WHERE isCall OR (StatusCode = 'Error' AND SpanKind IN ('Server', 'Consumer'))
  GROUP BY Service, T, ${dimensionKeys}, ${edgeKeys}`
}
