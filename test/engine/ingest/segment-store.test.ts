import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { DavyError } from '../../../src/domain/errors.ts'
import { StorageError } from '../../../src/domain/storage.ts'
import { Quarantine } from '../../../src/engine/ingest/quarantine.ts'
import { type Patience, SegmentStore } from '../../../src/engine/ingest/segment-store.ts'
import type { Segment } from '../../../src/engine/ingest/segment-writer.ts'
import { bytesOf, segmentOf, signalDirectory, textsIn } from './directory.ts'
import { FakePlans, tellingEvents } from './fake-plans.ts'

type Directory = ReturnType<typeof signalDirectory>

const down = () => new DavyError('STORAGE_DOWN', 'nothing answers')

const quick: Patience = { firstDelayMs: 1, lastDelayMs: 2, failures: 4 }

async function open(directory: Directory, plans: FakePlans) {
  const events = tellingEvents()
  const now = () => 5_000
  const quarantine = await Quarantine.open(dirname(directory.path), ['traces'], now)
  const options = { signal: 'traces', directory: directory.path, plans, quarantine, now, events } as const
  return { events, quarantine, store: new SegmentStore({ ...options, patience: quick }) }
}

/** Writes a sealed segment. */
function segment(
  directory: Directory,
  id: string,
  content: Uint8Array,
  kinds: readonly string[] = ['traces'],
): Segment {
  const file = join(directory.path, `${id}.seg`)
  writeFileSync(file, content)
  return { id, file, bytes: content.length, openedAt: 1_000, kinds: new Set(kinds) }
}

test('segments are stored in the order of their arrival, also when the storage fails for a while', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans()
  plans.failures.push(down(), new StorageError(241, 'memory limit exceeded'))
  const { store, events } = await open(directory, plans)
  for (const id of ['a', 'b', 'c']) store.add(segment(directory, id, segmentOf(`${id}1`, `${id}2`)))
  expect([store.oldestAt, store.bytes]).toEqual([1_000, 18])
  await store.idle()
  expect(plans.stored).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2'])
  expect(events.told).toEqual([
    ...['retrying traces a', 'retrying traces a'],
    ...['stored traces a', 'stored traces b', 'stored traces c'],
  ])
  expect(directory.files()).toEqual([])
  expect([store.oldestAt, store.bytes]).toEqual([null, 0])
})

test('an INSERT that was done but not answered is not done twice', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans()
  const { store } = await open(directory, plans)
  const first = segment(directory, 'a', segmentOf('once'))
  await plans.insert('traces', first.file, 'a:traces')
  store.add(first)
  await store.idle()
  expect(plans.stored).toEqual(['once'])
  expect(plans.calls).toBe(2)
})

test('every kind in a segment has an INSERT and a token of its own', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans(['gauge', 'sum', 'histogram'])
  const { store } = await open(directory, plans)
  store.add(segment(directory, 'a', segmentOf('x'), ['gauge', 'sum']))
  await store.idle()
  expect(plans.stored).toEqual(['gauge: x', 'sum: x'])
  expect(plans.tokens).toEqual(['a:gauge', 'a:sum'])
})

test('bodies that cannot be read go aside, and all their neighbours are stored once', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans()
  const { store, events } = await open(directory, plans)
  const texts = Array.from({ length: 33 }, (_, index) =>
    [0, 7, 8, 32].includes(index) ? `poison ${index}` : `${index}`,
  )
  store.add(segment(directory, 'a', segmentOf(...texts)))
  store.add(segment(directory, 'b', segmentOf('next')))
  await store.idle()
  expect(plans.stored).toEqual([...texts.filter((text) => !text.startsWith('poison')), 'next'])
  expect(events.quarantine.flatMap(textsIn)).toEqual(['poison 0', 'poison 7', 'poison 8', 'poison 32'])
  expect(new Set(events.quarantine.map((file) => basename(file))).size).toBe(4)
  expect(directory.files()).toEqual([])
})

test('a sifting that was cut off and begins again stores nothing twice', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans()
  const content = segmentOf('1', '2', '3', 'poison', '5')
  for (let start = 0; start < 3; start += 1) {
    const { store } = await open(directory, plans)
    store.add(segment(directory, 'a', content))
    // The storage goes away in the middle, and the process with it.
    for (let call = 0; call < start * 3 + 2; call += 1) await new Promise((resolve) => setImmediate(resolve))
    await store.stop()
  }
  const { store } = await open(directory, plans)
  store.add(segment(directory, 'a', content))
  await store.idle()
  expect([...plans.stored].sort()).toEqual(['1', '2', '3', '5'])
})

