import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createInfluxDbSource } from '../../../src/sources/influxdb/influxdb-source.ts'
import { isCondition } from '../../../src/sources/influxdb/influxql.ts'
import { JsonServer } from '../json-server.ts'
import { queried, questionOf, startedAt } from '../question.ts'

const server = new JsonServer()
let source: ReturnType<typeof createInfluxDbSource>
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'davy-influxdb-'))
  const tokenFile = join(directory, 'token')
  await writeFile(tokenFile, 'hunter2\n')
  const account = { url: await server.listen(), database: 'telegraf', tokenFile, timeoutSeconds: 5, concurrency: 4 }
  source = createInfluxDbSource(account)
})
afterAll(async () => {
  await source.close()
  await server.close()
  await rm(directory, { recursive: true })
})
beforeEach(() => {
  server.asked.length = 0
})

const where = `"version" = '\${version}'`
const of = (field: string, condition = where) => ({ measurement: 'requests', field, where: condition })
const sums = { errors: of('failed'), total: of('all') }
const series = (values: readonly (readonly [number, number | null])[], tags: object = { pod: 'a' }) => ({
  ...{ name: 'requests', tags, columns: ['time', 'value'], values },
})
const results = (...all: object[]) => ({
  body: { results: [{ statement_id: 0, ...(all.length > 0 && { series: all }) }] },
})
const ask = (kind: Parameters<typeof queried>[1], query: object, version = '2') => {
  const question = questionOf(queried('influxdb', kind, query))
  const deployment = { ...question.deployment, canary: { version } }
  return source.ask({ ...question, deployment }, AbortSignal.timeout(5000))
}
const isOf = (version: string, field: string) => (query: string | undefined) =>
  query!.includes(`'${version}'`) && query!.includes(`"${field}"`)

describe('an InfluxDB', () => {
  test('is asked in InfluxQL for sums of each ten seconds, and each counts in its window', async () => {
    server.says = ({ parameters: { q } }) => {
      if (isOf('2', 'all')(q))
        return results(
          series([
            [startedAt, 5],
            [startedAt + 10_000, 7],
          ]),
        )
      return isOf('2', 'failed')(q) ? results(series([[startedAt, 2]])) : results()
    }
    const [first, second] = await ask('proportion', sums)
    expect(first!.canary).toMatchObject({ requests: 5, errors: 2, pods: { a: { requests: 5, errors: 2 } } })
    expect(second!.canary).toMatchObject({ requests: 7, errors: 0 })
    expect(first!.baseline).toMatchObject({ requests: 0, pods: {} })
    const asked = server.asked.find(({ parameters }) => isOf('2', 'all')(parameters.q))!
    expect(asked).toMatchObject({ method: 'GET', path: '/query', headers: { authorization: 'Token hunter2' } })
    expect(asked.parameters).toEqual({
      ...{ db: 'telegraf', epoch: 'ms' },
      q:
        `SELECT sum("all") AS value FROM "requests" WHERE ("version" = '2') AND time >= ${startedAt}ms AND ` +
        `time < ${startedAt + 20_000}ms GROUP BY time(10s), "pod" fill(none)`,
    })
  })

  test('tells of counters by what they grew, from a while before on', async () => {
    server.says = ({ parameters: { q } }) =>
      isOf('2', 'all')(q)
        ? results(
            series([
              [startedAt - 5000, 100],
              [startedAt + 5000, 130],
              [startedAt + 8000, 4],
              [startedAt + 15_000, 10],
            ]),
          )
        : results()
    const answers = await ask('proportion', { ...sums, read: 'cumulative' })
    expect(answers.map(({ canary }) => canary.requests)).toEqual([34, 6])
    expect(server.asked[0]!.parameters.q).toContain(`time >= ${startedAt - 300_000}ms`)
    expect(server.asked[0]!.parameters.q).toMatch(/ GROUP BY \*$/)
  })

  test.each([
    { name: 'of a pod that wrote others before', tags: { pod: 'a' }, requests: 30 + 9 },
    { name: 'of nobody knows whom', tags: {}, requests: 30 },
  ])('takes the first value of a counter $name for what it says', async ({ tags, requests }) => {
    server.says = ({ parameters: { q } }) => {
      const old = series(
        [
          [startedAt - 5000, 100],
          [startedAt + 5000, 130],
        ],
        { ...tags, route: '/old' },
      )
      return isOf('2', 'all')(q) ? results(old, series([[startedAt + 5000, 9]], { ...tags, route: '/new' })) : results()
    }
    const [first] = await ask('proportion', { ...sums, read: 'cumulative' })
    expect(first!.canary.requests).toBe(requests)
  })

  test('tells of durations one by one, also of several at one time', async () => {
    server.says = () =>
      results(
        series([
          [startedAt, 20],
          [startedAt, 20],
          [startedAt + 1, 0],
          [startedAt + 2, null],
        ]),
      )
    const [first] = await ask('distribution', { durations: of('took'), unit: 'ms' })
    expect(first!.canary).toMatchObject({ requests: 3, latency: [[Math.floor(Math.log2(20e6) * 32), 2]] })
  })

  test.each([
    { name: 'an error', said: { results: [{ statement_id: 0, error: 'no such field.' }] }, words: 'no such field.' },
    {
      name: 'a part of a series',
      said: { results: [{ series: [{ ...series([]), partial: true }] }] },
      words: 'a part',
    },
    { name: 'a part of the series', said: { results: [{ series: [], partial: true }] }, words: 'max-row-limit' },
    {
      name: 'other columns',
      said: { results: [{ series: [{ ...series([]), columns: ['time'] }] }] },
      words: 'columns',
    },
    { name: 'texts', said: results(series([[startedAt, 'x' as never]])).body, words: 'a time and a number' },
    { name: 'nothing', said: {}, words: 'an object' },
    { name: 'more errors than requests', said: null, words: 'at most as many errors as total, got 9 of 5' },
  ])('that answers with $name is not believed', async ({ said, words }) => {
    server.says = ({ parameters: { q } }) =>
      said === null ? results(series([[startedAt, isOf('2', 'failed')(q) ? 9 : 5]])) : { body: said }
    await expect(ask('proportion', sums)).rejects.toMatchObject({
      code: 'SOURCE_DOWN',
      message: expect.stringContaining(words),
    })
  })
})

