import type { Dialect } from './dialect.ts'

/**
 * The log of everything that is not telemetry: deployments, their events, templates, decision changes, delivery
 * attempts, migrations. One row a fact, never changed. A key that was written twice has one winner, the earliest row.
 */
export function factsTable(dialect: Dialect): string {
  return `CREATE TABLE IF NOT EXISTS facts${dialect.onCluster} (
    Kind LowCardinality(String),
    Key String,
    Subject String,
    At DateTime64(6, 'UTC') DEFAULT now64(6),
    Writer String,
    Body String CODEC(ZSTD(1)),
    INDEX idx_subject Subject TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_at At TYPE minmax GRANULARITY 1
  ) ENGINE = ${dialect.engine('MergeTree')}
  ORDER BY (Kind, Key, At, Writer)
  SETTINGS ${dialect.deduplicationWindow} = 10000, index_granularity = 1024,
    fsync_after_insert = 1, fsync_part_directory = 1`
}

/** One row a look: what it closed (the slice), what it knew, what it said. A batch a tick; the earliest row of a look counts. */
export function looksTable(dialect: Dialect): string {
  return `CREATE TABLE IF NOT EXISTS looks${dialect.onCluster} (
    DeploymentId String,
    Look UInt32,
    At DateTime64(3, 'UTC'),
    Watermark DateTime64(3, 'UTC'),
    WrittenAt DateTime64(6, 'UTC') DEFAULT now64(6),
    Writer String,
    Decision LowCardinality(String),
    Code LowCardinality(String),
    EValue Float64,
    PromoteEValue Float64,
    Evidence String CODEC(ZSTD(1)),
    Verdict String CODEC(ZSTD(1))
  ) ENGINE = ${dialect.engine('MergeTree')}
  ORDER BY (DeploymentId, Look, WrittenAt, Writer)
  SETTINGS ${dialect.deduplicationWindow} = 10000, index_granularity = 256,
    fsync_after_insert = 1, fsync_part_directory = 1`
}
