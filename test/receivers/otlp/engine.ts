import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Session } from 'chdb'
import type { OtlpInsert } from '../../../src/receivers/otlp/clickhouse.ts'
import { singleNode } from '../../../src/storage/dialect.ts'
import { otelTables } from '../../../src/storage/otel-tables.ts'
import { delimited } from './codec.ts'

/** The embedded engine with the tables of raw telemetry, in a directory of its own. */
export type Engine = {
  /** Stores bodies as one segment. */
  insert(insert: OtlpInsert, bodies: readonly Uint8Array[]): Promise<void>
  rows<Row>(sql: string): Promise<Row[]>
  command(sql: string): Promise<void>
  close(): void
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

export async function openEngine(): Promise<Engine> {
  const directory = mkdtempSync(join(tmpdir(), 'davy-otlp-'))
  const session = new Session(join(directory, 'data'))
  await session.queryAsync("SET session_timezone = 'UTC'")
  for (const ddl of otelTables(singleNode, 30)) await session.queryAsync(ddl)
  return {
    insert: async (insert, bodies) => {
      const file = join(directory, 'segment')
      writeFileSync(file, delimited(bodies))
      // As a string it would leave a `__cache__` in the working directory; a file's name is the key of the engine's cache.
      const schema = join(directory, `${insert.table}.proto`)
      writeFileSync(schema, insert.schema)
      const source = `file(${quote(file)}, 'Protobuf', ${quote(insert.structure)})`
      const settings = Object.entries({
        ...insert.settings,
        format_schema: `${schema}:${insert.message}`,
      }).map(([name, value]) => `${name} = ${typeof value === 'number' ? value : quote(value)}`)
      await session.queryAsync(`${insert.sql.replace('{source}', () => source)} SETTINGS ${settings.join(', ')}`)
    },
    rows: async <Row>(sql: string) => {
      const result = await session.queryAsync(sql, { format: 'JSONEachRow' })
      const lines = result.text().split('\n')
      return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row)
    },
    command: async (sql) => {
      await session.queryAsync(sql)
    },
    close: () => {
      session.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