test.each(["'", "' OR 'a'='a", '\\', "\\'", '/', '\\/', '.*', '\n', '"', '|', '1) OR (1=1'])(
  'the version %j stays within its string and its pattern',
  async (version) => {
    server.says = () => results()
    const both = `${where} AND "v" =~ /^\${version}$/`
    await ask('proportion', { errors: of('failed', both), total: of('all', both) }, version)
    const asked = server.asked
      .map(({ parameters }) => parameters.q!)
      .find((q) => q.includes('"all"') && !q.includes("'1'"))!
    const [, text, pattern] =
      /WHERE \("version" = '((?:[^'\\\n]|\\['\\n])*)' AND "v" =~ \/((?:[^/\n])*)\/\) AND time/.exec(asked)!
    expect(text!.replace(/\\(.)/g, (_, each: string) => (each === 'n' ? '\n' : each))).toBe(version)
    // RE2 and Rust write a character by its number as \\x{…}, this language as \\u{…}.
    const matches = new RegExp(pattern!.replaceAll('\\x{', '\\u{'), 'u')
    expect([matches.test(version), matches.test(`${version}x`)]).toEqual([true, false])
  },
)

test.each([
  { condition: `"a" = 'b'`, is: true },
  { condition: `("a" = ';--' OR "b" =~ /;\\/'/) AND 1 = 1`, is: true },
  { condition: `"a" = 'b'; DROP DATABASE x`, is: false },
  { condition: `"a" = 'b' -- and more`, is: false },
  { condition: `"a" = 'b' /* and more`, is: false },
  { condition: `"a" = 'b') OR (1 = 1`, is: false },
  { condition: `("a" = 'b'`, is: false },
  { condition: `"a" = 'b`, is: false },
  { condition: ` `, is: false },
])('$condition is one condition: $is', ({ condition, is }) => {
  expect(isCondition(condition)).toBe(is)
})

describe('a query of InfluxDB is refused', () => {
  test.each([
    {
      name: 'with a statement of its own',
      query: { ...sums, total: of('all', `${where}; SELECT 1`) },
      key: '/total/where',
    },
    { name: 'that tells no arms apart', query: { ...sums, total: of('all', `"a" = 'b'`) }, key: '/total/where' },
    {
      name: 'with a variable as a name',
      query: { ...sums, total: of('all', `"\${version}" = 'b'`) },
      key: '/total/where',
    },
    {
      name: 'with a variable outside of strings',
      query: { ...sums, total: of('all', `v = \${version}`) },
      key: '/total/where',
    },
    { name: 'that is not whole', query: { total: of('all') }, key: '/errors' },
  ])('$name', ({ query, key }) => {
    expect(source.check(queried('influxdb', 'proportion', query))).toMatchObject({ key })
  })

  test('without a database, here and in the configuration', () => {
    const other = createInfluxDbSource({ url: 'http://127.0.0.1:1', timeoutSeconds: 5, concurrency: 4 })
    expect(other.check(queried('influxdb', 'proportion', sums))).toMatchObject({ key: '/database' })
    expect(other.check(queried('influxdb', 'proportion', { ...sums, database: 'own' }))).toBeNull()
  })
})
