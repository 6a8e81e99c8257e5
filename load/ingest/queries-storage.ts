import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Storage } from '../../src/domain/storage.ts'
import { singleNode } from '../../src/storage/dialect.ts'
import { EmbeddedStorage } from '../../src/storage/embedded.ts'
import { Facts } from '../../src/storage/facts.ts'
import { migrate } from '../../src/storage/migrations.ts'

/** Does something with an embedded ClickHouse of its own, with all tables, in a temporary directory that is deleted. */
export async function withTables<T>(work: (storage: Storage) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'davy-queries-'))
  const storage = EmbeddedStorage.open(directory)
  try {
    await migrate(storage, new Facts(storage, 'benchmark'), singleNode, { rawDays: 7, rollupDays: 90 })
    return await work(storage)
  } finally {
    await storage.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

export type TableSize = { readonly rows: number; readonly bytes: number; readonly parts: number }

/** Rows, bytes on disk and active parts of a table. */
export async function sizeOf(storage: Storage, table: string): Promise<TableSize> {
  const [size] = await storage.query<TableSize>(
    `SELECT sum(rows) AS rows, sum(bytes_on_disk) AS bytes, count() AS parts FROM system.parts
     WHERE database = currentDatabase() AND table = {table:String} AND active`,
    { table },
  )
  if (size === undefined) throw new Error(`expected the table ${table} to have parts, got none`)
  return size
}

/**
 * What the rollup of spans takes on disk, and what it would with histograms of half the resolution: pairs of buckets
 * taken together, all else as it is. Both merged into one part a day.
 */
export async function halfResolution(
  storage: Storage,
): Promise<{ readonly full: TableSize; readonly half: TableSize }> {
  const table = 'rollup_traces_10s'
  await storage.command(`CREATE TABLE coarse AS ${table}`)
  await storage.command(
    `INSERT INTO coarse SELECT * REPLACE (CAST(arrayReduce('sumMap', [arrayMap(k -> toInt16(floor(k / 2)), mapKeys(H))],
       [mapValues(H)]), 'Map(Int16, UInt64)') AS H) FROM ${table}`,
  )
  for (const each of [table, 'coarse']) await storage.command(`OPTIMIZE TABLE ${each} FINAL`)
  return { full: await sizeOf(storage, table), half: await sizeOf(storage, 'coarse') }
}
