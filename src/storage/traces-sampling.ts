import { histogramScale } from '../domain/evidence.ts'
import type { Dialect } from './dialect.ts'
import { dimensionKeys, dimensionsOfResource, tickOf } from './rollup-dimensions.ts'

/** Log buckets a power of two; bucket = floor(log2(nanoseconds) * this). */
const bucketsPerDoubling = 2 ** histogramScale

/**
 * The rejection threshold of a span that was sampled, as 1 to 14 hexadecimal digits; '' when its tracestate names none
 * or a malformed one. OpenTelemetry, "TraceState: Probability Sampling": member `ot`, key `th`, lower case.
 */
const threshold = `if(TraceState = '', '',
    extract(TraceState, '(?:^|,)[ \\\\t]*ot=(?:[^,]*?;)?th:([0-9a-f]{1,14})[ \\\\t]*(?:[;,]|$)'))`

/**
 * How many spans one stands for: 2^56 / (2^56 - T), with T's digits left-aligned to 56 bits; the last seven bytes of
 * eight are read as a number. 1 without a threshold.
 */
const adjustedCount = `if(threshold = '', 1., 72057594037927936 /
    (72057594037927936 - reinterpretAsUInt64(reverse(unhex(rightPad(threshold, 14, '0'))))))`

/**
 * The operation of a span: method and route where it names a route (many instrumentations call the span just `GET`), else
 * its name. The text stands in a released migration.
 */
export const operationOfSpan = `multiIf(SpanAttributes['http.route'] = '', SpanName,
      SpanAttributes['http.request.method'] != '', concat(SpanAttributes['http.request.method'], ' ', SpanAttributes['http.route']),
      SpanAttributes['http.method'] != '', concat(SpanAttributes['http.method'], ' ', SpanAttributes['http.route']),
      SpanAttributes['http.route'])`

/**
 * Makes of the rollup of spans one that also knows the region and how strongly spans were sampled. Rows from before
 * count each span as one, like spans that tell no threshold.
 *
 * The view is made anew and not altered: after `MODIFY QUERY` the engine no longer knows the tokens of before, and a
 * segment that is stored again would count twice. What somebody else writes between the two statements (a collector of
 * one's own, on a server) is in the raw table only.
 */
export function addRegionAndSampling(dialect: Dialect): readonly string[] {
  return [
    `ALTER TABLE rollup_traces_10s${dialect.onCluster}
    ADD COLUMN IF NOT EXISTS Region LowCardinality(String),
    ADD COLUMN IF NOT EXISTS A SimpleAggregateFunction(sum, Float64) DEFAULT toFloat64(N),
    ADD COLUMN IF NOT EXISTS WithThreshold SimpleAggregateFunction(sum, UInt64),
    MODIFY ORDER BY (Service, T, Namespace, Environment, Version, Cohort, ReplicaSet, Pod, Operation, SpanKind, StatusCode, Region)`,
    `DROP VIEW IF EXISTS rollup_traces_10s_mv${dialect.onCluster}`,
    sampledTracesView(dialect),
  ]
}

/** By the end of a span, as the table says. */
function sampledTracesView(dialect: Dialect): string {
  return `CREATE MATERIALIZED VIEW IF NOT EXISTS rollup_traces_10s_mv${dialect.onCluster} TO rollup_traces_10s AS
  WITH ${threshold} AS threshold
  SELECT
    ServiceName AS Service,
    ${tickOf('Timestamp + toIntervalNanosecond(Duration)')} AS T,
    ${dimensionsOfResource},
    ${operationOfSpan} AS Operation,
    SpanKind,
    StatusCode,
    count() AS N,
    sum(Duration) AS S,
    sumMapIf(map(toInt16(floor(log2(greatest(Duration, 1)) * ${bucketsPerDoubling})), toUInt64(1)), Duration > 0) AS H,
    sum(${adjustedCount}) AS A,
    countIf(threshold != '') AS WithThreshold
  FROM otel_traces
  GROUP BY Service, T, ${dimensionKeys}, Operation, SpanKind, StatusCode`
}
