import { histogramScale } from '../domain/evidence.ts'
import type { Dialect } from './dialect.ts'

/** Log buckets a power of two; bucket = floor(log2(nanoseconds) * this). */
const bucketsPerDoubling = 2 ** histogramScale

/**
 * What judges and pages read instead of spans. Bucketed by the *end* of a span: a slow request arrives late, and by
 * its start it would fall behind the watermark just when a canary hangs. `H` counts durations per log bucket (sumMap
 * merges are exact); durations of zero, which a negative one is stored as, are in N and not in H.
 * Ordered by service, with a minmax index on the time, so that one service's window and one tick of all both stay cheap.
 */
export function tracesRollupTable(dialect: Dialect, ttlDays: number): string {
  return `CREATE TABLE IF NOT EXISTS rollup_traces_10s${dialect.onCluster} (
    Service LowCardinality(String),
    T DateTime('UTC') CODEC(Delta, ZSTD(1)),
    Namespace LowCardinality(String),
    Environment LowCardinality(String),
    Version LowCardinality(String),
    Cohort LowCardinality(String),
    ReplicaSet LowCardinality(String),
    Pod String,
    Operation LowCardinality(String),
    SpanKind LowCardinality(String),
    StatusCode LowCardinality(String),
    N SimpleAggregateFunction(sum, UInt64),
    S SimpleAggregateFunction(sum, UInt64),
    H SimpleAggregateFunction(sumMap, Map(Int16, UInt64)),
    INDEX idx_t T TYPE minmax GRANULARITY 1
  ) ENGINE = ${dialect.engine('AggregatingMergeTree')}
  PARTITION BY toDate(T)
  ORDER BY (Service, T, Namespace, Environment, Version, Cohort, ReplicaSet, Pod, Operation, SpanKind, StatusCode)
  TTL T + INTERVAL ${ttlDays} DAY
  SETTINGS ${dialect.deduplicationWindow} = 1000, index_granularity = 512, ttl_only_drop_parts = 1,
    fsync_after_insert = 1, fsync_part_directory = 1`
}

/**
 * Cohort dimensions come from resource attributes; the first name that is set counts. The operation is method and route
 * where the span names a route (many instrumentations call the span just `GET`), else the span's name.
 */
export function tracesRollupView(dialect: Dialect): string {
  return `CREATE MATERIALIZED VIEW IF NOT EXISTS rollup_traces_10s_mv${dialect.onCluster} TO rollup_traces_10s AS
  SELECT
    ServiceName AS Service,
    toStartOfInterval(toDateTime(Timestamp + toIntervalNanosecond(Duration), 'UTC'), INTERVAL 10 SECOND) AS T,
    ResourceAttributes['service.namespace'] AS Namespace,
    multiIf(ResourceAttributes['deployment.environment.name'] != '', ResourceAttributes['deployment.environment.name'],
      ResourceAttributes['deployment.environment'] != '', ResourceAttributes['deployment.environment'], 'default') AS Environment,
    ResourceAttributes['service.version'] AS Version,
    ResourceAttributes['deployment.cohort'] AS Cohort,
    multiIf(ResourceAttributes['k8s.pod.label.pod-template-hash'] != '', ResourceAttributes['k8s.pod.label.pod-template-hash'],
      extract(ResourceAttributes['k8s.replicaset.name'], '[^-]*$')) AS ReplicaSet,
    multiIf(ResourceAttributes['k8s.pod.name'] != '', ResourceAttributes['k8s.pod.name'],
      ResourceAttributes['service.instance.id']) AS Pod,
    multiIf(SpanAttributes['http.route'] = '', SpanName,
      SpanAttributes['http.request.method'] != '', concat(SpanAttributes['http.request.method'], ' ', SpanAttributes['http.route']),
      SpanAttributes['http.method'] != '', concat(SpanAttributes['http.method'], ' ', SpanAttributes['http.route']),
      SpanAttributes['http.route']) AS Operation,
    SpanKind,
    StatusCode,
    count() AS N,
    sum(Duration) AS S,
    sumMapIf(map(toInt16(floor(log2(greatest(Duration, 1)) * ${bucketsPerDoubling})), toUInt64(1)), Duration > 0) AS H
  FROM otel_traces
  GROUP BY Service, T, Namespace, Environment, Version, Cohort, ReplicaSet, Pod, Operation, SpanKind, StatusCode`
}
