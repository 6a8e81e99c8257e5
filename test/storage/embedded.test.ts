import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { singleNode } from '../../src/storage/dialect.ts'
import { EmbeddedStorage } from '../../src/storage/embedded.ts'
import { temporaryDirectory } from './opened.ts'
import { storageConformance } from './storage-conformance.ts'

storageConformance('embedded ClickHouse', async () => {
  const [directory, remove] = temporaryDirectory()
  const storage = EmbeddedStorage.open(directory)
  return {
    storage,
    dialect: singleNode,
    async close() {
      await storage.close()
      remove()
    },
  }
})

test('a directory that another process has open, or that is a file, is STORAGE_DOWN', async () => {
  const [directory, remove] = temporaryDirectory()
  const data = join(directory, 'data')
  const storage = EmbeddedStorage.open(data)
  const module = resolve(import.meta.dirname, '../../src/storage/embedded.ts')
  const script = join(directory, 'open.ts')
  writeFileSync(
    script,
    `import { EmbeddedStorage } from ${JSON.stringify(module)}
    try { EmbeddedStorage.open(${JSON.stringify(data)}); process.send('opened') } catch (error) { process.send(error.code) }`,
  )
  const other = fork(script, [], { stdio: 'ignore', execArgv: [] })
  const [[answer]] = await Promise.all([once(other, 'message'), once(other, 'exit')])
  expect(answer).toBe('STORAGE_DOWN')
  expect(await storage.query('SELECT 1 AS x')).toEqual([{ x: 1 }])
  await storage.close()
  const file = join(directory, 'file')
  writeFileSync(file, '')
  expect(() => EmbeddedStorage.open(file)).toThrow(expect.objectContaining({ code: 'STORAGE_DOWN' }))
  remove()
})
