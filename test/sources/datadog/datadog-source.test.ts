import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { SourceQuestion } from '../../../src/domain/metric-source.ts'
import { createDatadogSource } from '../../../src/sources/datadog/datadog-source.ts'
import { queried, questionOf, startedAt } from '../question.ts'
import { type SimulatedAnswer, startSimulator } from '../simulator.ts'
import { type SentValue, startDatadog } from './datadog-simulator.ts'

const directory = mkdtempSync(join(tmpdir(), 'davy-datadog-'))
const apiKeyFile = join(directory, 'api')
const applicationKeyFile = join(directory, 'application')
writeFileSync(apiKeyFile, 'api-secret\n')
writeFileSync(applicationKeyFile, 'application-secret\n')
afterAll(() => rmSync(directory, { recursive: true }))

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

function sourceAt(url: string) {
  const source = createDatadogSource({
    ...{ site: 'datadoghq.com', url, apiKeyFile, applicationKeyFile, timeoutSeconds: 30, concurrency: 2 },
  })
  closing.push(() => source.close())
  return source
}

async function holding(sent: readonly SentValue[]) {
  const datadog = await startDatadog(sent)
  closing.push(() => datadog.close())
  return { datadog, source: sourceAt(datadog.url) }
}

async function answering(body: SimulatedAnswer) {
  const datadog = await startSimulator(() => body)
  closing.push(() => datadog.close())
  return { datadog, source: sourceAt(datadog.url) }
}

const filter = `{service:\${service},version:\${version}}`
const proportion = { total: `hits${filter}`, errors: `errors${filter}`, delaySeconds: 0 }
const signal = () => AbortSignal.timeout(30_000)
const asked = (query: object = {}, kind: Parameters<typeof queried>[1] = 'proportion') =>
  questionOf(queried('datadog', kind, { ...(kind === 'proportion' ? proportion : {}), ...query }))

const value = (metric: string, seconds: number, number: number, tags: object = {}): SentValue => ({
  ...{ metric, at: startedAt + seconds * 1000, value: number },
  tags: { service: 'shop_co', version: '2', pod_name: 'a', ...tags },
})

