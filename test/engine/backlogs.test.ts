import { afterAll, beforeAll, expect, test } from 'vitest'
import { Backlogs } from '../../src/engine/backlogs.ts'
import type { Signal } from '../../src/engine/ingest/signals.ts'
import { Facts } from '../../src/storage/facts.ts'
import { type Lab, openLab } from './lab.ts'

let lab: Lab
let processes = 0

beforeAll(async () => {
  lab = await openLab()
})
afterAll(() => lab.close())

/** A process with what waits in it, over the storage that all share. */
function start(waiting: Partial<Record<Signal, number>> = {}) {
  processes += 1
  const process = `process-${processes}`
  const facts = new Facts(lab.storage, process)
  const backlogs = new Backlogs({ facts, process, own: (signal) => waiting[signal] ?? null, now: () => lab.now })
  return {
    backlogs,
    waiting,
    process,
    written: async () => (await facts.list({ kind: 'backlog', subject: process })).length,
  }
}

test('what waits in one process for long holds back the others, of its signal, until it is stored', async () => {
  const [a, b] = [start(), start()]
  const since = lab.now
  a.waiting.traces = since
  await a.backlogs.tick()
  expect(await a.written()).toBe(0)
  lab.now += 6_000
  await a.backlogs.tick()
  await b.backlogs.tick()
  expect(b.backlogs.oldestUnstoredAt('traces')).toBe(since)
  expect(b.backlogs.oldestUnstoredAt('metrics')).toBeNull()
  b.waiting.traces = since - 1000
  expect(b.backlogs.oldestUnstoredAt('traces')).toBe(since - 1000)
  delete b.waiting.traces
  delete a.waiting.traces
  await a.backlogs.tick()
  await b.backlogs.tick()
  expect(b.backlogs.oldestUnstoredAt('traces')).toBeNull()
  await a.backlogs.tick()
  expect(await a.written()).toBe(2)
})

test('it is told again while it waits on, though not in each round', async () => {
  const [a, b] = [start({ metrics: lab.now - 60_000 }), start()]
  for (let seconds = 0; seconds < 120; seconds += 1) {
    await a.backlogs.tick()
    lab.now += 1000
  }
  await b.backlogs.tick()
  expect(b.backlogs.oldestUnstoredAt('metrics')).toBe(a.waiting.metrics)
  expect(await a.written()).toBe(12)
})

test('a process that says nothing any more holds nobody back for longer than a minute', async () => {
  const [a, b] = [start({ logs: lab.now - 60_000 }), start()]
  await a.backlogs.tick()
  await b.backlogs.tick()
  lab.now += 60_000
  expect(b.backlogs.oldestUnstoredAt('logs')).toBe(a.waiting.logs)
  lab.now += 1
  expect(b.backlogs.oldestUnstoredAt('logs')).toBeNull()
  await b.backlogs.tick()
  expect(b.backlogs.oldestUnstoredAt('logs')).toBeNull()
})

test('what could not be told is told in the next round', async () => {
  const a = start({ traces: lab.now - 60_000 })
  const facts = new Facts(lab.storage, 'broken')
  const failing = {
    ...{ tail: facts.tail.bind(facts), writes: null },
    putOnce: () => Promise.reject(new Error('the storage is gone')),
  }
  const broken = new Backlogs({ facts: failing, process: 'broken', own: () => lab.now - 60_000, now: () => lab.now })
  await expect(broken.tick()).rejects.toThrow('the storage is gone')
  await a.backlogs.tick()
  expect(await a.written()).toBe(1)
})
