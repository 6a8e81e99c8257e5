import type { Storage } from '../domain/storage.ts'
import type { Dialect } from './dialect.ts'
import { otelTimes } from './otel-tables.ts'

/** Days that stored rows live. Facts, which decisions rest on, live for ever. */
export type Retention = { readonly rawDays: number; readonly rollupDays: number; readonly lookDays: number }

/**
 * Brings the time to live of the tables to what is configured; the engine deletes in the background. Run after every
 * migration, since the days may change without one. @returns the tables that were changed.
 */
export async function applyRetention(
  storage: Storage,
  dialect: Dialect,
  retention: Retention,
): Promise<readonly string[]> {
  const wanted = [
    ...otelTimes.map(({ table, time }) => ({ table, time, days: retention.rawDays })),
    { table: 'rollup_traces_10s', time: 'T', days: retention.rollupDays },
    { table: 'looks', time: 'toDateTime(At)', days: retention.lookDays },
  ]
  const engines = await storage.query<{ name: string; engine: string }>(
    'SELECT name, engine_full AS engine FROM system.tables WHERE database = currentDatabase()',
  )
  const changed: string[] = []
  for (const { table, time, days } of wanted) {
    const engine = engines.find(({ name }) => name === table)?.engine ?? ''
    if (engine.includes(`toIntervalDay(${days})`)) continue
    await storage.command(`ALTER TABLE ${table}${dialect.onCluster} MODIFY TTL ${time} + INTERVAL ${days} DAY`)
    changed.push(table)
  }
  return changed
}
