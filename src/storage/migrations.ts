import { createHash } from 'node:crypto'
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
  readonly state: 'applied' | 'pending'
  readonly statements: readonly string[]
}

type Applied = { readonly name: string; readonly checksum: string }

/**
 * What `migrate` would do, without doing it.
 * @throws Error when an applied migration's checksum differs from the code's: then code and data do not belong together.
 */
export async function planMigrations(
  storage: Storage,
  facts: Facts,
  dialect: Dialect,
  retention: Retention,
): Promise<PlannedMigration[]> {
  const applied = await readApplied(storage, facts)
  for (const id of applied.keys()) {
    if (!migrations.some((migration) => migration.id === id)) {
      throw new Error(`The storage has migration ${id}, which this version does not know. Run a newer Davy.`)
    }
  }
  return migrations.map((migration) => {
    const done = applied.get(migration.id)
    if (done !== undefined && done.checksum !== checksum(migration)) {
      throw new Error(
        `Migration ${migration.id} (${migration.name}) was applied with checksum ${done.checksum}, the code has ` +
          `${checksum(migration)}. A released migration must not be edited: restore it and add a new one.`,
      )
    }
    const statements = migration.statements(dialect, retention)
    return { id: migration.id, name: migration.name, state: done === undefined ? 'pending' : 'applied', statements }
  })
}

/** Applies what is pending, in order, and records each. @returns the migrations that were applied now. */
export async function migrate(
  storage: Storage,
  facts: Facts,
  dialect: Dialect,
  retention: Retention,
): Promise<PlannedMigration[]> {
  const pending = (await planMigrations(storage, facts, dialect, retention)).filter((m) => m.state === 'pending')
  for (const planned of pending) {
    for (const statement of planned.statements) await storage.command(statement)
    const migration = migrations.find((m) => m.id === planned.id)
    if (migration === undefined) continue
    const body: Applied = { name: migration.name, checksum: checksum(migration) }
    await facts.putOnce('migration', String(migration.id), '', body)
  }
  return pending
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
