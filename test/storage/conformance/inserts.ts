import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { StorageError } from '../../../src/domain/storage.ts'
import { delimit } from '../../../src/engine/ingest/delimited.ts'
import { inserts } from '../../../src/receivers/index.ts'
import { type Opened, temporaryDirectory } from '../opened.ts'
import { receivedBody, type SpanInput, storeSpans } from '../spans.ts'

const second = 1_000_000_000n
/** Yesterday: rows beyond their time to live would vanish while they are written. */
const start = BigInt(Math.floor(Date.now() / 10_000) * 10 - 86_400) * second

function span(index: number): SpanInput {
  return { start: start + BigInt(index), end: start + second, name: `op-${index % 7}` }
}

/** INSERTs of rows and of segment files: all or none, and once for each token. */
export function insertsConformance(current: () => Opened): void {
  describe('inserts', () => {
    const [directory, remove] = temporaryDirectory()
    let opened: Opened
    beforeAll(async () => {
      opened = current()
      const window = opened.dialect.deduplicationWindow
      await opened.storage.command(
        `CREATE TABLE pairs (a UInt32, b String) ENGINE = MergeTree ORDER BY a SETTINGS ${window} = 100`,
      )
    })
    afterAll(remove)

    const pairs = () => opened.storage.query('SELECT a, b FROM pairs ORDER BY a, b')
    const spanCounts = async () => {
      const [raw] = await opened.storage.query<{ n: number }>('SELECT count() AS n FROM otel_traces')
      const [rollup] = await opened.storage.query<{ n: number }>('SELECT sum(N) AS n FROM rollup_traces_10s')
      const [traces] = await opened.storage.query<{ n: number }>(
        'SELECT uniqExact(TraceId) AS n FROM otel_traces_trace_id_ts',
      )
      return { raw: raw?.n, rollup: rollup?.n, traces: traces?.n }
    }

    test('rows go in with their text intact, and the same token again adds nothing', async () => {
      const rows = [
        { a: 1, b: "it's\n\n'; DROP TABLE pairs" },
        { a: 2, b: '🚀 \\ {x:String}' },
      ]
      await opened.storage.insertRows('pairs', rows, "token 'one' \\")
      await opened.storage.insertRows('pairs', rows, "token 'one' \\")
      expect(await pairs()).toEqual(rows)
      await opened.storage.insertRows('pairs', [{ a: 3, b: '' }], 'token two')
      expect(await pairs()).toEqual([...rows, { a: 3, b: '' }])
    })

    test('equal rows under another token are other rows', async () => {
      await opened.storage.insertRows('pairs', [{ a: 9, b: 'same' }], 'first')
      await opened.storage.insertRows('pairs', [{ a: 9, b: 'same' }], 'second')
      expect(await opened.storage.query('SELECT count() AS n FROM pairs WHERE a = 9')).toEqual([{ n: 2 }])
    })

    test('when one row does not fit, none goes in, and its token is still free', async () => {
      const before = await pairs()
      const bad = [
        { a: 20, b: 'good' },
        { a: 'not a number', b: 'bad' },
      ]
      await expect(opened.storage.insertRows('pairs', bad, 'mended')).rejects.toThrow(StorageError)
      expect(await pairs()).toEqual(before)
      await opened.storage.insertRows('pairs', [{ a: 20, b: 'good' }], 'mended')
      expect(await pairs()).toEqual([...before, { a: 20, b: 'good' }])
    })

    test('a segment with the same token again adds nothing to the table and its rollups, another token adds to all', async () => {
      const spans = Array.from({ length: 300 }, (_, index) => span(index))
      await storeSpans(opened.storage, directory, spans, 'segment-1')
      expect(await spanCounts()).toEqual({ raw: 300, rollup: 300, traces: 300 })
      await storeSpans(opened.storage, directory, spans, 'segment-1')
      expect(await spanCounts()).toEqual({ raw: 300, rollup: 300, traces: 300 })
      await storeSpans(opened.storage, directory, spans, 'segment-2')
      expect(await spanCounts()).toEqual({ raw: 600, rollup: 600, traces: 600 })
    })

    test('the same segment in two lanes at once is stored once', async () => {
      const before = await spanCounts()
      const spans = Array.from({ length: 50 }, (_, index) => span(index))
      const body = delimit(receivedBody(spans))
      const { table: _table, ...insert } = inserts.traces.traces!
      const file = join(directory, 'twice.seg')
      writeFileSync(file, body)
      await Promise.all([1, 2, 3].map(() => opened.storage.insertFile({ ...insert, file, token: 'twice' })))
      expect(await spanCounts()).toEqual({
        raw: (before.raw ?? 0) + 50,
        rollup: (before.rollup ?? 0) + 50,
        traces: (before.traces ?? 0) + 50,
      })
    })

    test('a segment with a torn tail writes nothing, an empty one writes nothing, a missing one is an error', async () => {
      const before = await spanCounts()
      const { table: _table, ...insert } = inserts.traces.traces!
      const file = join(directory, 'torn.seg')
      const whole = delimit(receivedBody([span(1), span(2)]))
      writeFileSync(file, Buffer.concat([whole, whole.subarray(0, whole.length - 3)]))
      await expect(opened.storage.insertFile({ ...insert, file, token: 'torn' })).rejects.toThrow(StorageError)
      writeFileSync(file, '')
      await opened.storage.insertFile({ ...insert, file, token: 'empty' })
      rmSync(file)
      await expect(opened.storage.insertFile({ ...insert, file, token: 'missing' })).rejects.toThrow()
      expect(await spanCounts()).toEqual(before)
    })

    test('many segments one after the other leave room for more', async () => {
      const before = await spanCounts()
      for (let index = 0; index < 12; index += 1) {
        await storeSpans(opened.storage, directory, [span(index)], `in-a-row-${index}`)
      }
      expect((await spanCounts()).raw).toBe((before.raw ?? 0) + 12)
    })

    test('a segment that spans two days goes in whole, once', async () => {
      const before = await spanCounts()
      const day = 86_400n * second
      const spans = [span(1), { start: start - day, end: start - day + second }]
      await storeSpans(opened.storage, directory, spans, 'two-days')
      await storeSpans(opened.storage, directory, spans, 'two-days')
      const after = await spanCounts()
      expect([after.raw, after.rollup]).toEqual([(before.raw ?? 0) + 2, (before.rollup ?? 0) + 2])
    })
  })
}
