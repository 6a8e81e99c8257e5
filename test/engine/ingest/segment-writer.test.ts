import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Segment, type SegmentLimits, SegmentWriter } from '../../../src/engine/ingest/segment-writer.ts'
import { bytesOf, counting, segmentDirectory, textsIn } from './directory.ts'

type Opened = { readonly writer: SegmentWriter; readonly sealed: Segment[]; readonly troubles: string[] }

const roomy = { maxBytes: 1_000_000, maxAgeMs: 60_000 }

function open(directory: string, limits: SegmentLimits = roomy, isBehind = () => false): Opened {
  const sealed: Segment[] = []
  const troubles: string[] = []
  const writer = new SegmentWriter({
    ...{ directory, limits, newId: counting() },
    now: Date.now,
    onSealed: (segment) => sealed.push(segment),
    isBehind,
    onTrouble: (id) => troubles.push(id),
  })
  return { writer, sealed, troubles }
}

const textsOf = (segments: readonly Segment[]) => segments.flatMap(({ file }) => textsIn(file))

test('an acknowledged body is in the file, in the order of arrival', async () => {
  using directory = segmentDirectory()
  const { writer, sealed } = open(directory.path)
  const texts = Array.from({ length: 200 }, (_, index) => `body ${index}`)
  await writer.append(bytesOf('first'), ['a'])
  expect(directory.files()).toEqual(['id-0001.open'])
  expect(textsIn(join(directory.path, 'id-0001.open'))).toEqual(['first'])
  await Promise.all(texts.map((text) => writer.append(bytesOf(text), ['b'].values())))
  await writer.seal()
  expect(directory.files()).toEqual(['id-0001.seg'])
  expect(textsOf(sealed)).toEqual(['first', ...texts])
  expect(sealed).toMatchObject([{ id: 'id-0001', kinds: new Set(['a', 'b']) }])
  expect(sealed[0]?.bytes).toBe(readFileSync(sealed[0]!.file).length)
})

test('a segment is sealed when it is full, and none becomes larger than that unless by a single body', async () => {
  using directory = segmentDirectory()
  const { writer, sealed } = open(directory.path, { ...roomy, maxBytes: 100 })
  const texts = ['a'.repeat(40), 'b'.repeat(40), 'c'.repeat(40), 'd'.repeat(500), 'e', 'f'.repeat(99), 'g']
  await Promise.all(texts.map((text) => writer.append(bytesOf(text), ['x'])))
  await writer.seal()
  expect(sealed.map(({ file }) => textsIn(file).map((text) => text[0]))).toEqual([
    ['a', 'b'],
    ['c'],
    ['d'],
    ['e'],
    ['f'],
    ['g'],
  ])
})

test('a segment is sealed when it is old, without anybody asking', async () => {
  using directory = segmentDirectory()
  const { writer, sealed } = open(directory.path, { ...roomy, maxAgeMs: 10 })
  await writer.append(bytesOf('old'), ['x'])
  while (sealed.length === 0) await nextTurn()
  expect(textsOf(sealed)).toEqual(['old'])
  expect(writer.openedAt).toBeNull()
})

test('a segment that would stand in line grows instead, until nothing waits before it', async () => {
  using directory = segmentDirectory()
  let isBehind = true
  const { writer, sealed } = open(directory.path, { ...roomy, maxAgeMs: 20 }, () => isBehind)
  await writer.append(bytesOf('first'), ['x'])
  await sleep(80)
  await writer.append(bytesOf('second'), ['x'])
  expect(sealed).toEqual([])
  isBehind = false
  while (sealed.length === 0) await nextTurn()
  expect(sealed.map(({ file }) => textsIn(file))).toEqual([['first', 'second']])
})

test('a segment is sealed at ten times its age, whatever waits', async () => {
  using directory = segmentDirectory()
  const { writer, sealed } = open(directory.path, { ...roomy, maxAgeMs: 20 }, () => true)
  const began = performance.now()
  await writer.append(bytesOf('old'), ['x'])
  while (sealed.length === 0) await nextTurn()
  expect(performance.now() - began).toBeGreaterThan(150)
  expect(textsOf(sealed)).toEqual(['old'])
})

test('a stream of bodies that never pauses does not put off the sealing of an old segment', async () => {
  using directory = segmentDirectory()
  const { writer, sealed } = open(directory.path, { ...roomy, maxBytes: 1e9, maxAgeMs: 20 })
  const appended: Promise<void>[] = []
  while (sealed.length < 3 && appended.length < 500_000) {
    appended.push(writer.append(bytesOf(`body ${appended.length}`), ['x']))
    await nextTurn()
  }
  await Promise.all(appended)
  expect(sealed.length).toBeGreaterThanOrEqual(3)
  await writer.seal()
  expect(textsOf(sealed)).toEqual(appended.map((_, index) => `body ${index}`))
})

