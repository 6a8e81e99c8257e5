import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { FreeSpace } from '../../../src/engine/ingest/free-space.ts'

test('what would touch the reserve is refused with 503 and a time; counted is also what was claimed since the last look', async () => {
  const { bavail, bsize } = statfsSync(tmpdir())
  let at = 0
  // All but about 40 % of what is free there is reserved: nothing that other processes do meanwhile comes near it.
  const space = new FreeSpace(tmpdir(), Math.floor(bavail * 0.6) * bsize, () => at)
  const third = Math.floor((bavail / 3) * bsize)
  await space.refresh()
  space.claim(third)
  const refused = { code: 'STORAGE_DOWN', status: 503, retryAfterSeconds: 10, where: tmpdir() }
  expect(() => space.claim(third)).toThrow(expect.objectContaining(refused))
  await space.refresh()
  expect(() => space.claim(third)).toThrow(expect.objectContaining(refused))
  at += 1_000
  await space.refresh()
  space.claim(third)
})

test('where the system does not tell, the write itself decides', async () => {
  const space = new FreeSpace('/no/such/directory', 1e9, () => 0)
  await space.refresh()
  space.claim(1e12)
})
