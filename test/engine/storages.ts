import type { Storage } from '../../src/domain/storage.ts'
import { factsTable, looksTable } from '../../src/storage/control-tables.ts'
import { singleNode } from '../../src/storage/dialect.ts'
import { random } from '../stats/random.ts'

/** The same telemetry under other facts and looks, as if another Davy judged it. */
export async function otherDavy(storage: Storage, name: string): Promise<Storage> {
  const rename = (sql: string) => sql.replace(/\b(facts|looks)\b/g, (table) => `${name}_${table}`)
  await storage.command(rename(factsTable(singleNode)))
  await storage.command(rename(looksTable(singleNode)))
  return {
    kind: storage.kind,
    query: (sql, params, signal) => storage.query(rename(sql), params, signal),
    command: (sql, params) => storage.command(rename(sql), params),
    insertRows: (table, rows, token) => storage.insertRows(rename(table), rows, token),
    insertsInto: (table) => storage.insertsInto(rename(table)),
    insertFile: (insert) => storage.insertFile(insert),
    close: () => storage.close(),
  }
}

/** A storage of which a share of the calls fails: half of them before anything is done, half of them after it was. */
export function unreliable(storage: Storage, share: number, seed: number): Storage {
  const source = random(seed)
  async function sometimes<T>(work: () => Promise<T>): Promise<T> {
    const fate = source.uniform()
    if (fate < share / 2) throw new Error('the connection broke before the statement')
    const result = await work()
    if (fate < share) throw new Error('the connection broke before the answer')
    return result
  }
  return {
    kind: storage.kind,
    query: (sql, params, signal) => sometimes(() => storage.query(sql, params, signal)),
    command: (sql, params) => sometimes(() => storage.command(sql, params)),
    insertRows: (table, rows, token) => sometimes(() => storage.insertRows(table, rows, token)),
    insertsInto: (table) => storage.insertsInto(table),
    insertFile: (insert) => sometimes(() => storage.insertFile(insert)),
    close: () => storage.close(),
  }
}
