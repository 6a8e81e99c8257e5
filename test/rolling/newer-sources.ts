import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { currentSources, type Sources } from './older-sources.ts'

/** A row of src/storage/migrations.ts, as a later version has it, but for its number. */
type Row = { readonly name: string; readonly statements: readonly string[]; readonly needsTheOneBefore?: boolean }

const migrationsFile = 'src/storage/migrations.ts'
const endOfRows = '\n]\n\nexport type PlannedMigration'

/** A later version adds: a column to a table that is inserted into, one to the looks, and a table with a view that fills it. */
const added: Row = {
  name: 'spans-by-host',
  statements: [
    `ALTER TABLE otel_traces ADD COLUMN IF NOT EXISTS Host LowCardinality(String) DEFAULT ResourceAttributes['host.name']`,
    "ALTER TABLE looks ADD COLUMN IF NOT EXISTS Note String DEFAULT ''",
    `CREATE TABLE IF NOT EXISTS spans_by_host (ServiceName String, Host String, N UInt64)
      ENGINE = SummingMergeTree ORDER BY (ServiceName, Host)`,
    `CREATE MATERIALIZED VIEW IF NOT EXISTS spans_by_host_mv TO spans_by_host AS
      SELECT ServiceName, Host, count() AS N FROM otel_traces GROUP BY ServiceName, Host`,
  ],
}

/** The version after that takes away what it has no use for, and the one before had none either. */
const takenAway: Row = {
  name: 'no-notes',
  statements: ['ALTER TABLE looks DROP COLUMN IF EXISTS Note'],
  needsTheOneBefore: true,
}

/** This version with one more migration, which only adds; unpacked into a directory, with today's packages. */
export function newerSources(directory: string): Sources {
  return sourcesWith(directory, 'the next version', [added])
}

/** The version after {@link newerSources}: it takes away, and says that a version has to know the one before. */
export function contractingSources(directory: string): Sources {
  return sourcesWith(directory, 'the version after the next', [added, takenAway])
}

function sourcesWith(directory: string, name: string, rows: readonly Row[]): Sources {
  mkdirSync(directory, { recursive: true })
  for (const path of ['src', 'deploy/templates', 'package.json']) {
    cpSync(join(currentSources.root, path), join(directory, path), { recursive: true })
  }
  symlinkSync(join(currentSources.root, 'node_modules'), join(directory, 'node_modules'))
  const file = join(directory, migrationsFile)
  const text = readFileSync(file, 'utf8')
  const [before, after, ...more] = text.split(endOfRows)
  if (after === undefined || more.length > 0) {
    throw new Error(`${migrationsFile}: expected its rows to end once with ${JSON.stringify(endOfRows)}`)
  }
  const ids = [...before!.matchAll(/\bid: (\d+),\s+name:/g)].map(([, id]) => Number(id))
  const made = rows.map((row, index) => {
    const id = Math.max(...ids) + 1 + index
    const needs = row.needsTheOneBefore === true ? `needs: ${id - 1}, ` : ''
    const statements = `() => ${JSON.stringify(row.statements)}`
    return `\n  { id: ${id}, name: ${JSON.stringify(row.name)}, ${needs}statements: ${statements} },`
  })
  writeFileSync(file, [before, ...made, endOfRows, after].join(''))
  return { root: directory, name }
}
