import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Look } from '../src/domain/look.ts'
import type { Storage } from '../src/domain/storage.ts'
import { delimit } from '../src/engine/ingest/delimited.ts'
import { newId } from '../src/platform/ids.ts'
import { runBackup } from '../src/run-backup.ts'
import { Facts } from '../src/storage/facts.ts'
import { Looks } from '../src/storage/looks.ts'
import { migrate } from '../src/storage/migrations.ts'
import { openStorage } from '../src/storage/open-storage.ts'
import { protobufTraces, sendSpans, startDavy, untilStored } from './davy.ts'
import { callOf } from './http/client.ts'
import { startFront } from './storage/clickhouse-front.ts'
import { retention, temporaryDirectory } from './storage/opened.ts'

let directory: string
let remove: () => void

beforeEach(() => {
  ;[directory, remove] = temporaryDirectory()
})
afterEach(() => remove())

const verdict = { id: 'v1', look: 1, decision: 'rollback', reason: { code: 'HARM', summary: 'it fails' } }
const at = Date.now()
const look = {
  ...{ deploymentId: 'd1', look: 1, at, watermark: at - 20_000, evidence: { slice: null } },
  verdict: { ...verdict, confidence: { eValue: 99, promoteEValue: 0 } },
} as unknown as Look

async function write(url: string): Promise<void> {
  const { storage, dialect } = await openStorage(url)
  const facts = new Facts(storage, 'writer')
  await migrate(storage, facts, dialect, retention)
  await facts.putOnce('feedback', 'f1', 'd1', { says: 'well done' })
  await new Looks(storage, 'writer').write([look], 'batch')
  await storage.close()
}

async function expectWritten(storage: Storage): Promise<void> {
  expect(await new Facts(storage, 'reader').list({ kind: 'feedback' })).toMatchObject([{ body: { says: 'well done' } }])
  expect(await new Looks(storage, 'reader').list('d1')).toEqual([look])
}

