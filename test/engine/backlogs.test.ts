import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Storage } from '../../src/domain/storage.ts'
import { Backlogs } from '../../src/engine/backlogs.ts'
import type { Signal } from '../../src/engine/ingest/signals.ts'
import { Facts } from '../../src/storage/facts.ts'
import { type Lab, openLab } from './lab.ts'
import { otherDavy } from './storages.ts'

let lab: Lab
let storage: Storage
let processes = 0
/** How far the time of day is off. */
const clock = { aheadMs: 0 }

beforeAll(async () => {
  lab = await openLab()
})
afterAll(() => lab.close())
beforeEach(async () => {
  storage = await otherDavy(lab.storage, `backlogs${processes}`)
})

/** A process with what waits in it, over the storage that all share. */
function start(waiting: Partial<Record<Signal, number>> = {}) {
  processes += 1
  const process = `process-${processes}`
  const facts = new Facts(storage, process)
  const backlogs = new Backlogs({
    ...{ facts, process, own: (signal) => waiting[signal] ?? null },
    ...{ now: () => lab.now + clock.aheadMs, uptime: () => lab.now },
  })
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

test('what could not be told is told in the next round, and nothing that was heard is lost by it', async () => {
  const [a, c] = [start(), start({ metrics: lab.now - 60_000 })]
  await c.backlogs.tick()
  const facts = new Facts(storage, 'unlucky')
  let failures = 0
  const unlucky = new Backlogs({
    facts: {
      ...{ tail: facts.tail.bind(facts), writes: null },
      // The row is there, and nobody is told.
      putOnce: async (...fact) => {
        const written = await facts.putOnce(...fact)
        failures += 1
        if (failures === 1) throw new Error('the connection broke')
        return written
      },
    },
    ...{ process: 'unlucky', now: () => lab.now, uptime: () => lab.now },
    own: (signal) => (signal === 'traces' && failures < 2 ? lab.now - 60_000 : null),
  })
  await expect(unlucky.tick()).rejects.toThrow('the connection broke')
  expect(unlucky.oldestUnstoredAt('metrics')).toBe(c.waiting.metrics)
  await a.backlogs.tick()
  expect(a.backlogs.oldestUnstoredAt('traces')).toBe(lab.now - 60_000)
  await unlucky.tick()
  await unlucky.tick()
  await a.backlogs.tick()
  expect(a.backlogs.oldestUnstoredAt('traces')).toBeNull()
})

test('a clock that is set back takes nothing back', async () => {
  const [a, b] = [start({ traces: lab.now }), start()]
  await a.backlogs.tick()
  lab.now += 8_000
  await a.backlogs.tick()
  clock.aheadMs = -60_000
  for (let seconds = 0; seconds < 90; seconds += 1) {
    lab.now += 1000
    await a.backlogs.tick()
  }
  await b.backlogs.tick()
  expect(b.backlogs.oldestUnstoredAt('traces')).toBe(a.waiting.traces)
  clock.aheadMs = 0
})