test('a statement that fails over nothing at all blames no body: the segment waits until it works', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans()
  const broken = () => new StorageError(36, 'the server does not know this format')
  plans.failures.push(broken(), broken())
  const { store, events } = await open(directory, plans)
  store.add(segment(directory, 'a', segmentOf('good', 'also good')))
  await store.idle()
  expect(events.quarantine).toEqual([])
  expect(plans.stored).toEqual(['good', 'also good'])
  expect(events.told).toEqual(['retrying traces a', 'stored traces a'])
})

test('of a damaged segment the bodies in front are stored and the rest goes aside', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans()
  const { store, events } = await open(directory, plans)
  store.add(segment(directory, 'a', Buffer.concat([segmentOf('one', 'two'), Uint8Array.of(99, 1, 2)])))
  await store.idle()
  expect(plans.stored).toEqual(['one', 'two'])
  expect(events.quarantine.map((file) => [...readFileSync(file)])).toEqual([[99, 1, 2]])
})

test('bytes behind what was acknowledged are not stored', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans()
  const { store } = await open(directory, plans)
  const written = segment(directory, 'a', segmentOf('acknowledged', 'refused'))
  store.add({ ...written, bytes: segmentOf('acknowledged').length })
  await store.idle()
  expect(plans.stored).toEqual(['acknowledged'])
})

test('an empty segment is removed without an INSERT, and nobody is told that it was stored', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans()
  const { store, events } = await open(directory, plans)
  store.add(segment(directory, 'a', new Uint8Array(), []))
  await store.idle()
  expect([plans.calls, directory.files(), events.told]).toEqual([0, [], []])
})

test('stopping ends the waiting for a storage that is down and leaves the segments on disk', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans()
  plans.failures.push(...Array.from({ length: 100 }, down))
  const { store } = await open(directory, plans)
  for (const id of ['a', 'b']) store.add(segment(directory, id, segmentOf(id)))
  await new Promise((resolve) => setImmediate(resolve))
  await store.stop()
  expect(plans.stored).toEqual([])
  expect(directory.files()).toEqual(['a.seg', 'b.seg'])
})

test('stopping waits for the INSERT that runs and starts no other; what comes later stays on disk', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans()
  let release = () => {}
  plans.gate = new Promise((resolve) => {
    release = resolve
  })
  const { store } = await open(directory, plans)
  for (const id of ['a', 'b']) store.add(segment(directory, id, segmentOf(id)))
  while (plans.calls === 0) await new Promise((resolve) => setImmediate(resolve))
  const stopped = store.stop()
  release()
  await stopped
  expect(plans.stored).toEqual(['a'])
  store.add(segment(directory, 'c', segmentOf('c')))
  await store.idle()
  expect(existsSync(join(directory.path, 'b.seg')) && existsSync(join(directory.path, 'c.seg'))).toBe(true)
  expect(plans.calls).toBe(1)
})

test('a segment that fails while the next one is stored goes aside whole, so that it blocks nobody', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans()
  plans.refuses = (text) => (text.startsWith('heavy') ? new StorageError(241, 'memory limit exceeded') : null)
  const { store, events, quarantine } = await open(directory, plans)
  store.add(segment(directory, 'a', segmentOf('heavy', 'beside it')))
  for (const id of ['b', 'c']) store.add(segment(directory, id, segmentOf(id)))
  await store.idle()
  expect(plans.stored).toEqual(['b', 'c'])
  expect(events.told).toEqual([
    ...Array.from({ length: 4 }, () => 'retrying traces a'),
    ...['stored traces b', 'quarantined traces', 'stored traces c'],
  ])
  expect(quarantine.list()).toMatchObject([{ id: 'a', kinds: ['traces'], bodies: 2, error: { code: 241 } }])
  expect([store.oldestAt, store.bytes, directory.files()]).toEqual([null, 0, []])
  // Put back whole: the tokens are those of before, so rows that were in already do not come twice.
  plans.refuses = () => null
  const { segment: again, outcome } = await quarantine.release('a')
  store.add(again)
  expect(await outcome).toBe('stored')
  expect(plans.stored).toEqual(['b', 'c', 'heavy', 'beside it'])
  expect(plans.tokens).toEqual(['b:traces', 'c:traces', 'a:traces'])
})

test('a full disk, or a storage that takes nothing at all, puts nothing aside', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans()
  const failure = { code: 243 }
  plans.refuses = () => new StorageError(failure.code, 'not now')
  const { store, events, quarantine } = await open(directory, plans)
  for (const id of ['a', 'b', 'c']) store.add(segment(directory, id, segmentOf(id)))
  const failures = (count: number) => events.errors.length >= count
  while (!failures(12)) await new Promise((resolve) => setTimeout(resolve, 1))
  failure.code = 241
  while (!failures(24)) await new Promise((resolve) => setTimeout(resolve, 1))
  plans.refuses = () => null
  await store.idle()
  expect(quarantine.list()).toEqual([])
  expect([...plans.stored].sort()).toEqual(['a', 'b', 'c'])
})

