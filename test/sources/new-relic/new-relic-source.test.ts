import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { createNewRelicSource } from '../../../src/sources/new-relic/new-relic-source.ts'
import { queried, questionOf, startedAt } from '../question.ts'
import { type SimulatedAnswer, startSimulator } from '../simulator.ts'
import { type StoredEvent, startNewRelic } from './new-relic-simulator.ts'

const directory = mkdtempSync(join(tmpdir(), 'davy-new-relic-'))
const apiKeyFile = join(directory, 'key')
writeFileSync(apiKeyFile, 'user-secret\n')
afterAll(() => rmSync(directory, { recursive: true }))

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

function sourceAt(url: string, accountId = 77) {
  const source = createNewRelicSource({
    ...{ region: 'us', url, apiKeyFile, accountId, timeoutSeconds: 30, concurrency: 2 },
  })
  closing.push(() => source.close())
  return source
}

async function holding(stored: readonly StoredEvent[]) {
  const service = await startNewRelic(stored)
  closing.push(() => service.close())
  return { service, source: sourceAt(service.url) }
}

async function answering(body: SimulatedAnswer) {
  const service = await startSimulator(() => body)
  closing.push(() => service.close())
  return { service, source: sourceAt(service.url) }
}

const common = {
  ...{ from: 'Transaction', where: `appName = \${service} AND version = \${version}` },
  ...{ podAttribute: 'host', delaySeconds: 0 },
}
const proportion = { ...common, errors: 'filter(count(*), WHERE error IS true)', operationAttribute: 'name' }
const signal = () => AbortSignal.timeout(30_000)
const asked = (query: object = proportion, kind: Parameters<typeof queried>[1] = 'proportion') =>
  questionOf(queried('new-relic', kind, query))

const event = (seconds: number, more: object = {}): StoredEvent => ({
  ...{
    type: 'Transaction',
    at: startedAt + seconds * 1000,
    appName: 'shop & co',
    version: '2',
    host: 'a',
    name: '/pay',
  },
  ...{ error: false },
  ...more,
})