/** `davy backup` in a process of its own, as people run it. */
async function davyBackup(storageUrl: string, to: string): Promise<{ status: number; out: string; error: string }> {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '../src/main.ts'), 'backup', to], {
    env: { PATH: process.env.PATH, DAVY_STORAGE_URL: storageUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, error, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { status, out, error }
}

test('a copy of the embedded storage is one itself: what was decided, and what was accepted and not yet stored', async () => {
  const [data, copy] = [join(directory, 'data'), join(directory, 'copy')]
  await write(`chdb:${data}`)
  const davy = await startDavy({ DAVY_STORAGE_URL: `chdb:${data}` })
  const deployment = { service: 'cart', canary: { version: '2' }, baseline: { version: '1' } }
  const { id } = await callOf<{ id: string }>(davy, 'POST', '/api/v1/deployments', deployment)
  const spans = [1, 2, 3].map(() => ({ service: 'cart', version: '1', endAt: Date.now() }))
  await sendSpans(davy, spans)
  await untilStored(davy, 'cart', 3)

  const refused = await davyBackup(`chdb:${data}`, copy)
  expect(refused).toMatchObject({ status: 1, out: '', error: expect.stringMatching(/cannot be opened.* is stopped/) })
  await davy.stop()
  expect(readdirSync(directory)).toEqual(['data'])
  // As a Davy leaves it that was killed.
  writeFileSync(join(data, 'segments/traces', `${newId(Date.now())}.open`), delimit(protobufTraces(spans)))

  const made = await davyBackup(`chdb:${data}`, copy)
  expect(made).toMatchObject({
    status: 0,
    error: '',
    out: expect.stringMatching(/ files, [\d.]+ [kM]B: .*\nTo restore: stop/),
  })
  expect(readdirSync(directory).sort()).toEqual(['copy', 'data'])
  expect(statSync(copy).mode & 0o777).toBe(0o700)

  // Nothing that the copy says may come from what it was made of.
  rmSync(data, { recursive: true })
  const restored = await startDavy({ DAVY_STORAGE_URL: `chdb:${copy}` })
  expect(await callOf(restored, 'GET', `/api/v1/deployments/${id}`)).toMatchObject({ id, service: 'cart' })
  await untilStored(restored, 'cart', 6)
  await restored.stop()
  const { storage } = await openStorage(`chdb:${copy}`)
  await expectWritten(storage)
  await storage.close()
}, 60_000)

function backUp(storageUrl: string, to: string): Promise<string> {
  const said: string[] = []
  const clock = { now: () => Date.now(), sleep: () => sleep(50) }
  return runBackup({ storageUrl }, to, { clock, write: (line) => void said.push(line) }).then(() => said.join(''))
}

test('nothing that is there is touched, and no storage is made where none is', async () => {
  const data = join(directory, 'data')
  const { storage } = await openStorage(`chdb:${data}`)
  await storage.close()
  const there = join(directory, 'there')
  mkdirSync(there)
  await expect(backUp(`chdb:${data}`, there)).rejects.toMatchObject({ exitCode: 1, message: /there already/ })
  await expect(backUp(`chdb:${data}`, join(data, 'x'))).rejects.toMatchObject({ exitCode: 2 })
  await expect(backUp(`chdb:${data}`, "Disk('a', 'b')")).rejects.toMatchObject({ exitCode: 2 })
  await expect(backUp(`chdb:${data}`, join(directory, 'no/parent'))).rejects.toMatchObject({
    message: /no backup.*ENOENT/,
  })
  const none = join(directory, 'none')
  await expect(backUp(`chdb:${none}`, join(directory, 'copy'))).rejects.toMatchObject({
    message: /no embedded storage/,
  })
  expect(existsSync(none)).toBe(false)
  expect(readdirSync(directory).sort()).toEqual(['data', 'there'])
})

test('a server backs up its database and restores it, and says why when it will not', async () => {
  const allowed = [`--backups.allowed_path=${directory}`]
  const to = `File('${directory}/davy-1')`
  const front = await startFront(allowed)
  const url = front.url.replace('//', '//davy:hunter2@')
  await write(url)
  const said = await backUp(url, to)
  expect(said).toMatch(/ has \d+ files, [\d.]+ [kM]B: /)
  expect(said).not.toContain('hunter2')
  await expect(backUp(url, to)).rejects.toMatchObject({
    exitCode: 1,
    message: /BACKUP_FAILED.*already exists.* Expected/,
  })
  await expect(backUp(url, "File('/elsewhere')")).rejects.toMatchObject({ message: /allowed_path/ })
  await expect(backUp(url, "Disk('backups', 'davy-1')")).rejects.toMatchObject({ message: /allowed_disk/ })
  await front.close()

  const another = await startFront(allowed)
  const { storage } = await openStorage(another.url)
  const restore = /RESTORE DATABASE `default` FROM File\('[^']+'\)/.exec(said)![0]
  // The default database of the embedded engine is of a kind that a server does not have.
  await storage.command(`${restore} SETTINGS allow_different_database_def = 1`)
  await expectWritten(storage)
  await storage.close()
  await another.close()
})

test('only a destination gets into the statement, and no keys', async () => {
  for (const to of [
    directory,
    "File('a') SETTINGS id = 'x'",
    "File('a\\')",
    "S3('https://bucket/x', 'key', 'secret')",
    "Disk(backups, 'a'); DROP DATABASE x",
  ]) {
    await expect(backUp('http://127.0.0.1:1', to), to).rejects.toMatchObject({
      exitCode: 2,
      message: /Disk\('backups'/,
    })
  }
  for (const to of ["S3(collection, 'a/b')", "S3('https://bucket/x')", "Disk('a', 'b.zip')"]) {
    await expect(backUp('http://127.0.0.1:1', to), to).rejects.toMatchObject({ code: 'STORAGE_DOWN' })
  }
})
