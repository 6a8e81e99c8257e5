import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createLokiSource } from '../../../src/sources/loki/loki-source.ts'
import { JsonServer } from '../json-server.ts'
import { queried, questionOf, startedAt } from '../question.ts'

const server = new JsonServer()
let source: ReturnType<typeof createLokiSource>
beforeAll(async () => {
  source = createLokiSource({ url: await server.listen(), tenant: 'shop', timeoutSeconds: 5, concurrency: 4 })
})
afterAll(async () => {
  await source.close()
  await server.close()
})
beforeEach(() => {
  server.asked.length = 0
})

const lines = `{app="\${service}"} | version="\${version}"`
const counted = { errors: `${lines} | level="error"`, total: lines }
const at = (seconds: number) => startedAt / 1000 + seconds
const matrix = (...result: object[]) => ({
  body: { status: 'success', data: { resultType: 'matrix', result, stats: {} } },
})
const ask = (kind: Parameters<typeof queried>[1], query: object, more: object = {}) => {
  const question = questionOf(queried('loki', kind, query))
  return source.ask({ ...question, deployment: { ...question.deployment, ...more } }, AbortSignal.timeout(5000))
}

describe('a Loki', () => {
  test('is asked for lines of each ten seconds, and a point is told of the ten before it', async () => {
    server.says = ({ parameters: { query } }) => {
      if (query!.includes('version="1"')) return matrix()
      if (query!.includes('error')) return matrix({ metric: { pod: 'a' }, values: [[at(10), '2']] })
      return matrix({
        metric: { pod: 'a' },
        values: [
          [at(10), '5'],
          [at(20), '7'],
        ],
      })
    }
    const [first, second] = await ask('proportion', counted)
    expect([first!.canary, second!.canary].map(({ requests, errors, pods }) => [requests, errors, pods])).toEqual([
      [5, 2, { a: { requests: 5, errors: 2 } }],
      [7, 0, { a: { requests: 7, errors: 0 } }],
    ])
    expect(first!.baseline).toMatchObject({ requests: 0, pods: {} })
    const asked = server.asked.find(({ parameters }) => parameters.query!.includes('error'))!
    expect(asked).toMatchObject({ path: '/loki/api/v1/query_range', headers: { 'x-scope-orgid': 'shop' } })
    expect(asked.parameters).toMatchObject({ start: `${at(10)}`, end: `${at(20)}`, step: '10s' })
    expect(asked.parameters.query).toMatch(/^sum by \(pod\) \(count_over_time\(\{app="shop & co"\}.*\n\[10s\]\)\)$/s)
  })

  test('that is late is asked about the time before', async () => {
    server.says = () =>
      matrix({
        metric: {},
        values: [
          [at(-20), '9'],
          [at(-10), '5'],
        ],
      })
    const startedAtThen = new Date(startedAt - 60_000).toISOString()
    const answers = await ask(
      'proportion',
      { ...counted, errors: `${lines} |= "e"`, delaySeconds: 30 },
      { startedAt: startedAtThen },
    )
    expect(server.asked[0]!.parameters).toMatchObject({ start: `${at(-20)}`, end: `${at(-10)}` })
    expect(answers.map(({ canary }) => canary.requests)).toEqual([9, 5])
  })

  test.each([
    {
      name: 'a part of what there is',
      said: { ...matrix().body, warnings: ['series reached; partial'] },
      words: 'partial',
    },
    { name: 'lines', said: { status: 'success', data: { resultType: 'streams', result: [] } }, words: 'a matrix' },
    { name: 'nothing', said: null, words: 'an object' },
  ])('that answers with $name cannot be asked', async ({ said, words }) => {
    server.says = () => ({ body: said as object })
    await expect(ask('proportion', counted)).rejects.toMatchObject({
      code: 'SOURCE_DOWN',
      message: expect.stringContaining(words),
    })
  })

  test.each([
    { name: 'errors without any request', total: matrix(), words: 'contradict each other' },
    {
      name: 'more errors than requests',
      total: matrix({ metric: { pod: 'a' }, values: [[at(10), '1']] }),
      words: 'at most as many errors as total, got 2 of 1 of a',
    },
  ])('that tells of $name is not believed', async ({ total, words }) => {
    const errors = matrix({ metric: { pod: 'a' }, values: [[at(10), '2']] })
    server.says = ({ parameters: { query } }) => (query!.includes('error') ? errors : total)
    await expect(ask('proportion', counted)).rejects.toMatchObject({ message: expect.stringContaining(words) })
  })

  test('tells of durations between the edges that their digits were rounded from', async () => {
    server.says = ({ parameters: { query } }) =>
      query!.includes('davy_bucket')
        ? matrix(
            { metric: { davy_bucket: '1.0e+02' }, values: [[at(10), '3']] },
            { metric: { davy_bucket: '2.5e+02' }, values: [[at(10), '1']] },
            { metric: { davy_bucket: '0.0e+00' }, values: [[at(10), '1']] },
          )
        : matrix({ metric: { pod: 'a' }, values: [[at(10), '5']] })
    const [first] = await ask('distribution', { durations: lines, value: 'took', unit: 'ms' })
    const bucket = (ms: number) => Math.round(Math.log2(ms * 1e6) * 32)
    expect(first!.canary).toMatchObject({
      ...{ requests: 5, pods: { a: { requests: 5, errors: 0 } } },
      latency: [
        [bucket(105) - 1, 3],
        [bucket(255) - 1, 1],
      ],
      atLeast: {
        latency: [
          [bucket(99.5), 3],
          [bucket(245), 1],
        ],
      },
    })
  })

  test('whose lines have no number as a duration is not believed', async () => {
    server.says = () => matrix({ metric: {}, values: [[at(10), '4']] })
    await expect(ask('distribution', { durations: lines, value: 'took' })).rejects.toMatchObject({
      code: 'SOURCE_DOWN',
      message: expect.stringContaining('expected a number as took, got 4 lines without one'),
    })
  })

  test('is not asked the same about both arms', async () => {
    server.says = () => matrix()
    await expect(ask('proportion', counted, { canary: { version: '1' } })).rejects.toMatchObject({
      message: expect.stringContaining('both arms are asked the same'),
    })
  })
})

