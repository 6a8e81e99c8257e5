import { randomUUID } from 'node:crypto'
import { describe } from 'vitest'
import { singleNode } from '../../src/storage/dialect.ts'
import { ServerStorage } from '../../src/storage/server.ts'
import { storageConformance } from './storage-conformance.ts'

/** `CLICKHOUSE_URL=http://user:password@host:8123 npm run test:conformance`; the user must be allowed to make databases. */
const serverUrl = process.env.CLICKHOUSE_URL ?? ''

describe('the server that CLICKHOUSE_URL names', () => {
  storageConformance('ClickHouse server', async () => {
    const database = `davy_conformance_${randomUUID().replaceAll('-', '')}`
    const admin = ServerStorage.open(new URL(serverUrl))
    await admin.command(`CREATE DATABASE ${database}`)
    const url = new URL(serverUrl)
    url.pathname = `/${database}`
    const storage = ServerStorage.open(url)
    return {
      storage,
      dialect: singleNode,
      async close() {
        await storage.close()
        await admin.command(`DROP DATABASE ${database}`)
        await admin.close()
      },
    }
  })
})
