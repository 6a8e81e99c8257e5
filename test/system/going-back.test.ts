import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningDavy, startDavy } from '../../load/ingest/start-davy.ts'
import { ServerStorage } from '../../src/storage/server.ts'
import { protobufTraces, until } from '../davy.ts'
import { callOf } from '../http/client.ts'
import { contractingSources, newerSources } from '../rolling/newer-sources.ts'
import { currentSources, type Sources } from '../rolling/older-sources.ts'
import { type Front, startFront } from '../storage/clickhouse-front.ts'

/*
 * Whoever rolled out a newer Davy and does not like it goes back to this one, on a storage that the newer one has brought up
 * to date. The newer one is this one with a further migration. The tests build on each other, in this order.
 */

const spansOfEach = 7
const directory = mkdtempSync(join(tmpdir(), 'davy-going-back-'))
const volume = join(directory, 'volume')
let front: Front
let storage: ServerStorage
let next: Sources
let afterNext: Sources
let davy: RunningDavy | null = null
let deploymentId: string

beforeAll(async () => {
  mkdirSync(volume)
  next = newerSources(join(directory, 'next'))
  afterNext = contractingSources(join(directory, 'after-next'))
  front = await startFront()
  storage = ServerStorage.open(new URL(front.url))
})
afterAll(async () => {
  await davy?.kill()
  await storage?.close()
  await front?.close()
  rmSync(directory, { recursive: true, force: true })
})

async function serve({ root }: Sources): Promise<RunningDavy> {
  const env = { DAVY_STORAGE_URL: front.url, DAVY_INGEST_SEGMENT_MAX_AGE_MS: '200' }
  davy = await startDavy(volume, env, () => {}, root)
  return davy
}

/** Runs a command to its end; the storage is in this process, so nothing may block. */
async function run({ root }: Sources, ...args: readonly string[]): Promise<{ status: number; words: string }> {
  const ports = { DAVY_PORT: '0', DAVY_OTLP_HTTP_PORT: '0', DAVY_OTLP_GRPC_PORT: '0' }
  const child = spawn(process.execPath, [join(root, 'src/main.ts'), ...args], {
    cwd: volume,
    env: { PATH: process.env.PATH, UV_THREADPOOL_SIZE: '16', DAVY_STORAGE_URL: front.url, ...ports },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { status, words: `${out}${err}` }
}

async function send({ otlpUrl }: RunningDavy, version: string): Promise<void> {
  const spans = Array.from({ length: spansOfEach }, () => ({ service: 'cart', version, endAt: Date.now() }))
  const headers = { 'content-type': 'application/x-protobuf' }
  const response = await fetch(`${otlpUrl}/v1/traces`, { method: 'POST', headers, body: protobufTraces(spans) })
  expect(response.status).toBe(200)
}

async function newerMigrationsOf({ url }: RunningDavy): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  return Number(/^davy_storage_newer_migrations (\S+)$/m.exec(metrics)?.[1])
}

/** What the newer version's view has counted, which this version knows nothing of. */
async function countedByView(): Promise<number> {
  const [row] = await storage.query<{ n: number }>('SELECT toUInt32(sum(N)) AS n FROM spans_by_host')
  return row!.n
}

test('a newer version adds to the storage', async () => {
  const running = await serve(next)
  expect(await newerMigrationsOf(running)).toBe(0)
  const body = { service: 'cart', canary: { version: '2' }, baseline: { version: '1' } }
  deploymentId = (await callOf<{ id: string }>(running, 'POST', '/api/v1/deployments', body)).id
  await send(running, '1')
  await until(async () => (await countedByView()) === spansOfEach, 'the spans of the newer version are stored')
  await running.stop()
})

test('this version starts on it, says so, and works: what it stores the newer one finds', async () => {
  const running = await serve(currentSources)
  expect(running.troubles.map((line) => JSON.parse(line))).toMatchObject([
    { level: 'warn', migrations: [{ name: 'spans-by-host' }], msg: expect.stringContaining('a newer Davy has added') },
  ])
  expect(await newerMigrationsOf(running)).toBe(1)
  expect(await callOf(running, 'GET', `/api/v1/deployments/${deploymentId}`)).toMatchObject({ id: deploymentId })
  await send(running, '2')
  await until(async () => (await countedByView()) === 2 * spansOfEach, 'the spans of this version are stored')
  await running.stop()
})

test('its migrate has nothing to do and succeeds, as the hook of a rollback wants it', async () => {
  const { status, words } = await run(currentSources, 'migrate')
  expect(words).toContain('spans-by-host: applied by a newer version\n')
  expect(words).not.toMatch(/: applied$/m)
  expect(status).toBe(0)
})

test('what is taken away later leaves the version before able to work, and no older one starts', async () => {
  expect(await run(afterNext, 'migrate')).toMatchObject({
    status: 0,
    words: expect.stringMatching(/no-notes: applied$/m),
  })
  const known = await run(next, 'migrate')
  expect(known).toMatchObject({ status: 0, words: expect.stringContaining('no-notes: applied by a newer version\n') })
  for (const command of ['serve', 'migrate']) {
    const { status, words } = await run(currentSources, command)
    expect(words).toMatch(/^davy: .*\(no-notes\) of a newer Davy.* wants a version that knows \d+, .*Run the version/m)
    expect(status).toBe(1)
  }
})