test.each(['"} or {a="b', '`', '\\', '.*', '|', '\n', '#'])(
  'the version %j stays within its string',
  async (version) => {
    server.says = () => matrix()
    await ask('proportion', { errors: `${lines} |~ "x\${version}"`, total: lines }, { canary: { version } })
    const [total, errors] = server.asked
      .map(({ parameters }) => parameters.query!)
      .filter((query) => !query.includes('version="1"'))
      .toSorted((a, b) => a.length - b.length)
    const strings = (query: string) =>
      [...query.matchAll(/"(?:[^"\\]|\\.)*"/g)].map(([text]) => JSON.parse(text) as string)
    expect(strings(total!)).toEqual(['shop & co', version])
    const pattern = strings(errors!)[2]!
    expect(new RegExp(`^${pattern}$`).test(`x${version}`)).toBe(true)
    expect(new RegExp(`^${pattern}$`).test('xother')).toBe(false)
  },
)

test('a value after `or` of a pattern is written as a pattern', async () => {
  server.says = () => matrix()
  const or = `${lines} |~ "a" or \`b\` or "\${version}"`
  await ask('proportion', { errors: or, total: lines }, { canary: { version: '.*' } })
  const texts = server.asked.map(({ parameters }) => parameters.query!)
  expect(texts.some((text) => text.includes('|~ "a" or `b` or "\\\\.\\\\*"'))).toBe(true)
})

describe('a query of Loki is refused', () => {
  test.each([
    { name: 'with a range of its own', query: { ...counted, total: `${lines}[1m]` }, key: '/total' },
    { name: 'that is a metric already', query: { ...counted, total: `rate(${lines})` }, key: '/total' },
    { name: 'whose string has no end', query: { ...counted, errors: `${lines} |= "` }, key: '/errors' },
    { name: 'that tells no arms apart', query: { ...counted, total: '{a="b"}' }, key: '/total' },
    {
      name: 'with a variable outside of strings',
      query: { ...counted, total: `{a="b"} | v > \${version}` },
      key: '/total',
    },
    { name: 'with a variable in a comment', query: { ...counted, total: `{a="b"} # \${version}` }, key: '/total' },
    ...[
      ...[`|> "<_> \${version}"`, `!> "a" or "\${version}"`, `| regexp "v=\${version} (?P<a>.*)"`],
      ...[`| pattern "\${version}"`, `| line_format "\${version}"`, `| label_format v="a|b", w="\${version}"`],
    ].map((stage) => ({
      ...{ name: `with a value in ${stage}`, query: { ...counted, total: `${lines} ${stage}` }, key: '/total' },
    })),
    { name: 'with a pod label that is no name', query: { ...counted, podLabel: 'a) (' }, key: '/podLabel' },
    { name: 'that is not whole', query: { total: lines }, key: '/errors' },
  ])('$name', ({ query, key }) => {
    expect(source.check(queried('loki', 'proportion', query))).toMatchObject({ key })
  })

  test('only when something is wrong with it', () => {
    expect(source.check(queried('loki', 'proportion', counted))).toBeNull()
    const formatted = `{a="b"} | label_format v=x | regexp "(?P<v>.*)" | v="\${version}"`
    expect(source.check(queried('loki', 'proportion', { ...counted, total: formatted }))).toBeNull()
    expect(source.check(queried('loki', 'gauge', { level: `max by (pod) (rate(${lines}[1m]))` }))).toBeNull()
    const question = questionOf(queried('loki', 'proportion', counted))
    expect(source.show!(question)[0]).toBe('errors of the baseline: {app="shop & co"} | version="1" | level="error"')
  })
})
