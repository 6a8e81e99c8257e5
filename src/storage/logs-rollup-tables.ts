import type { Dialect } from './dialect.ts'
import { dimensionColumns, dimensionKeys, dimensionsOfResource, tickOf } from './rollup-dimensions.ts'

/** The severity of a row of `otel_logs`. It stands in a released migration: never edit it. */
export const severityOfRecord = `toUInt8(multiIf(otel_logs.SeverityNumber BETWEEN 1 AND 24, intDiv(otel_logs.SeverityNumber - 1, 4) * 4 + 1,
      transform(upper(SeverityText),
        ['TRACE', 'DEBUG', 'INFO', 'INFORMATION', 'NOTICE', 'WARN', 'WARNING', 'ERR', 'ERROR', 'FATAL', 'CRIT', 'CRITICAL', 'ALERT', 'EMERG', 'EMERGENCY', 'PANIC'],
        [1, 5, 9, 9, 9, 13, 13, 17, 17, 21, 21, 21, 21, 21, 21, 21], 0)))`

/** Log records by severity. SeverityNumber is the lowest of its range: 1, 5, 9, 13, 17, 21 (trace to fatal), 0 for none. */
export function logsRollupTable(dialect: Dialect, ttlDays: number): string {
  return `CREATE TABLE IF NOT EXISTS rollup_logs_10s${dialect.onCluster} (
    Service LowCardinality(String),
    T DateTime('UTC') CODEC(Delta, ZSTD(1)),
    ${dimensionColumns},
    SeverityNumber UInt8,
    N SimpleAggregateFunction(sum, UInt64),
    INDEX idx_t T TYPE minmax GRANULARITY 1
  ) ENGINE = ${dialect.engine('AggregatingMergeTree')}
  PARTITION BY toDate(T)
  ORDER BY (Service, T, ${dimensionKeys}, SeverityNumber)
  TTL T + INTERVAL ${ttlDays} DAY
  SETTINGS ${dialect.deduplicationWindow} = 1000, index_granularity = 512, ttl_only_drop_parts = 1,
    fsync_after_insert = 1, fsync_part_directory = 1`
}

/**
 * Records lie in the ten seconds of their Timestamp, which is the observed one where they have no time of their own.
 * Many senders set only the text of the severity; then its usual words say the range.
 */
export function logsRollupView(dialect: Dialect): string {
  return `CREATE MATERIALIZED VIEW IF NOT EXISTS rollup_logs_10s_mv${dialect.onCluster} TO rollup_logs_10s AS
  SELECT
    ServiceName AS Service,
    ${tickOf('Timestamp')} AS T,
    ${dimensionsOfResource},
    ${severityOfRecord} AS SeverityNumber,
    count() AS N
  FROM otel_logs
  GROUP BY Service, T, ${dimensionKeys}, SeverityNumber`
}

/**
 * Log records by the skeleton of their text. No view fills it: skeletons are found in code, and a job of the engine
 * writes the rows. `Skeleton` is the hash of the masked text and stays the same for ever, 0 where there were too many;
 * templates are made of skeletons when they are read. `Example` is a line of which the skeleton can be made again, or
 * one with the skeleton behind it; '' where another row of the tick has it.
 */
export function logTemplatesTable(dialect: Dialect, ttlDays: number): string {
  return `CREATE TABLE IF NOT EXISTS rollup_log_templates_10s${dialect.onCluster} (
    Service LowCardinality(String),
    T DateTime('UTC') CODEC(Delta, ZSTD(1)),
    ${dimensionColumns},
    SeverityNumber UInt8,
    Skeleton UInt64,
    N SimpleAggregateFunction(sum, UInt64),
    FirstSeen SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    LastSeen SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    Example SimpleAggregateFunction(any, String) CODEC(ZSTD(1)),
    INDEX idx_t T TYPE minmax GRANULARITY 1
  ) ENGINE = ${dialect.engine('AggregatingMergeTree')}
  PARTITION BY toDate(T)
  ORDER BY (Service, T, ${dimensionKeys}, SeverityNumber, Skeleton)
  TTL T + INTERVAL ${ttlDays} DAY
  SETTINGS ${dialect.deduplicationWindow} = 1000, index_granularity = 512, ttl_only_drop_parts = 1,
    fsync_after_insert = 1, fsync_part_directory = 1`
}

/**
 * Makes of the table of skeletons one that also knows how many requests a message came from: distinct traces, and each
 * line that names none. Only warnings and worse are counted so; of other rows it is 0.
 */
export function addLogRequests(dialect: Dialect): readonly string[] {
  return [
    `ALTER TABLE rollup_log_templates_10s${dialect.onCluster}
    ADD COLUMN IF NOT EXISTS Requests SimpleAggregateFunction(sum, UInt64) AFTER N`,
  ]
}
