import { readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { recoverSegments } from '../../../src/engine/ingest/recover.ts'
import { segmentDirectory, segmentOf, textsIn } from './directory.ts'
import { FakePlans } from './fake-plans.ts'

const now = () => Date.now()
const whole = segmentOf('one', 'two')

/** Recovers a directory in which one file is left. */
async function recoverOne(name: string, content: Uint8Array, plans = new FakePlans()) {
  const directory = segmentDirectory()
  writeFileSync(join(directory.path, name), content)
  const recovered = await recoverSegments(directory.path, plans, now)
  return { directory, recovered, [Symbol.dispose]: () => directory[Symbol.dispose]() }
}

test.each([
  ['a torn body', segmentOf('three').subarray(0, 3)],
  ['a length without a body', Uint8Array.of(0x80)],
  ['zeros', new Uint8Array(4096)],
  ['garbage that has no frame', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 1, 2)],
  ['garbage that looks like a body', segmentOf('invalid')],
  ['a bad body and a torn one', Buffer.concat([segmentOf('invalid'), Uint8Array.of(9, 1)])],
])('an open segment is cut before %s at its end', async (_name, tail) => {
  using left = await recoverOne('a.open', Buffer.concat([whole, tail]))
  const file = join(left.directory.path, 'a.seg')
  expect(left.recovered).toMatchObject({
    tornBytes: tail.length,
    segments: [{ id: 'a', file, bytes: whole.length, kinds: new Set(['traces']) }],
  })
  expect(left.directory.files()).toEqual(['a.seg'])
  expect(readFileSync(file).equals(whole)).toBe(true)
})

test('an open segment is cut behind its last valid body, not before the first that is not', async () => {
  using left = await recoverOne('a.open', segmentOf('one', 'invalid', 'acknowledged later', 'invalid tail'))
  expect(textsIn(join(left.directory.path, 'a.seg'))).toEqual(['one', 'invalid', 'acknowledged later'])
})

test('wherever an open segment is torn, its whole bodies are recovered', async () => {
  using directory = segmentDirectory()
  const texts = ['a', 'b'.repeat(130), 'c'.repeat(20)]
  const bytes = segmentOf(...texts)
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: bytes.length }), async (end) => {
      rmSync(join(directory.path, 'a.seg'), { force: true })
      writeFileSync(join(directory.path, 'a.open'), bytes.subarray(0, end))
      const { segments } = await recoverSegments(directory.path, new FakePlans(), now)
      const expected = texts.filter((_, index) => segmentOf(...texts.slice(0, index + 1)).length <= end)
      expect(segments.flatMap(({ file }) => textsIn(file))).toEqual(expected)
      expect(directory.files()).toEqual(expected.length === 0 ? [] : ['a.seg'])
    }),
    { numRuns: 60 },
  )
})

test.each([
  ['whole', whole],
  ['with a body that is not valid', segmentOf('one', 'invalid')],
  ['with nothing that is valid', segmentOf('invalid')],
  ['with a damaged end', Buffer.concat([whole, Uint8Array.of(200)])],
])('a sealed segment %s keeps every byte', async (_name, content) => {
  using left = await recoverOne('a.seg', content)
  expect(left.recovered).toMatchObject({ tornBytes: 0, segments: [{ id: 'a', bytes: content.length }] })
  expect(readFileSync(join(left.directory.path, 'a.seg')).equals(content)).toBe(true)
})

test('a segment with a body that cannot be understood is tried as every kind, so that none of it is left out', async () => {
  const kinds = ['gauge', 'sum']
  using clear = await recoverOne('a.seg', segmentOf('one'), new FakePlans(kinds))
  expect(clear.recovered.segments[0]?.kinds).toEqual(new Set(['gauge']))
  using unclear = await recoverOne('a.seg', segmentOf('one', 'invalid'), new FakePlans(kinds))
  expect(unclear.recovered.segments[0]?.kinds).toEqual(new Set(kinds))
})

test('segments come oldest first, empty ones and what a repair left are removed, other files are let alone', async () => {
  using directory = segmentDirectory()
  for (const name of ['c.open', 'a.seg', 'b.open']) writeFileSync(join(directory.path, name), segmentOf(name))
  for (const name of ['d.open', 'e.seg', 'f.part', 'note.txt']) writeFileSync(join(directory.path, name), '')
  const { segments } = await recoverSegments(directory.path, new FakePlans(), now)
  expect(segments.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
  expect(directory.files()).toEqual(['a.seg', 'b.seg', 'c.seg', 'note.txt'])
  const again = await recoverSegments(directory.path, new FakePlans(), now)
  expect(again.segments.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
})

test('judges wait for a recovered segment since its file was made, and never since the future', async () => {
  using directory = segmentDirectory()
  const file = join(directory.path, 'a.seg')
  writeFileSync(file, whole)
  utimesSync(file, new Date(4e12), new Date(4e12))
  const { segments } = await recoverSegments(directory.path, new FakePlans(), () => 1_000)
  expect(segments[0]?.openedAt).toBe(1_000)
})