describe('a New Relic that counts', () => {
  test('tells both arms in one request, by window, pod and operation', async () => {
    const { source, service } = await holding([
      ...[event(0), event(9.9, { error: true }), event(10, { host: 'b', name: '/cart' })],
      ...[event(1, { version: '1' }), event(2, { version: '1' }), event(20), event(-1)],
    ])
    const [first, second] = await source.ask(asked(), signal())
    expect(first).toMatchObject({
      canary: { requests: 2, errors: 1, pods: { a: { requests: 2, errors: 1 } } },
      baseline: { requests: 2, errors: 0, operations: { '/pay': { requests: 2, errors: 0 } } },
    })
    expect(second).toMatchObject({
      canary: { requests: 1, pods: { b: { requests: 1 } }, operations: { '/cart': { requests: 1 } } },
      baseline: { requests: 0, pods: {} },
    })
    expect(service.requests).toHaveLength(1)
    expect(service.requests[0]!.body.variables.canary).toBe(
      "SELECT count(*) AS 'total', filter(count(*), WHERE error IS true) AS 'errors' FROM Transaction " +
        "WHERE (appName = 'shop & co' AND version = '2') FACET host, name LIMIT 2000 " +
        `SINCE ${startedAt} UNTIL ${startedAt + 20_000} TIMESERIES 10 seconds`,
    )
  })

  test('shows people what it is asked', () => {
    const [, shown] = sourceAt('http://127.0.0.1:1').show!(asked())
    expect(shown).toMatch(
      /^NRQL of the canary: SELECT .* WHERE \(appName = 'shop & co' AND version = '2'\) FACET host, name/,
    )
  })

  test('tells durations as counts up to bounds', async () => {
    const { source } = await holding([0.02, 0.07, 0.07, 9].map((duration) => event(1, { duration })))
    const query = { ...common, duration: 'duration', bounds: [0.05, 0.1] }
    const [first] = await source.ask(asked(query, 'distribution'), signal())
    expect(first!.canary.requests).toBe(4)
    expect(first!.canary.latency.map(([, count]) => count)).toEqual([1, 2, 1])
  })

  test('does not take the zeros of a query that finds nothing for pods without events', async () => {
    const { source } = await holding([
      event(1, { kind: 'ran' }),
      event(11, { kind: 'ran' }),
      event(12, { kind: 'killed' }),
    ])
    const { podAttribute: _none, ...podless } = common
    const query = {
      ...podless,
      events: "filter(count(*), WHERE kind = 'killed')",
      running: "filter(count(*), WHERE kind = 'ran')",
    }
    const answers = await source.ask(asked(query, 'count'), signal())
    expect(answers.map(({ canary }) => canary.events)).toEqual([{ asked: { '': 0 } }, { asked: { '': 1 } }])
    expect(answers.map(({ baseline }) => baseline.events)).toEqual([undefined, undefined])
  })

  test('tells levels by pod, and none where nothing was told', async () => {
    const { source } = await holding([event(1, { used: 10 }), event(2, { used: 30 })])
    const answers = await source.ask(asked({ ...common, level: 'average(used)' }, 'gauge'), signal())
    expect(answers.map(({ canary }) => canary.gauges?.asked)).toEqual([
      { a: { count: 1, sum: 20, min: 20, max: 20 } },
      undefined,
    ])
  })

  test('is asked for more than 366 periods in parts', async () => {
    const { source, service } = await holding([event(1), event(4000)])
    const windows = [{ from: startedAt, to: startedAt + 4_100_000 }]
    const [all] = await source.ask({ ...asked(), windows }, signal())
    expect(all!.canary.requests).toBe(2)
    expect(service.requests).toHaveLength(2)
  })

  test('is asked about several pods in a list', async () => {
    const { source } = await holding([event(1), event(1, { host: 'b' }), event(1, { host: 'c' })])
    const question = asked({ ...proportion, where: `host IN (\${pod})` })
    const [first] = await source.ask({ ...question, pods: { canary: ['a', 'b'], baseline: ['c'] } }, signal())
    expect([first!.canary.requests, first!.baseline.requests]).toEqual([2, 1])
  })
})

test.each(["2' OR '1' = '1", '2\\', '2`', '2"', '2\n', '2\0'])(
  'a version of %j, of which NRQL might make something else, is not asked for',
  async (version) => {
    const { source, service } = await holding([event(1)])
    const question = asked()
    const deployment = { ...question.deployment, canary: { version } }
    await expect(source.ask({ ...question, deployment }, signal())).rejects.toMatchObject({
      ...{ code: 'SOURCE_DOWN', message: expect.stringContaining('has a quote, a backslash') },
    })
    expect(service.requests).toHaveLength(0)
  },
)

test('other characters of a version are a value and no more', async () => {
  const version = `2) FACET x -- // \${pod} /* é`
  const { source, service } = await holding([event(1, { version })])
  const question = asked()
  const [first] = await source.ask(
    { ...question, deployment: { ...question.deployment, canary: { version } } },
    signal(),
  )
  expect(first!.canary.requests).toBe(1)
  expect(service.requests[0]!.body.variables.canary).toContain(`version = '${version}')`)
})

const row = { beginTimeSeconds: startedAt / 1000, endTimeSeconds: startedAt / 1000 + 10, total: 1, errors: 0 }
const results = (...rows: object[]) => {
  const arm = { results: rows }
  return { body: { data: { actor: { account: { baseline: arm, canary: arm } } } } }
}

