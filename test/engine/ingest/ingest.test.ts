import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { DavyError } from '../../../src/domain/errors.ts'
import { Ingest } from '../../../src/engine/ingest/ingest.ts'
import { bytesOf, counting, segmentDirectory, segmentOf } from './directory.ts'
import { FakePlans, tellingEvents } from './fake-plans.ts'

const limits = { maxBytes: 1_000_000, maxAgeMs: 60_000, backlogMaxBytes: 10_000_000 }
const down = () => new DavyError('STORAGE_DOWN', 'nothing answers')

async function open(directory: string, more: Partial<typeof limits> = {}, traces = new FakePlans()) {
  const plans = {
    traces,
    logs: new FakePlans(['logs']),
    metrics: new FakePlans(['gauge', 'sum']),
    'remote-write': new FakePlans(['gauge', 'sum']),
  }
  const events = tellingEvents()
  const options = { directory, limits: { ...limits, ...more }, plans, newId: counting(), now: Date.now, events }
  return { ingest: await Ingest.open(options), plans, events }
}

/** All files below the directory that are not put aside. */
const filesIn = (directory: string) =>
  readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())

test('each signal is stored by its own plans, and flushing waits for all of it', async () => {
  using directory = segmentDirectory()
  const { ingest, plans } = await open(directory.path)
  await Promise.all([
    ingest.accept('traces', bytesOf('span'), ['traces']),
    ingest.accept('logs', bytesOf('line'), ['logs']),
    ingest.accept('metrics', bytesOf('point'), ['sum']),
  ])
  await ingest.flush()
  expect([plans.traces.stored, plans.logs.stored, plans.metrics.stored]).toEqual([['span'], ['line'], ['sum: point']])
  expect(ingest.backlogBytes()).toBe(0)
  expect(filesIn(directory.path)).toEqual([])
})

test('an ingest that gets nothing inserts nothing and leaves no file', async () => {
  using directory = segmentDirectory()
  const { ingest, plans, events } = await open(directory.path, { maxAgeMs: 1 })
  await new Promise((resolve) => setTimeout(resolve, 50))
  await ingest.flush()
  await ingest.close(1_000)
  expect(Object.values(plans).filter(({ calls }) => calls > 0)).toEqual([])
  expect(events.told).toEqual([])
  expect(filesIn(directory.path)).toEqual([])
})

test('when too much waits to be stored, bodies are refused with 429 and a time, and taken again later', async () => {
  using directory = segmentDirectory()
  const traces = new FakePlans()
  let release = () => {}
  traces.gate = new Promise((resolve) => {
    release = resolve
  })
  const { ingest } = await open(directory.path, { backlogMaxBytes: 2_500, maxBytes: 1_000 }, traces)
  const body = bytesOf('x'.repeat(1_000))
  const answers = await Promise.allSettled([1, 2, 3].map(() => ingest.accept('traces', body, ['traces'])))
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  expect(answers[2]).toMatchObject({ reason: { code: 'OVERLOADED', status: 429, retryAfterSeconds: 10 } })
  await expect(ingest.accept('logs', body, ['logs'])).rejects.toMatchObject({ code: 'OVERLOADED' })
  release()
  await ingest.flush()
  await ingest.accept('traces', body, ['traces'])
  await ingest.flush()
  expect(traces.stored).toHaveLength(3)
})

test('from its acknowledgement until it is stored, a body is counted in the backlog and holds the watermark back', async () => {
  using directory = segmentDirectory()
  const traces = new FakePlans()
  let release = () => {}
  traces.gate = new Promise((resolve) => {
    release = resolve
  })
  const { ingest } = await open(directory.path, { maxAgeMs: 5 }, traces)
  const arrivedAt = Date.now()
  await ingest.accept('traces', bytesOf('body'), ['traces'])
  const samples = new Set<boolean>()
  const sample = () => samples.add(ingest.oldestUnstoredAt('traces') !== null && ingest.backlogBytes() === 5)
  while (traces.calls === 0) {
    sample()
    await nextTurn()
  }
  expect(ingest.oldestUnstoredAt('traces')).toBeGreaterThanOrEqual(arrivedAt)
  expect(ingest.oldestUnstoredAt()).toBe(ingest.oldestUnstoredAt('traces'))
  expect(ingest.oldestUnstoredAt('logs')).toBeNull()
  while (traces.stored.length === 0) {
    sample()
    release()
    await nextTurn()
  }
  expect(samples).toEqual(new Set([true]))
  await ingest.flush()
  expect(ingest.oldestUnstoredAt()).toBeNull()
})