test('a body that is put back is stored once under one token, however often; one that fails again comes back', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans()
  const { store, quarantine } = await open(directory, plans)
  store.add(segment(directory, 'a', segmentOf('good', 'poison', 'fine')))
  await store.idle()
  const [body] = quarantine.list()
  expect(body).toMatchObject({ id: 'a-traces-1-2', bytes: 6, bodies: 1, retries: 0, error: { code: 444 } })
  expect(await quarantine.read('a-traces-1-2')).toEqual(Buffer.from(bytesOf('poison')))
  const first = await quarantine.release('a-traces-1-2')
  await expect(quarantine.release('a-traces-1-2')).rejects.toMatchObject({ code: 'CONFLICT' })
  await expect(quarantine.remove('a-traces-1-2')).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(quarantine.size('traces')).toEqual({ bodies: 0, bytes: 0 })
  store.add(first.segment)
  expect(await first.outcome).toBe('quarantined')
  expect(quarantine.list()).toMatchObject([{ id: 'a-traces-1-2', retries: 1, isRetrying: false }])
  plans.isPoison = () => false
  const second = await quarantine.release('a-traces-1-2')
  store.add(second.segment)
  expect(await second.outcome).toBe('stored')
  expect(plans.stored).toEqual(['good', 'fine', 'poison'])
  expect([quarantine.list(), quarantine.bytes, directory.files()]).toEqual([[], 0, []])
  expect(readdirSync(join(directory.path, 'quarantine'))).toEqual([])
})

test('a retry that the process did not survive goes on at the next start, for its own kinds only', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans(['gauge', 'sum'])
  plans.refuses = (_text, kind) => (kind === 'sum' ? new StorageError(444, 'cannot read the message') : null)
  const { store, quarantine } = await open(directory, plans)
  store.add(segment(directory, 'a', segmentOf('x'), ['gauge', 'sum']))
  await store.idle()
  expect([plans.stored, quarantine.list()]).toMatchObject([['gauge: x'], [{ id: 'a-sum-0-1', kinds: ['sum'] }]])
  await quarantine.release('a-sum-0-1')
  plans.refuses = () => null
  for (let start = 0; start < 2; start += 1) {
    const next = await open(directory, plans)
    for (const each of await next.quarantine.released('traces')) next.store.add(each)
    await next.store.idle()
  }
  expect(plans.stored).toEqual(['gauge: x', 'sum: x'])
  expect(directory.files()).toEqual([])
  expect(readdirSync(join(directory.path, 'quarantine'))).toEqual([])
})

test('what went in at a second reading has the token of its segment, so that a replay adds nothing', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans()
  plans.failures.push(new StorageError(32, 'attempt to read after eof'))
  const { store, quarantine } = await open(directory, plans)
  const content = segmentOf('1', '2')
  store.add(segment(directory, 'a', content))
  await store.idle()
  store.add(segment(directory, 'a', content))
  await store.idle()
  expect([plans.stored, plans.tokens, quarantine.list()]).toEqual([['1', '2'], ['a:traces'], []])
})

test('the kinds that were stored before a segment went aside are not stored again, however late and often it is put back', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans(['gauge', 'sum', 'histogram', 'summary'])
  const failing = new Set(['sum', 'histogram'])
  const heavy = new StorageError(241, 'memory limit exceeded')
  plans.refuses = (text, kind) => (text === 'x' && failing.has(kind) ? heavy : null)
  const { store, quarantine } = await open(directory, plans)
  const again = async (next: string) => {
    plans.forgetTokens()
    const { segment: released, outcome } = await quarantine.release('a')
    store.add(released)
    store.add(segment(directory, next, segmentOf(next), ['gauge']))
    return outcome
  }
  store.add(segment(directory, 'a', segmentOf('x'), ['gauge', 'sum', 'histogram', 'summary']))
  store.add(segment(directory, 'b', segmentOf('b'), ['gauge']))
  await store.idle()
  expect(quarantine.list()).toMatchObject([{ id: 'a', kinds: ['sum', 'histogram', 'summary'] }])
  failing.delete('sum')
  expect(await again('c')).toBe('quarantined')
  await store.idle()
  // Also after a restart: it is in the record.
  const { quarantine: reopened } = await open(directory, plans)
  expect(reopened.list()).toMatchObject([{ id: 'a', kinds: ['histogram', 'summary'], retries: 1 }])
  plans.refuses = (text, kind) => (text === 'x' && kind === 'histogram' ? new StorageError(444, 'cannot read') : null)
  expect(await again('d')).toBe('quarantined')
  plans.refuses = () => null
  expect(await again('e')).toBe('stored')
  await store.idle()
  expect(plans.stored.filter((row) => row.endsWith(' x'))).toEqual(['gauge: x', 'sum: x', 'histogram: x', 'summary: x'])
})

