import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClickHouseSource } from '../../../src/sources/clickhouse/clickhouse-source.ts'
import { type Front, startFront } from '../../storage/clickhouse-front.ts'
import { queried, questionOf } from '../question.ts'

let front: Front
let source: ReturnType<typeof createClickHouseSource>
beforeAll(async () => {
  front = await startFront()
  source = createClickHouseSource({ url: front.url, timeoutSeconds: 5, concurrency: 2, mostRows: 1000 })
})
afterAll(async () => {
  await source.close()
  await front.close()
})

/** Rows of one second each in the asked time: the canary fails one of ten, the baseline none. */
const seconds = `SELECT {from:DateTime64(3)} + INTERVAL number SECOND AS time, if(number % 2, 'canary', 'baseline') AS cohort,
  concat({service:String}, '-', if(number % 2, {canary_version:String}, {baseline_version:String})) AS pod, number
  FROM numbers(dateDiff('second', {from:DateTime64(3)}, {to:DateTime64(3)}))`
const ask = (kind: Parameters<typeof queried>[1], sql: string) =>
  source.ask(questionOf(queried('clickhouse', kind, { sql })), AbortSignal.timeout(10_000))

describe('a ClickHouse', () => {
  test('is asked in SQL for the time of all windows, and each row goes to its own', async () => {
    const sql = `SELECT time, cohort, pod, number % 2 AS errors, 10 AS total FROM (${seconds})`
    const answers = await ask('proportion', sql)
    expect(answers.map(({ canary, baseline }) => [canary.requests, canary.errors, baseline.errors])).toEqual([
      [50, 5, 0],
      [50, 5, 0],
    ])
    expect(answers[0]!.canary.pods).toEqual({ 'shop & co-2': { requests: 50, errors: 5 } })
  })

  test('tells of durations, levels and events too', async () => {
    const [durations] = await ask('distribution', `SELECT time, cohort, pod, 1 AS value, 3 AS count FROM (${seconds})`)
    expect(durations!.canary).toMatchObject({ requests: 15, latency: [[956, 15]] })
    const [levels] = await ask('gauge', `SELECT time, cohort, pod, number AS value FROM (${seconds})`)
    expect(levels!.canary.gauges).toEqual({ asked: { 'shop & co-2': { count: 5, sum: 25, min: 1, max: 9 } } })
    const [events] = await ask('count', `SELECT time, cohort, pod, 1 AS count FROM (${seconds})`)
    expect(events!.canary.events).toEqual({ asked: { 'shop & co-2': 5 } })
  })

  test.each([
    { name: 'a mistake in it', sql: `SELECT nothing, {from:DateTime64(3)}, {to:DateTime64(3)}`, said: 'nothing' },
    {
      name: 'a third cohort',
      sql: `SELECT time, 'blue' AS cohort, 1 AS errors, 1 AS total FROM (${seconds})`,
      said: 'blue',
    },
    { name: 'no total', sql: `SELECT time, cohort, 1 AS errors FROM (${seconds})`, said: 'total' },
    {
      name: 'more rows than allowed',
      sql: `SELECT {from:DateTime64(3)} AS time, 'canary' AS cohort, 0 AS errors, 1 AS total FROM numbers(20000) WHERE {to:DateTime64(3)} > time`,
      said: 'rows',
    },
    {
      name: 'rows of another time',
      sql: `SELECT time + INTERVAL 1 HOUR AS time, cohort, 0 AS errors, 1 AS total FROM (${seconds})`,
      said: 'times from',
    },
  ])('whose query has $name is SOURCE_DOWN', async ({ sql, said }) => {
    await expect(ask('proportion', sql)).rejects.toMatchObject({
      code: 'SOURCE_DOWN',
      message: expect.stringContaining(said),
    })
  })

  test('is never written to', async () => {
    const sql = `WITH {from:DateTime64(3)} AS a, {to:DateTime64(3)} AS b INSERT INTO FUNCTION file('/tmp/davy-written') SELECT 1`
    await expect(ask('proportion', sql)).rejects.toMatchObject({ code: 'SOURCE_DOWN' })
  })

  test.each([
    { name: 'no SELECT', query: { sql: 'DROP TABLE x' }, key: '/sql' },
    { name: 'no time', query: { sql: 'SELECT 1' }, key: '/sql' },
    { name: 'no SQL', query: {}, key: '/sql' },
    {
      name: 'limits of its own',
      query: { sql: 'SELECT {from:DateTime64(3)}, {to:DateTime64(3)} settings/**/max_result_rows = 0' },
      key: '/sql',
    },
    {
      name: 'something else',
      query: { sql: 'SELECT {from:DateTime64(3)}, {to:DateTime64(3)}', limit: 1 },
      key: '/limit',
    },
  ])('is not asked when the query has $name', ({ query, key }) => {
    expect(source.check(queried('clickhouse', 'proportion', query))).toMatchObject({ key })
  })
})
