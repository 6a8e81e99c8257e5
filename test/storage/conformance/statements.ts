import { beforeAll, describe, expect, test } from 'vitest'
import { DavyError } from '../../../src/domain/errors.ts'
import { StorageError } from '../../../src/domain/storage.ts'
import type { Opened } from '../opened.ts'

const hostile = [
  '',
  ' ',
  "it's",
  '"quoted"',
  'back\\slash',
  'ends in \\',
  "\\' OR 1 = 1 --",
  'line\nbreak\r\n',
  'tab\there',
  '\\N',
  '\\t is no tab',
  'null \0 byte',
  '{x:String}',
  "'; DROP TABLE facts; --",
  'a;b',
  'ünïcödé 漢字 🚀',
  '%27%00',
  'x'.repeat(100_000),
]

/** Queries and commands: parameters, types, errors, settings, parallel work. */
export function statementsConformance(current: () => Opened): void {
  describe('statements', () => {
    let opened: Opened
    beforeAll(() => {
      opened = current()
    })

    test.each(hostile)('a string parameter comes back as it went: %j', async (x) => {
      const sql = 'SELECT {x:String} AS x, length({x:String}) AS bytes'
      expect(await opened.storage.query(sql, { x })).toEqual([{ x, bytes: Buffer.byteLength(x) }])
    })

    test('an array parameter keeps the order and the text of its elements', async () => {
      const sql = 'SELECT {xs:Array(String)} AS xs, {ns:Array(Int64)} AS ns, {none:Array(String)} AS none'
      const params = { xs: hostile, ns: [3, -1, 2 ** 52], none: [] }
      expect(await opened.storage.query(sql, params)).toEqual([params])
    })

    test('numbers and booleans are bound by their types', async () => {
      const sql = 'SELECT {i:Int64} AS i, {u:UInt8} AS u, {f:Float64} AS f, {b:Bool} AS b, {c:Bool} AS c'
      const params = { i: -9_007_199_254_740_991, u: 255, f: 1e-300, b: true, c: false }
      expect(await opened.storage.query(sql, params)).toEqual([params])
    })

    test('integers of 64 bits come as numbers, also inside arrays and maps', async () => {
      const sql = `SELECT toUInt64(9007199254740991) AS u, toInt64(-42) AS i, [toUInt64(7)] AS list,
        map(toInt16(-3), toUInt64(5)) AS m, count() AS n FROM numbers(10)`
      expect(await opened.storage.query(sql)).toEqual([
        { u: 9_007_199_254_740_991, i: -42, list: [7], m: { '-3': 5 }, n: 10 },
      ])
    })

    test('no rows are an empty array, and many rows are all there in order', async () => {
      expect(await opened.storage.query('SELECT 1 AS x WHERE 0')).toEqual([])
      const rows = await opened.storage.query<{ n: number }>('SELECT number AS n FROM numbers(50000) ORDER BY n')
      expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: 50_000 }, (_, index) => index))
    })

    test.each([
      ['a syntax error', 'SELEC 1', 62],
      ['a table that is not there', 'SELECT * FROM nowhere', 60],
      ['a type that does not fit', "SELECT toUInt8('x')", 6],
      ['an exception of the statement itself', "SELECT throwIf(1, 'no')", 395],
    ])('%s is a StorageError with the code of the engine', async (_name, sql, serverCode) => {
      const error = await opened.storage.query(sql).catch((cause: unknown) => cause)
      expect(error).toBeInstanceOf(StorageError)
      expect(error).toMatchObject({ serverCode })
    })

    test('a value that does not fit its parameter is refused, never pasted', async () => {
      const query = opened.storage.query('SELECT {x:UInt8} AS x', { x: '1; DROP TABLE facts' })
      await expect(query).rejects.toThrow(StorageError)
    })

    test('a parameter that the caller forgot is refused, even when another query had set it', async () => {
      await opened.storage.query('SELECT {x:String} AS x', { x: 'set' })
      await expect(opened.storage.query('SELECT {x:String} AS x')).rejects.toThrow(StorageError)
    })

    test('settings stay with the statement that brought them', async () => {
      const limited = opened.storage.query('SELECT number FROM numbers(10) SETTINGS max_result_rows = 1')
      await expect(limited).rejects.toMatchObject({ serverCode: 396 })
      expect(await opened.storage.query('SELECT count() AS n FROM (SELECT number FROM numbers(10))')).toEqual([
        { n: 10 },
      ])
      await opened.storage.query('SELECT 1 SETTINGS max_threads = 1, max_block_size = 7')
      const rows = await opened.storage.query(
        "SELECT value FROM system.settings WHERE name = 'max_block_size' AND changed",
      )
      expect(rows).toEqual([])
    })

    test('20 queries at once get each its own parameters and rows', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, x) =>
          opened.storage.query('SELECT {x:UInt32} AS x, max(number) AS m FROM numbers({x:UInt32} * 1000 + 1)', { x }),
        ),
      )
      expect(answers).toEqual(Array.from({ length: 20 }, (_, x) => [{ x, m: x * 1000 }]))
    })

    test('a command takes typed parameters', async () => {
      await opened.storage.command('CREATE TABLE noted (x String) ENGINE = MergeTree ORDER BY x')
      await opened.storage.command('INSERT INTO noted SELECT {x:String}', { x: "it's" })
      expect(await opened.storage.query('SELECT x FROM noted')).toEqual([{ x: "it's" }])
    })

    test('a query whose caller has gone is not run', async () => {
      const gone = AbortSignal.abort(new DavyError('STOPPING', 'the caller has gone'))
      await expect(opened.storage.query('SELECT 1', {}, gone)).rejects.toBe(gone.reason)
    })
  })
}