describe('a Datadog that counts', () => {
  test('tells both arms in one request, by window and pod, and no error where it tells none', async () => {
    const { source, datadog } = await holding([
      ...[value('hits', 0, 40), value('hits', 9.9, 2), value('errors', 3, 4), value('hits', 10, 50, { pod_name: 'b' })],
      ...[value('hits', 1, 100, { version: '1' }), value('hits', 20, 999), value('hits', -0.1, 999)],
    ])
    const [first, second] = await source.ask(asked(), signal())
    expect(first).toMatchObject({
      canary: { requests: 42, errors: 4, pods: { a: { requests: 42, errors: 4 } } },
      baseline: { requests: 100, errors: 0 },
    })
    expect(second!.canary.pods).toEqual({ b: { requests: 50, errors: 0 } })
    expect(second!.baseline).toMatchObject({ requests: 0, pods: {} })
    expect(datadog.requests).toHaveLength(1)
  })

  test('shows people what it is asked', async () => {
    const { show } = sourceAt('http://127.0.0.1:1')
    expect(show!(asked())).toContain(
      'errors of the canary: sum:errors{service:shop_co,version:2} by {pod_name}.as_count().rollup(sum, 10)',
    )
  })

  test('is not asked about a period before it has ended, and counts it where it ends', async () => {
    const { source, datadog } = await holding([value('hits', 5, 30), value('hits', 55, 3)])
    const windows = [0, 10, 20, 30, 40, 50, 60, 70].map((from) => ({
      from: startedAt + from * 1000,
      to: startedAt + (from + 10) * 1000,
    }))
    const question = { ...asked({ periodSeconds: 60, delaySeconds: 10 }), windows }
    const answers = await source.ask(question, signal())
    expect(answers.map(({ canary }) => canary.requests)).toEqual([0, 0, 0, 0, 0, 0, 33, 0])
    expect(await source.ask({ ...question, windows: windows.slice(0, 6) }, signal())).toHaveLength(6)
    expect(datadog.requests).toHaveLength(1)
  })

  test('tells durations as counts between bounds, and not as averages', async () => {
    const { source } = await holding([0.02, 0.07, 0.07, 0.4, 9].map((seconds) => value('latency', 1, seconds)))
    const query = { durations: `latency${filter}`, bounds: [0.05, 0.1, 1], delaySeconds: 0 }
    const [first] = await source.ask(asked(query, 'distribution'), signal())
    const { requests, latency, atLeast } = first!.canary
    expect(requests).toBe(5)
    expect(latency.map(([, count]) => count)).toEqual([1, 2, 1, 1])
    expect(atLeast!.latency.map(([, count]) => count)).toEqual([1, 2, 1, 1])
    expect(atLeast!.latency[0]![0]).toBe(0)
  })

  test('whose percentiles are switched off tells no durations', async () => {
    const { source } = await answering({
      body: {
        data: {
          attributes: { times: [startedAt], series: [{ group_tags: [], query_index: 0 }], values: [[7]] },
        },
      },
    })
    const query = { durations: `latency${filter}`, delaySeconds: 0, bounds: [1] }
    await expect(source.ask(asked(query, 'distribution'), signal())).rejects.toMatchObject({
      message: expect.stringContaining('none of them up to a bound'),
    })
  })

  test('tells that nothing happened only where somebody ran', async () => {
    const { source } = await holding([value('cpu', 1, 0), value('cpu', 11, 3), value('restarts', 12, 2)])
    const query = { events: `restarts${filter}`, running: `cpu${filter}`, delaySeconds: 0 }
    const answers = await source.ask(asked(query, 'count'), signal())
    expect(answers.map(({ canary }) => canary.events)).toEqual([{ asked: { a: 0 } }, { asked: { a: 2 } }])
    expect(answers.map(({ baseline }) => baseline.events)).toEqual([undefined, undefined])
  })

  test('tells levels by pod', async () => {
    const { source } = await holding([value('memory', 1, 10), value('memory', 2, 30), value('memory', 12, 5)])
    const [first, second] = await source.ask(asked({ level: `memory${filter}`, delaySeconds: 0 }, 'gauge'), signal())
    expect(first!.canary.gauges).toEqual({ asked: { a: { count: 1, sum: 20, min: 20, max: 20 } } })
    expect(second!.canary.gauges!.asked!.a).toMatchObject({ sum: 5 })
  })

  test('is asked about several pods in a list, and an arm whose pods nobody knows is not asked about', async () => {
    const { source, datadog } = await holding([value('hits', 1, 5), value('hits', 1, 7, { pod_name: 'b' })])
    const query = { total: `hits{pod_name IN (\${pod})}`, errors: `errors{pod_name IN (\${pod})}` }
    const question: SourceQuestion = { ...asked(query), pods: { canary: ['a', 'b'], baseline: [] } }
    const [first] = await source.ask(question, signal())
    expect(first!.canary.requests).toBe(12)
    expect(datadog.requests[0]!.body.data.attributes.queries.map(({ query: text }: { query: string }) => text)).toEqual(
      [
        'sum:hits{pod_name IN (a,b)} by {pod_name}.as_count().rollup(sum, 10)',
        'sum:errors{pod_name IN (a,b)} by {pod_name}.as_count().rollup(sum, 10)',
      ],
    )
  })
})

test.each([
  ['1} by {x}.as_rate()', '1_by_x_.as_rate'],
  ['2 OR *:*', '2_or_:'],
  ['1,service:other', '1_service:other'],
  ['v1.2.3+Build_7', 'v1.2.3_build_7'],
  ["x'(y)*", 'x_y'],
])('a version %j stays a value, as Datadog would keep it', async (version, kept) => {
  const { source, datadog } = await holding([value('hits', 1, 6, { version: kept })])
  const question = asked()
  const [first] = await source.ask(
    { ...question, deployment: { ...question.deployment, canary: { version } } },
    signal(),
  )
  expect(first!.canary.requests).toBe(6)
  const texts = datadog.requests[0]!.body.data.attributes.queries.map(({ query }: { query: string }) => query)
  expect(texts).toContain(`sum:hits{service:shop_co,version:${kept}} by {pod_name}.as_count().rollup(sum, 10)`)
})

test('versions that are one to Datadog are not compared with each other', async () => {
  const { source, datadog } = await holding([])
  const question = asked()
  const deployment = { ...question.deployment, canary: { version: '1+A' }, baseline: { version: '1_a' } }
  await expect(source.ask({ ...question, deployment }, signal())).rejects.toMatchObject({
    ...{ code: 'SOURCE_DOWN', message: expect.stringContaining('not told apart') },
  })
  expect(datadog.requests).toHaveLength(0)
})

const series = (attributes: object) => ({
  data: {
    attributes: { times: [startedAt], series: [{ group_tags: [], query_index: 0 }], values: [[1]], ...attributes },
  },
})

