import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { PrometheusClient } from '../../../src/sources/prometheus/client.ts'
import { PrometheusSeries } from '../../../src/sources/prometheus/kayenta-series.ts'

/** A server that speaks as much of the Prometheus API as is asked for. */
let server: Server
let source: PrometheusSeries
let client: PrometheusClient
let answer: { status: number; body: object } = { status: 200, body: {} }
let asked: URLSearchParams[] = []

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    asked.push(new URLSearchParams(body || (request.url ?? '').split('?')[1]))
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  client = new PrometheusClient({ name: 'mine', url, timeoutSeconds: 5, concurrency: 2 })
  source = new PrometheusSeries(client, () => 0)
})
afterAll(async () => {
  client.close()
  await new Promise((resolve) => server.close(resolve))
})
beforeEach(() => {
  asked = []
})

let queries = 0
const start = Date.parse('2026-11-21T10:00:00Z')
const fetched = () =>
  source.fetch(
    {
      ...{ metricName: 'cpu', templates: {}, application: '' },
      query: { type: 'prometheus', metricName: `cpu_${++queries}`, customInlineTemplate: 'a="b"' },
      scope: { scope: '1', location: '', start, end: start + 240_000, stepSeconds: 60, parameters: {} },
    },
    new AbortController().signal,
  )
const matrix = (values: readonly (readonly [number, string])[]) => ({
  status: 200,
  body: {
    status: 'success',
    data: {
      resultType: 'matrix',
      result: [
        {
          metric: { __name__: 'cpu', zone: 'a' },
          values: values.map(([step, value]) => [start / 1000 + step * 60, value]),
        },
      ],
    },
  },
})

test('series come with their labels but their name, on the steps of the window', async () => {
  answer = matrix([0, 1, 2, 3, 4].map((step) => [step, String(step * 1.5)]))
  const { series, query } = await fetched()
  expect(query).toBe(`avg(cpu_${queries}{a="b"})`)
  expect(series).toEqual([{ tags: { zone: 'a' }, startAt: start, stepMs: 60_000, values: [0, 1.5, 3, 4.5, 6] }])
  expect(asked.map((each) => [each.get('query'), each.get('step')])).toEqual([[query, '60']])
})

test('a series with a gap has as many values as Kayenta fills it up to', async () => {
  answer = matrix([
    [0, '1'],
    [1, 'NaN'],
    [4, '+Inf'],
  ])
  const [series] = (await fetched()).series
  expect(series?.values).toEqual([1, Number.NaN, Number.NaN, Number.POSITIVE_INFINITY])
})

test.each<[number, string]>([
  [400, 'UNPROCESSABLE'],
  [422, 'UNPROCESSABLE'],
  [429, 'SOURCE_DOWN'],
  [503, 'SOURCE_DOWN'],
])('an answer %s is %s: asking again helps or not', async (status, code) => {
  answer = { status, body: { status: 'error', errorType: 'bad_data', error: 'parse error' } }
  await expect(fetched()).rejects.toMatchObject({ code })
})
