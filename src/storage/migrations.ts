import { createHash } from 'node:crypto'
import { DavyError } from '../domain/errors.ts'
import type { Storage } from '../domain/storage.ts'
import { callsRollupTable, callsRollupView } from './calls-rollup-table.ts'
import { factsTable, looksTable } from './control-tables.ts'
import { type Dialect, singleNode } from './dialect.ts'
import { durationsRollupTable, explicitDurationsView, exponentialDurationsView } from './durations-rollup-table.ts'
import type { Facts } from './facts.ts'
import { addLogRequests, logsRollupTable, logsRollupView, logTemplatesTable } from './logs-rollup-tables.ts'
import { gaugesRollupView, metricsRollupTable, sumsRollupView } from './metrics-rollup-table.ts'
import { otelTables } from './otel-tables.ts'
import type { Retention as StoredRetention } from './retention.ts'
import { tracesRollupTable, tracesRollupView } from './rollup-tables.ts'
import { addRegionAndSampling } from './traces-sampling.ts'

/** Days that the rows of new tables live; later the configuration may change them. */
type Retention = Pick<StoredRetention, 'rawDays' | 'rollupDays'>

type Migration = {
  readonly id: number
  readonly name: string
  /** Idempotent statements (`IF NOT EXISTS`): a start that died between two of them is repeated. */
  readonly statements: (dialect: Dialect, retention: Retention) => readonly string[]
  /**
   * The newest migration that a version has to know so that it can work on with this one applied. Absent: none, for it only
   * adds. One that takes something away names the migration since which nobody has used it.
   */
  readonly needs?: number
}

/** Forward only. A migration that has been released is never edited; a change is a new row. */
const migrations: readonly Migration[] = [
  { id: 1, name: 'facts', statements: (dialect) => [factsTable(dialect)] },
  { id: 2, name: 'otel-tables', statements: (dialect, retention) => otelTables(dialect, retention.rawDays) },
  {
    id: 3,
    name: 'traces-rollup',
    statements: (dialect, retention) => [tracesRollupTable(dialect, retention.rollupDays), tracesRollupView(dialect)],
  },
  { id: 4, name: 'looks', statements: (dialect) => [looksTable(dialect)] },
  { id: 5, name: 'traces-region-and-sampling', statements: (dialect) => addRegionAndSampling(dialect) },
  {
    id: 6,
    name: 'logs-rollups',
    statements: (dialect, { rollupDays }) => [
      logsRollupTable(dialect, rollupDays),
      logsRollupView(dialect),
      logTemplatesTable(dialect, rollupDays),
    ],
  },
  {
    id: 7,
    name: 'metrics-rollup',
    statements: (dialect, { rollupDays }) => [
      metricsRollupTable(dialect, rollupDays),
      gaugesRollupView(dialect),
      sumsRollupView(dialect),
    ],
  },
  {
    id: 8,
    name: 'durations-rollup',
    statements: (dialect, { rollupDays }) => [
      durationsRollupTable(dialect, rollupDays),
      explicitDurationsView(dialect),
      exponentialDurationsView(dialect),
    ],
  },
  { id: 9, name: 'log-template-requests', statements: (dialect) => addLogRequests(dialect) },
  {
    id: 10,
    name: 'calls-rollup',
    statements: (dialect, { rollupDays }) => [callsRollupTable(dialect, rollupDays), callsRollupView(dialect)],
  },
]

export type PlannedMigration = {
  readonly id: number
  readonly name: string
  /** `newer`: a later version has applied it, and this one can work with what it did. */
  readonly state: 'applied' | 'pending' | 'newer'
  /** None of a newer one. */
  readonly statements: readonly string[]
  /** 0: it only adds. */
  readonly needs: number
}

/** What is on record of a migration; the first versions wrote no `needs`. */
type Applied = { readonly name: string; readonly checksum: string; readonly needs?: number }

/**
 * What `migrate` would do, without doing it, and what a newer version has done, so that one can go back to this one.
 * @throws DavyError CONFIG when a newer version has taken away what this one needs; Error when an applied migration's
 * checksum differs from the code's: then code and data do not belong together.
 */
export async function planMigrations(
  storage: Storage,
  facts: Facts,
  dialect: Dialect,
  retention: Retention,
): Promise<PlannedMigration[]> {
  const applied = await readApplied(storage, facts)
  const newer = [...applied]
    .filter(([id]) => !migrations.some((migration) => migration.id === id))
    .map(([id, body]) => newerMigration(id, body))
  const known = migrations.map((migration): PlannedMigration => {
    const done = applied.get(migration.id)
    if (done !== undefined && done.checksum !== checksum(migration)) {
      throw new Error(
        `Migration ${migration.id} (${migration.name}) was applied with checksum ${done.checksum}, the code has ` +
          `${checksum(migration)}. A released migration must not be edited: restore it and add a new one.`,
      )
    }
    const statements = migration.statements(dialect, retention)
    const { id, name, needs = 0 } = migration
    return { id, name, state: done === undefined ? 'pending' : 'applied', statements, needs }
  })
  return [...known, ...newer]
}

/** @throws DavyError CONFIG when this version cannot work with what the migration did, or cannot know it. */
function newerMigration(id: number, { name, needs }: Applied): PlannedMigration {
  const newest = Math.max(...migrations.map((migration) => migration.id))
  if (typeof needs === 'number' && needs <= newest) return { id, name, state: 'newer', statements: [], needs }
  const wanted = typeof needs === 'number' ? `a version that knows ${needs}` : 'a version that knows it'
  const detail =
    `The storage has migration ${id} (${name}) of a newer Davy, which may have taken away what this version uses: it ` +
    `wants ${wanted}, and this one knows those up to ${newest}. Run the version that applied it.`
  throw new DavyError('CONFIG', detail, {
    expected: wanted,
    got: `one that knows those up to ${newest}`,
    where: 'DAVY_STORAGE_URL',
  })
}

/**
 * Applies what is pending, in order, and records each.
 * @returns the migrations that were applied now, and those of a newer version that this one works with.
 */
export async function migrate(
  storage: Storage,
  facts: Facts,
  dialect: Dialect,
  retention: Retention,
): Promise<{ readonly applied: readonly PlannedMigration[]; readonly newer: readonly PlannedMigration[] }> {
  const planned = await planMigrations(storage, facts, dialect, retention)
  const pending = planned.filter(({ state }) => state === 'pending')
  for (const { id, name, statements, needs } of pending) {
    for (const statement of statements) await storage.command(statement)
    const migration = migrations.find((one) => one.id === id)
    if (migration === undefined) continue
    const body: Applied = { name, checksum: checksum(migration), needs }
    await facts.putOnce('migration', String(id), '', body)
  }
  return { applied: pending, newer: planned.filter(({ state }) => state === 'newer') }
}

async function readApplied(storage: Storage, facts: Facts): Promise<Map<number, Applied>> {
  const tables = await storage.query(
    "SELECT 1 FROM system.tables WHERE database = currentDatabase() AND name = 'facts'",
  )
  if (tables.length === 0) return new Map()
  const rows = await facts.list<Applied>({ kind: 'migration' })
  return new Map(rows.map((row) => [Number(row.key), row.body]))
}

/** Over the text for one node and one day, so that neither dialect nor retention changes it. */
function checksum(migration: Migration): string {
  const text = migration.statements(singleNode, { rawDays: 1, rollupDays: 1 }).join(';\n')
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
