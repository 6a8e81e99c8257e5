import type { Storage } from '../domain/storage.ts'
import type { Metrics } from '../platform/metrics.ts'

/** The storage with its operations timed and its health told. */
export function measured(storage: Storage, metrics: Metrics): Storage {
  async function time<T>(operation: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now()
    let outcome = 'ok'
    try {
      const result = await work()
      metrics.storageUp.set(1)
      return result
    } catch (error) {
      outcome = 'error'
      if ((error as { code?: string }).code === 'STORAGE_DOWN') metrics.storageUp.set(0)
      throw error
    } finally {
      const labels = { backend: storage.kind, operation, outcome }
      metrics.storageOperationDuration.observe(labels, (performance.now() - started) / 1000)
    }
  }
  return {
    kind: storage.kind,
    query: (sql, params, signal) => time('query', () => storage.query(sql, params, signal)),
    command: (sql, params) => time('command', () => storage.command(sql, params)),
    insertRows: (table, rows, token) => time('insert-rows', () => storage.insertRows(table, rows, token)),
    insertsInto: (table) => storage.insertsInto(table),
    insertFile: (insert) => time('insert-file', () => storage.insertFile(insert)),
    close: () => storage.close(),
  }
}