describe('SOURCE_DOWN says why, without a key', () => {
  test.each([
    {
      name: 'a refusal',
      given: { status: 401, body: { errors: [{ message: 'not user-secret' }] } },
      said: '[redacted]',
    },
    {
      name: 'an error with status 200',
      given: { body: { errors: [{ message: 'NRQL Syntax Error' }] } },
      said: 'Syntax',
    },
    {
      name: 'an error beside data',
      given: { body: { ...results(row).body, errors: [{ message: 'timed out' }] } },
      said: 'timed out',
    },
    { name: 'no results', given: { body: { data: { actor: { account: { baseline: null } } } } }, said: 'no results' },
    {
      name: 'other periods',
      given: results({ ...row, endTimeSeconds: row.endTimeSeconds + 50 }),
      said: 'other periods',
    },
    { name: 'no number', given: results({ ...row, total: null }), said: 'total is null' },
    {
      name: 'a redirect',
      given: { status: 307, headers: { location: 'http://127.0.0.1:1/' }, body: '' },
      said: 'not followed',
    },
    {
      name: 'so many groups that some are left out',
      given: results(...Array.from({ length: 2000 }, (_, index) => ({ ...row, facet: [`pod${index}`, '/'] }))),
      said: '2000 groups',
    },
    { name: 'errors of nothing', given: results({ ...row, total: 0, errors: 3 }), said: 'contradict' },
  ])('$name', async ({ given, said }) => {
    const { source } = await answering(given)
    const error = await source.ask(asked(), signal()).catch((thrown: Error) => thrown)
    expect(error).toMatchObject({ code: 'SOURCE_DOWN', message: expect.stringContaining(said) })
    expect((error as Error).message).not.toContain('user-secret')
  })

  test('another account', async () => {
    const { service } = await holding([])
    await expect(sourceAt(service.url, 78).ask(asked(), signal())).rejects.toMatchObject({
      message: expect.stringContaining('Access denied'),
    })
  })
})

describe('a query is refused', () => {
  const { check } = createNewRelicSource({
    ...{ region: 'eu', apiKeyFile, accountId: 77, timeoutSeconds: 1, concurrency: 1 },
  })
  test.each([
    { name: 'with a time of its own', change: { where: `v = \${version} SINCE 1 hour ago` }, key: '/where' },
    { name: 'with a comment', change: { where: `v = \${version} -- x` }, key: '/where' },
    { name: 'with a quote that does not end', change: { where: `v = \${version} AND x = 'y` }, key: '/where' },
    { name: 'with a variable within quotes', change: { where: `v = '\${version}'` }, key: '/where' },
    { name: 'that does not tell the arms apart', change: { where: `appName = \${service}` }, key: '/where' },
    ...[`v LIKE \${version}`, `v NOT LIKE (\${version})`, `v RLIKE r\${version}`].map((where) => ({
      ...{ name: `with a value in a pattern: ${where}`, change: { where }, key: '/where' },
    })),
    { name: 'that averages', change: { errors: 'average(error)' }, key: '/errors' },
    { name: 'with a percentage', change: { errors: 'percentage(count(*), WHERE error IS true)' }, key: '/errors' },
    {
      name: 'with a variable elsewhere',
      change: { errors: `filter(count(*), WHERE v = \${version})` },
      key: '/errors',
    },
    { name: 'with a subquery', change: { from: '(SELECT 1)' }, key: '/from' },
    { name: 'that is too long', change: { where: `v = \${version} AND x = '${'y'.repeat(4000)}'` }, key: '' },
  ])('$name', ({ change, key }) => {
    expect(check(queried('new-relic', 'proportion', { ...proportion, ...change }))).toMatchObject({ key })
  })

  test('of a level that counts, which is zero where nothing was told', () => {
    expect(check(queried('new-relic', 'gauge', { ...common, level: 'sum(used)' }))).toMatchObject({ key: '/level' })
  })

  test('only when something is wrong with it', () => {
    expect(check(queried('new-relic', 'proportion', proportion))).toBeNull()
    expect(check(queried('new-relic', 'distribution', { ...common, duration: 'duration' }))).toBeNull()
    const perArm = { baseline: "label = 'blue'", canary: "label = 'green'" }
    expect(check(queried('new-relic', 'proportion', { ...proportion, where: perArm }))).toBeNull()
  })
})