test('closing stores what it can in its time; the rest stays on disk and the next start stores it, once', async () => {
  using directory = segmentDirectory()
  const traces = new FakePlans()
  const first = await open(directory.path, { maxBytes: 10 }, traces)
  await first.ingest.accept('traces', bytesOf('stored'), ['traces'])
  await first.ingest.flush()
  traces.failures.push(...Array.from({ length: 1_000 }, down))
  for (const text of ['left one', 'left two']) await first.ingest.accept('traces', bytesOf(text), ['traces'])
  const closed = first.ingest.close(1)
  await expect(first.ingest.accept('traces', bytesOf('late'), ['traces'])).rejects.toMatchObject({ code: 'STOPPING' })
  await closed
  expect(traces.stored).toEqual(['stored'])
  expect(filesIn(directory.path).map(({ name }) => name.slice(-4))).toEqual(['.seg', '.seg'])
  traces.failures.length = 0
  const second = await open(directory.path, {}, traces)
  await second.ingest.flush()
  expect(traces.stored).toEqual(['stored', 'left one', 'left two'])
  expect(second.events.told[0]).toBe('recovered traces 2 0')
  expect(filesIn(directory.path)).toEqual([])
  await second.ingest.close(1_000)
})

test('what an earlier process left is stored before what comes now', async () => {
  using directory = segmentDirectory()
  mkdirSync(join(directory.path, 'traces'))
  writeFileSync(join(directory.path, 'traces', 'id-0000.open'), Buffer.concat([segmentOf('old'), Uint8Array.of(50, 1)]))
  const { ingest, plans, events } = await open(directory.path)
  await ingest.accept('traces', bytesOf('new'), ['traces'])
  await ingest.flush()
  expect(plans.traces.stored).toEqual(['old', 'new'])
  expect(events.told).toContain('recovered traces 1 2')
})

test('an ingest that cannot read its directory does not start half', async () => {
  using directory = segmentDirectory()
  mkdirSync(join(directory.path, 'traces'))
  writeFileSync(join(directory.path, 'traces', 'id-0000.seg'), segmentOf('old'))
  writeFileSync(join(directory.path, 'metrics'), 'a file where a directory should be')
  const traces = new FakePlans()
  await expect(open(directory.path, {}, traces)).rejects.toThrow()
  await nextTurn()
  expect(traces.calls).toBe(0)
})

test('two processes cannot have the same directory, and a dead one leaves it free', async () => {
  using directory = segmentDirectory()
  const { ingest } = await open(directory.path)
  await expect(open(directory.path)).rejects.toMatchObject({ code: 'CONFIG', where: directory.path })
  await ingest.accept('traces', bytesOf('still taken'), ['traces'])
  await ingest.close(1_000)
  const script = "require('net').createServer().listen(process.argv[1], () => process.send('listening'))"
  const dead = spawn(process.execPath, ['-e', script, join(directory.path, 'lock')], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await once(dead, 'message')
  await expect(open(directory.path)).rejects.toMatchObject({ code: 'CONFIG' })
  dead.kill('SIGKILL')
  await once(dead, 'exit')
  const next = await open(directory.path)
  await next.ingest.close(1_000)
})

test('a directory whose path is too long for a lock beside it is locked all the same', async () => {
  using directory = segmentDirectory()
  const deep = join(directory.path, 'x'.repeat(120))
  const { ingest } = await open(deep)
  await expect(open(deep)).rejects.toMatchObject({ code: 'CONFIG' })
  await ingest.close(1_000)
  const next = await open(deep)
  await next.ingest.close(1_000)
})

test('what is in quarantine counts against the limit of what lies on disk, and can be put back or deleted to make room', async () => {
  using directory = segmentDirectory()
  const { ingest, plans } = await open(directory.path, { backlogMaxBytes: 2_000 })
  const poison = bytesOf('poison'.padEnd(900, '!'))
  await Promise.all([poison, poison].map((body) => ingest.accept('traces', body, ['traces'])))
  await ingest.flush()
  expect(ingest.backlogBytes()).toBe(0)
  const [first, second] = ingest.quarantine.list().map(({ id }) => id)
  const refusal = { code: 'OVERLOADED', got: '0 bytes, and 1800 in quarantine (GET /api/v1/quarantine)' }
  await expect(ingest.accept('logs', bytesOf('x'.repeat(500)), ['logs'])).rejects.toMatchObject(refusal)
  await ingest.quarantine.remove(first!)
  await ingest.accept('logs', bytesOf('x'.repeat(500)), ['logs'])
  plans.traces.isPoison = () => false
  expect(await (await ingest.retry(second!)).outcome).toBe('stored')
  await ingest.flush()
  expect([plans.traces.stored.length, ingest.quarantine.bytes]).toEqual([1, 0])
  await ingest.close(1_000)
  await expect(ingest.retry(second!)).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('a process that dies while a body is put back stores it at its next start, and only once', async () => {
  using directory = segmentDirectory()
  const traces = new FakePlans()
  const first = await open(directory.path, {}, traces)
  await first.ingest.accept('traces', bytesOf('poison'), ['traces'])
  await first.ingest.flush()
  const [{ id }] = first.ingest.quarantine.list() as unknown as [{ id: string }]
  traces.failures.push(...Array.from({ length: 1_000 }, down))
  await first.ingest.retry(id)
  await first.ingest.close(1)
  traces.failures.length = 0
  traces.isPoison = () => false
  const second = await open(directory.path, {}, traces)
  await second.ingest.flush()
  expect([traces.stored, second.ingest.quarantine.list()]).toEqual([['poison'], []])
  await second.ingest.close(1_000)
  expect(filesIn(directory.path)).toEqual([])
})