describe('SOURCE_DOWN says why, without a key', () => {
  test.each([
    { name: 'a refusal', given: { status: 403, body: { errors: ['no api-secret here'] } }, said: 'no [redacted] here' },
    { name: 'no JSON', given: { body: '<html>' }, said: 'no JSON' },
    {
      name: 'a redirect',
      given: { status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: '' },
      said: 'not followed',
    },
    { name: 'an error with status 200', given: { body: { errors: 'query failed' } }, said: 'query failed' },
    { name: 'another shape', given: { body: { series: [] } }, said: 'none of a query of time series' },
    { name: 'other periods', given: { body: series({ times: [startedAt + 5000] }) }, said: 'other periods' },
    {
      name: 'a series of no query',
      given: { body: series({ series: [{ group_tags: [], query_index: 9 }] }) },
      said: 'query 9',
    },
    { name: 'too few values', given: { body: series({ values: [[]] }) }, said: '0 values at 1 times' },
    {
      name: 'errors of nothing',
      given: { body: series({ series: [{ group_tags: [], query_index: 1 }] }) },
      said: 'contradict',
    },
    { name: 'an endless answer', given: { body: 'x'.repeat(17 * 2 ** 20) }, said: 'larger than' },
  ])('$name', async ({ given, said }) => {
    const { source } = await answering(given)
    const error = await source.ask(asked(), signal()).catch((thrown: Error) => thrown)
    expect(error).toMatchObject({ code: 'SOURCE_DOWN', message: expect.stringContaining(said) })
    expect(JSON.stringify([error, (error as Error).message])).not.toMatch(/-secret/)
  })

  test('a limit that is reached, which is then not run against', async () => {
    const limit = { status: 429, headers: { 'x-ratelimit-reset': '30' }, body: { errors: ['Too many requests'] } }
    const { source, datadog } = await answering(limit)
    await expect(source.ask(asked(), signal())).rejects.toMatchObject({ message: expect.stringContaining('429') })
    await expect(source.ask(asked(), signal())).rejects.toMatchObject({
      message: expect.stringMatching(/asked again in (30|29) s/),
    })
    expect(datadog.requests).toHaveLength(1)
  })

  test('no answer before nobody waits for it any more', async () => {
    const datadog = await startSimulator(() => new Promise(() => {}))
    closing.push(() => datadog.close())
    const given = new AbortController()
    const answer = sourceAt(datadog.url).ask(asked(), given.signal)
    await expect.poll(() => datadog.requests.length).toBe(1)
    given.abort()
    await expect(answer).rejects.toMatchObject({ code: 'SOURCE_DOWN' })
  })

  test('a key that cannot be read', async () => {
    const { datadog } = await holding([])
    const source = createDatadogSource({
      ...{ site: 'datadoghq.com', url: datadog.url, timeoutSeconds: 30, concurrency: 2 },
      ...{ apiKeyFile: join(directory, 'none'), applicationKeyFile },
    })
    await expect(source.ask(asked(), signal())).rejects.toMatchObject({ message: expect.stringContaining('ENOENT') })
    await source.close()
  })
})

describe('a query is refused', () => {
  const { check } = createDatadogSource({
    site: 'datadoghq.eu',
    apiKeyFile,
    applicationKeyFile,
    timeoutSeconds: 1,
    concurrency: 1,
  })
  test.each([
    { name: 'that averages', change: { total: `avg:hits${filter}` }, key: '/total' },
    { name: 'with a function', change: { total: `hits${filter}.as_rate()` }, key: '/total' },
    { name: 'with arithmetic', change: { total: `hits${filter} * 2` }, key: '/total' },
    { name: 'that does not tell the arms apart', change: { errors: `errors{service:\${service}}` }, key: '/errors' },
    { name: 'with an unknown variable', change: { errors: `errors{version:\${versions}}` }, key: '/errors' },
    { name: 'without errors', change: { errors: undefined }, key: '/errors' },
    { name: 'with an unknown key', change: { rollup: 10 }, key: '/rollup' },
    { name: 'with a period of no meaning', change: { periodSeconds: 7 }, key: '/periodSeconds' },
  ])('$name', ({ change, key }) => {
    const query = JSON.parse(JSON.stringify({ ...proportion, ...change })) as object
    expect(check(queried('datadog', 'proportion', query))).toMatchObject({ key })
  })

  test('only when something is wrong with it', () => {
    expect(check(queried('datadog', 'proportion', proportion))).toBeNull()
    expect(check(queried('datadog', 'distribution', { durations: `latency${filter}` }))).toBeNull()
    expect(check(queried('datadog', 'distribution', { durations: `latency${filter}`, bounds: [2, 1] }))).toMatchObject({
      key: '/bounds/1',
    })
  })
})
