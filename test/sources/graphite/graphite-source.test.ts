import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createGraphiteSource } from '../../../src/sources/graphite/graphite-source.ts'
import { JsonServer } from '../json-server.ts'
import { queried, questionOf, startedAt } from '../question.ts'

const server = new JsonServer()
let source: ReturnType<typeof createGraphiteSource>
beforeAll(async () => {
  source = createGraphiteSource({ url: await server.listen(), timeoutSeconds: 5, concurrency: 4 })
})
afterAll(async () => {
  await source.close()
  await server.close()
})
beforeEach(() => {
  server.asked.length = 0
})

const path = `stats.shop.\${version}.*`
const sums = { errors: `${path}.failed`, total: `${path}.requests`, pod: 3 }
const at = (seconds: number) => startedAt / 1000 + seconds
type Points = readonly (readonly [value: number | null, at: number])[]
const series = (target: string, datapoints: Points, tags: object = {}) => ({ target, datapoints, tags })
const ask = (kind: Parameters<typeof queried>[1], query: object, version = '2') => {
  const question = questionOf(queried('graphite', kind, query))
  return source.ask(
    { ...question, deployment: { ...question.deployment, canary: { version } } },
    AbortSignal.timeout(5000),
  )
}
const points = (value: number): Points => [
  [null, at(-10)],
  [value, at(0)],
]
/** Says series of the canary; of the baseline there are none. */
function says(byName: Readonly<Record<string, readonly object[]>>): void {
  server.says = ({ parameters: { target } }) => {
    const name = Object.keys(byName).find((each) => target!.includes(each))
    return { body: /[.=]2(?:[.']|$)/.test(target!) && name !== undefined ? byName[name]! : [] }
  }
}

describe('a Graphite', () => {
  test('tells of sums, each in the window in which its stretch ends; nulls are no data', async () => {
    says({
      requests: [
        series('stats.shop.2.a.requests', [
          [4, at(-10)],
          [5, at(0)],
          [7, at(10)],
        ]),
        series('stats.shop.2.b.requests', [
          [null, at(-10)],
          [null, at(0)],
          [0, at(10)],
        ]),
      ],
      failed: [
        series('stats.shop.2.a.failed', [
          [null, at(-10)],
          [2, at(0)],
          [null, at(10)],
        ]),
      ],
    })
    const [first, second] = await ask('proportion', sums)
    expect(first!.canary).toMatchObject({ requests: 5, errors: 2, pods: { a: { requests: 5, errors: 2 } } })
    expect(second!.canary).toMatchObject({ requests: 7, errors: 0 })
    expect(first!.baseline).toMatchObject({ requests: 0, pods: {} })
    expect(server.asked[0]).toMatchObject({ method: 'POST', path: '/render' })
    expect(server.asked[0]!.parameters).toMatchObject({ format: 'json', from: `${at(-300)}`, until: `${at(20)}` })
  })

  test('whose points are a minute apart tells of a minute when it is over', async () => {
    says({
      requests: [
        series(
          'stats.shop.2.a.requests',
          [
            [60, at(-60)],
            [90, at(-40)],
          ].map(([v, t]) => [v!, t!] as const),
        ),
      ],
    })
    await expect(ask('proportion', { ...sums, stepSeconds: 60 })).rejects.toMatchObject({
      code: 'SOURCE_DOWN',
      message: expect.stringContaining('20 s apart: expected 60 s'),
    })
    says({
      requests: [
        series('stats.shop.2.a.requests', [
          [60, at(-105)],
          [90, at(-45)],
          [30, at(15)],
        ]),
      ],
    })
    const answers = await ask('proportion', { ...sums, stepSeconds: 60 })
    expect(answers.map(({ canary }) => canary.requests)).toEqual([0, 90])
  })

  test('that gives one point alone, as a retention of ten minutes does, is not believed', async () => {
    says({ requests: [series('stats.shop.2.a.requests', [[600, at(0)]])], failed: [] })
    await expect(ask('proportion', sums)).rejects.toMatchObject({
      code: 'SOURCE_DOWN',
      message: expect.stringContaining('are one alone in minutes: expected 10 s'),
    })
  })

  test('whose points are five minutes apart is asked about two of them', async () => {
    says({})
    await ask('proportion', { ...sums, stepSeconds: 300 })
    expect(server.asked[0]!.parameters).toMatchObject({ from: `${at(-600)}` })
  })

  test('tells of counters, pods and operations by tags', async () => {
    const tags = { pod: 'a', route: '/pay' }
    says({
      all: [
        series(
          'all;pod=a',
          [
            [100, at(-10)],
            [130, at(0)],
            [20, at(10)],
          ],
          tags,
        ),
      ],
    })
    const tagged = `seriesByTag('name=all', 'version=\${version}')`
    const query = {
      errors: tagged.replace('all', 'bad'),
      total: tagged,
      pod: 'pod',
      operation: 'route',
      read: 'cumulative',
    }
    const [first, second] = await ask('proportion', query)
    expect([first!.canary.requests, second!.canary.requests]).toEqual([30, 20])
    expect(first!.canary.operations).toEqual({ '/pay': { requests: 30, errors: 0 } })
  })

  test('tells of durations by the bins of a histogram', async () => {
    const bin = (name: string, count: number) =>
      series(`stats.timers.2.a.histogram.${name}`, [
        [null, at(-10)],
        [count, at(0)],
      ])
    says({ bin_: [bin('bin_inf', 3), bin('bin_10', 1), bin('bin_0_5', 2)] })
    const [first] = await ask('distribution', { durations: `stats.timers.\${version}.*.histogram.bin_*`, pod: 3 })
    const bucket = (ms: number) => Math.round(Math.log2(ms * 1e6) * 32)
    expect(first!.canary).toMatchObject({
      ...{
        requests: 6,
        pods: { a: { requests: 6 } },
        latency: [
          [bucket(0.5) - 1, 2],
          [bucket(10) - 1, 1],
          [32_767, 3],
        ],
      },
      atLeast: {
        latency: [
          [0, 2],
          [bucket(0.5), 1],
          [bucket(10), 3],
        ],
      },
    })
  })

  test('tells of events, and of levels by any target', async () => {
    says({
      restarts: [series('restarts.2.a', points(1))],
      up: [series('up.2.a', points(1)), series('up.2.b', points(1))],
      memory: [
        series('memory.2.a', [
          [5, at(0)],
          [9, at(10)],
        ]),
      ],
    })
    const [events] = await ask('count', { events: `restarts.\${version}.*`, running: `up.\${version}.*`, pod: 2 })
    expect(events!.canary.events).toEqual({ asked: { a: 1, b: 0 } })
    const [, levels] = await ask('gauge', { level: `aliasByNode(memory.\${version}.*, 2)` })
    expect(levels!.canary.gauges).toEqual({ asked: { '': { count: 1, sum: 9, min: 9, max: 9 } } })
  })

  test.each([
    { name: 'no list', said: { error: 'x' }, words: 'a list' },
    { name: 'a path without the node', said: [series('short', points(1))], words: 'a node 3' },
    { name: 'a text as a number', said: [{ target: 'a', datapoints: [['1', at(0)]] }], words: 'a number, or null' },
    {
      name: 'one series to both arms',
      said: [series('stats.shop.x.a.requests', points(1))],
      words: 'count one series',
    },
  ])('that answers with $name is not believed', async ({ said, words }) => {
    server.says = () => ({ body: said })
    await expect(ask('proportion', sums)).rejects.toMatchObject({
      code: 'SOURCE_DOWN',
      message: expect.stringContaining(words),
    })
  })
})

describe('a value', () => {
  test.each([
    '*',
    '{1,2}',
    '2*',
    '?',
    '[0-9]',
    'a b',
    '',
    '..',
    '.',
    'a,b',
    "2'",
    '2)',
    '\n',
    `\${service}`,
    '%2e',
    '\\*',
  ])('of %j is no node of a path, and is not asked for', async (version) => {
    for (const dots of ['_', '.']) {
      if (dots === '_' && /^\.+$/.test(version)) continue
      await expect(ask('proportion', { ...sums, dots }, version)).rejects.toMatchObject({
        code: 'SOURCE_DOWN',
        message: expect.stringContaining('which no node of a path can be'),
      })
    }
    expect(server.asked.every(({ parameters }) => parameters.target!.includes('.1.'))).toBe(true)
  })

  test.each(['~.*', '2;app=shop', "2'", '"', '\\', '\n'])('of %j is no tag, and is not asked for', async (version) => {
    const tagged = `seriesByTag('name=all', 'version=\${version}')`
    await expect(ask('proportion', { errors: tagged, total: tagged }, version)).rejects.toMatchObject({
      message: expect.stringContaining('which no tag can be'),
    })
  })

  const matching = `seriesByTag('name=all', 'version=~^\${version}$')`

  test.each(['.*', '2|3', '(2', '2+', '[2]', "2'", '\\d', '^', '2$', '?'])(
    'of %j might be a pattern, and is not asked for in one',
    async (version) => {
      await expect(ask('proportion', { errors: matching, total: matching }, version)).rejects.toMatchObject({
        message: expect.stringContaining('which might be a pattern'),
      })
    },
  )

  test('with dots has them as dots in a pattern', async () => {
    server.says = () => ({ body: [] })
    await ask('proportion', { errors: matching, total: matching }, '2.4.1')
    const targets = server.asked.map(({ parameters }) => parameters.target)
    expect(targets).toContain("seriesByTag('name=all', 'version=~^2[.]4[.]1$')")
  })

  test.each([
    { dots: '_', asked: 'stats.shop.2_4_1.*.requests' },
    { dots: '-', asked: 'stats.shop.2-4-1.*.requests' },
    { dots: '.', asked: 'stats.shop.2.4.1.*.requests' },
  ])('with dots is written with $dots', async ({ dots, asked }) => {
    server.says = () => ({ body: [] })
    await ask('proportion', { ...sums, dots }, '2.4.1')
    expect(server.asked.map(({ parameters }) => parameters.target)).toContain(asked)
  })
})

describe('a query of Graphite is refused', () => {
  test.each([
    {
      name: 'with a function around counts',
      kind: 'proportion',
      query: { ...sums, total: `sumSeries(${path})` },
      key: '/total',
    },
    { name: 'that tells no arms apart', kind: 'proportion', query: { ...sums, total: 'stats.*' }, key: '/total' },
    {
      name: 'whose tag has no end',
      kind: 'proportion',
      query: { ...sums, total: `seriesByTag('v=\${version})` },
      key: '/total',
    },
    {
      name: 'for a distribution of percentiles',
      kind: 'distribution',
      query: { durations: `${path}.upper_90` },
      key: '/durations',
    },
    { name: 'with steps of no length', kind: 'proportion', query: { ...sums, stepSeconds: 0 }, key: '/stepSeconds' },
  ] as const)('$name', ({ kind, query, key }) => {
    expect(source.check(queried('graphite', kind, query))).toMatchObject({ key })
  })

  test('only when something is wrong with it', () => {
    expect(source.check(queried('graphite', 'proportion', sums))).toBeNull()
  })
})