test('sealing takes what was appended before, and sealing nothing is nothing', async () => {
  using directory = segmentDirectory()
  const { writer, sealed } = open(directory.path)
  await writer.seal()
  const before = writer.append(bytesOf('before'), ['x'])
  const sealings = Promise.all([writer.seal(), writer.seal()])
  const after = writer.append(bytesOf('after'), ['x'])
  await sealings
  expect(textsOf(sealed)).toEqual(['before'])
  await Promise.all([before, after])
  await writer.seal()
  expect(textsOf(sealed)).toEqual(['before', 'after'])
})

test('a body counts as waiting from the moment of its arrival until its segment was handed over', async () => {
  using directory = segmentDirectory()
  const { writer, sealed } = open(directory.path)
  const arrivedAt = Date.now()
  const appended = writer.append(bytesOf('body'), ['x'])
  expect(writer.openBytes).toBe(5)
  expect(writer.openedAt).toBeGreaterThanOrEqual(arrivedAt)
  let isOver = false
  const over = appended.then(() => writer.seal()).then(() => (isOver = true))
  const unknown: string[] = []
  while (!isOver) {
    if (sealed.length === 0 && (writer.openedAt === null || writer.openBytes < 5)) unknown.push('nobody knows of it')
    await nextTurn()
  }
  await over
  expect(unknown).toEqual([])
  expect([writer.openBytes, writer.openedAt]).toEqual([0, null])
})

test('without its directory nothing is acknowledged and nothing is kept; once it is back all goes on', async () => {
  using directory = segmentDirectory()
  const { writer, sealed } = open(directory.path)
  rmSync(directory.path, { recursive: true })
  const refused = await Promise.allSettled(['a', 'b'].map((text) => writer.append(bytesOf(text), ['x'])))
  expect(refused).toMatchObject([
    { status: 'rejected', reason: { code: 'STORAGE_DOWN', where: directory.path } },
    { status: 'rejected', reason: { code: 'STORAGE_DOWN' } },
  ])
  expect(writer.openBytes).toBe(0)
  mkdirSync(directory.path)
  await writer.append(bytesOf('c'), ['x'])
  await writer.seal()
  expect(textsOf(sealed)).toEqual(['c'])
})

test('a segment whose file cannot be renamed is handed over under its old name', async () => {
  using directory = segmentDirectory()
  const { writer, sealed, troubles } = open(directory.path)
  mkdirSync(join(directory.path, 'id-0001.seg'))
  await writer.append(bytesOf('kept'), ['x'])
  await writer.seal()
  await writer.append(bytesOf('next'), ['x'])
  await writer.seal()
  expect(troubles).toEqual(['id-0001'])
  expect(sealed.map(({ file }) => file)).toEqual(
    ['id-0001.open', 'id-0002.seg'].map((name) => join(directory.path, name)),
  )
  expect(textsOf(sealed)).toEqual(['kept', 'next'])
})

/** Mounting needs rights that a build machine may not give. */
function canMount(directory: string): boolean {
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test('on a full disk bodies are refused whole, and what was acknowledged before and after is there', async (context) => {
  using directory = segmentDirectory()
  const disk = join(directory.path, 'quarantine')
  context.skip(!canMount(disk), 'a tmpfs cannot be mounted here')
  try {
    const filler = join(disk, 'filler')
    writeFileSync(filler, Buffer.alloc(500_000))
    const { writer, sealed, troubles } = open(disk)
    const acknowledged: string[] = []
    let refused = 0
    const send = async (text: string) => {
      await writer.append(bytesOf(text), ['x']).then(
        () => acknowledged.push(text),
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'STORAGE_DOWN', retryAfterSeconds: 10 })
          refused += 1
        },
      )
    }
    for (let index = 0; index < 20; index += 1) await send(`${index} `.padEnd(60_000, '.'))
    expect(refused).toBeGreaterThan(5)
    rmSync(filler)
    await Promise.all([send('small'), send('again '.padEnd(60_000, '.'))])
    await writer.seal()
    expect(acknowledged.slice(-2)).toEqual(['small', 'again '.padEnd(60_000, '.')])
    expect(textsOf(sealed)).toEqual(acknowledged)
    for (const { file, bytes } of sealed) expect(readFileSync(file).length).toBe(bytes)
    expect(troubles).toEqual([])
  } finally {
    execFileSync('/bin/umount', [disk])
  }
})