test('several bad segments in a row block nobody: later ones are tried in turn', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans()
  plans.refuses = (text) => (text.startsWith('heavy') ? new StorageError(241, 'memory limit exceeded') : null)
  const { store, quarantine } = await open(directory, plans)
  const texts = ['heavy 1', 'heavy 2', 'heavy 3', 'd', 'e', 'f']
  for (const text of texts) store.add(segment(directory, text.replace(' ', '-'), segmentOf(text)))
  await store.idle()
  expect(plans.stored).toEqual(['d', 'e', 'f'])
  expect(quarantine.list().map(({ id }) => id)).toEqual(['heavy-3', 'heavy-2', 'heavy-1'])
  expect(directory.files()).toEqual([])
})

test('a segment goes aside also when its record cannot be written; it is put back only once that can be', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans()
  plans.refuses = (text) => (text === 'heavy' ? new StorageError(241, 'memory limit exceeded') : null)
  const { store, quarantine, events } = await open(directory, plans)
  const aside = join(directory.path, 'quarantine')
  const inTheWay = join(aside, 'a.json.tmp')
  mkdirSync(inTheWay)
  store.add(segment(directory, 'a', segmentOf('heavy')))
  for (const id of ['b', 'c']) store.add(segment(directory, id, segmentOf(id)))
  while (quarantine.list().length === 0 && events.errors.length < 12) await new Promise((go) => setTimeout(go, 1))
  expect(quarantine.list()).toMatchObject([{ id: 'a', kinds: ['traces'], error: { code: 241 } }])
  await store.idle()
  expect(plans.stored).toEqual(['b', 'c'])
  expect(events.errors.map(({ message }) => message)).toContainEqual(expect.stringContaining('a.json.tmp'))
  await expect(quarantine.release('a')).rejects.toMatchObject({ code: 'STORAGE_DOWN' })
  expect(readdirSync(aside).sort()).toEqual(['a.json.tmp', 'a.pb'])
  rmdirSync(inTheWay)
  const { segment: released } = await quarantine.release('a')
  expect(readdirSync(aside)).toEqual(['a.json'])
  store.add(released)
  // It comes back with a record that cannot be written either.
  mkdirSync(inTheWay)
  for (const id of ['d', 'e']) store.add(segment(directory, id, segmentOf(id)))
  while (quarantine.list()[0]?.isRetrying && events.errors.length < 24) await new Promise((go) => setTimeout(go, 1))
  expect(quarantine.list()).toMatchObject([{ id: 'a', retries: 1, isRetrying: false }])
  await store.idle()
})

test('without a record only a signal of one kind is put back; of others nothing is taken for stored, nor lost', async () => {
  using directory = signalDirectory()
  const aside = join(directory.path, 'quarantine')
  mkdirSync(aside)
  writeFileSync(join(directory.path, 'a.again'), segmentOf('x'))
  const root = dirname(directory.path)
  const one = await Quarantine.open(
    root,
    ['traces'],
    () => 5_000,
    () => ['traces'],
  )
  expect(await one.released('traces')).toMatchObject([{ id: 'a', kinds: new Set(['traces']) }])
  const several = await Quarantine.open(
    root,
    ['traces'],
    () => 5_000,
    () => ['gauge', 'sum'],
  )
  expect(await several.released('traces')).toEqual([])
  expect(several.list()).toMatchObject([{ id: 'a', kinds: [], isRetrying: false }])
  expect(readdirSync(aside)).toEqual(['a.pb'])
})

test('a record that names kinds which are in by now does not survive a full disk', async () => {
  using directory = signalDirectory()
  const plans = new FakePlans(['gauge', 'sum'])
  const failing = new Set(['gauge', 'sum'])
  plans.refuses = (text, kind) => (text === 'x' && failing.has(kind) ? new StorageError(241, 'memory limit') : null)
  const { store, quarantine } = await open(directory, plans)
  store.add(segment(directory, 'a', segmentOf('x'), ['gauge', 'sum']))
  store.add(segment(directory, 'b', segmentOf('b'), ['gauge']))
  await store.idle()
  failing.delete('gauge')
  const inTheWay = join(directory.path, 'quarantine', 'a.json.tmp')
  const { segment: released, outcome } = await quarantine.release('a')
  mkdirSync(inTheWay)
  store.add(released)
  store.add(segment(directory, 'c', segmentOf('c'), ['gauge']))
  expect(await outcome).toBe('quarantined')
  await store.idle()
  rmdirSync(inTheWay)
  const { quarantine: reopened } = await open(directory, plans)
  expect(quarantine.list()).toMatchObject([{ id: 'a', kinds: ['sum'] }])
  expect(reopened.list()).toMatchObject([{ id: 'a', kinds: [] }])
})
