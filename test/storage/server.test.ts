import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { singleNode } from '../../src/storage/dialect.ts'
import { openStorage } from '../../src/storage/open-storage.ts'
import { ServerStorage } from '../../src/storage/server.ts'
import { startFront } from './clickhouse-front.ts'
import { storageConformance } from './storage-conformance.ts'

storageConformance('ClickHouse over HTTP', async () => {
  const front = await startFront()
  const storage = ServerStorage.open(new URL(front.url))
  return {
    storage,
    dialect: singleNode,
    async close() {
      await storage.close()
      await front.close()
    },
  }
})

/** A port of this machine on which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('where nothing listens every statement is STORAGE_DOWN, and what was gone may come back', async () => {
  const url = new URL(`http://127.0.0.1:${await freePort()}`)
  const storage = ServerStorage.open(url)
  const down = { code: 'STORAGE_DOWN', status: 503 }
  await expect(storage.query('SELECT 1')).rejects.toMatchObject(down)
  await expect(storage.command('SELECT 1')).rejects.toMatchObject(down)
  await expect(storage.insertRows('t', [{ a: 1 }], 'x')).rejects.toMatchObject(down)
  const insert = { sql: 'INSERT INTO t SELECT a FROM {source}', structure: 'a UInt8', schema: '', message: 'M' }
  const file = import.meta.filename
  await expect(storage.insertFile({ ...insert, file, settings: {}, token: 'x' })).rejects.toMatchObject(down)
  const back = createServer((_request, response) => response.end('{"x":1}\n'))
  await new Promise<void>((resolve) => back.listen(Number(url.port), '127.0.0.1', resolve))
  expect(await storage.query('SELECT 1 AS x')).toEqual([{ x: 1 }])
  await storage.close()
  await new Promise((resolve) => back.close(resolve))
})

test('a caller who goes away gets its own reason, and the server is not called down', async () => {
  const silent = createServer(() => undefined)
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const storage = ServerStorage.open(new URL(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`))
  const caller = new AbortController()
  const query = storage.query('SELECT 1', {}, caller.signal)
  silent.once('request', () => caller.abort(new Error('gone')))
  await expect(query).rejects.toThrow('gone')
  await storage.close()
  silent.closeAllConnections()
  await new Promise((resolve) => silent.close(resolve))
})

test('a storage URL names the kind, the database and the cluster; any other is refused without its password', async () => {
  const { storage, dialect } = await openStorage('http://user:secret@127.0.0.1:1/db?cluster=main')
  expect([storage.kind, dialect.onCluster, dialect.engine('MergeTree')]).toEqual([
    'server',
    " ON CLUSTER 'main'",
    'ReplicatedMergeTree',
  ])
  await storage.close()
  const refused = await openStorage('postgres://user:secret@host/db').catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'CONFIG' })
  expect(String(refused)).not.toContain('secret')
})
