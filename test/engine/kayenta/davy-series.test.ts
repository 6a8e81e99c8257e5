import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DavySeries } from '../../../src/engine/kayenta/davy-series.ts'
import { CohortSeriesReader } from '../../../src/storage/cohort-series-reader.ts'
import { type KayentaLab, openKayentaLab } from './kayenta-lab.ts'

const minuteMs = 60_000
const start = Math.floor((Date.now() - 60 * minuteMs) / minuteMs) * minuteMs
const gone = Number.NaN
/** A bucket of 2^(1/32) times the nanoseconds; this one holds 100 ms. */
const bucket = Math.floor(Math.log2(0.1e9) * 32)

let lab: KayentaLab
let source: DavySeries
let oldestUnstoredAt: number | null = null

type Row = {
  at: number
  version?: string
  requests?: number
  failed?: boolean
  service?: string
  namespace?: string
  pod?: string
}
const requests = ({
  at,
  version = '2',
  requests: n = 10,
  failed = false,
  service = 'checkout',
  namespace = '',
  pod = 'a',
}: Row) => ({
  ...{
    Service: service,
    T: (start + at) / 1000,
    Namespace: namespace,
    Environment: 'production',
    Version: version,
    Pod: pod,
  },
  ...{ Cohort: '', ReplicaSet: `rs${version}`, Operation: 'POST /pay', SpanKind: 'Server', N: n, S: 0 },
  ...{ StatusCode: failed ? 'Error' : 'Unset', H: { [bucket]: n } },
})
const level = (at: number, pod: string, value: number) => ({
  ...{ Service: 'checkout', MetricName: 'process.memory.usage', T: (start + at) / 1000, Kind: 'gauge', Namespace: '' },
  ...{
    Environment: 'production',
    Version: '2',
    Cohort: '',
    ReplicaSet: 'rs2',
    Pod: pod,
    Series: 1,
    N: 2,
    S: 2 * value,
  },
})

beforeAll(async () => {
  lab = await openKayentaLab()
  const rows = [
    requests({ at: 0 }),
    requests({ at: 10_000, failed: true }),
    requests({ at: 120_000, requests: 30, pod: 'b' }),
    requests({ at: 130_000, version: '1', requests: 60 }),
    requests({ at: 170_000, requests: 20, service: 'twice', namespace: 'one' }),
    requests({ at: 170_000, requests: 20, service: 'twice', namespace: 'two' }),
  ]
  await lab.storage.insertRows('rollup_traces_10s', rows, 'requests')
  const levels = [level(0, 'a', 100), level(30_000, 'a', 300), level(0, 'b', 400), level(60_000, 'b', 500)]
  await lab.storage.insertRows('rollup_metrics_10s', levels, 'levels')
  const now = () => start + 60 * minuteMs
  source = new DavySeries({
    reader: new CohortSeriesReader(lab.storage),
    oldestUnstoredAt: () => oldestUnstoredAt,
    now,
  })
})
afterAll(() => lab.close())

const asked = (query: object, scope: object = {}, application = 'checkout') => ({
  ...{ metricName: 'm', query: { type: 'davy', ...query }, templates: {}, application },
  scope: {
    ...{ scope: '2', location: 'production', start, end: start + 3 * minuteMs, stepSeconds: 60, parameters: {} },
    ...scope,
  },
})
const values = async (query: object, scope?: object, application?: string) => {
  const { series } = await source.fetch(asked(query, scope, application), new AbortController().signal)
  return series[0]?.values
}

describe('of requests', () => {
  test('the rate is a second’s, and 0 between two requests', async () => {
    expect(await values({ metricName: 'request-rate' })).toEqual([20 / 60, 0, 30 / 60])
  })

  test('the share of errors and durations are missing without requests', async () => {
    expect(await values({ metricName: 'error-rate' })).toEqual([0.5, gone, 0])
    const [first, second] = (await values({ metricName: 'latency', quantile: 0.5 })) ?? []
    expect(first).toBeGreaterThan(0.098)
    expect(first).toBeLessThan(0.103)
    expect(second).toBeNaN()
  })

  test('scopes are versions or other dimensions, and select no more than they say', async () => {
    expect(await values({ metricName: 'request-rate' }, { scope: '1' })).toEqual([gone, gone, 1])
    expect(await values({ metricName: 'request-rate' }, { scope: 'replicaSet=rs2,pod=b' })).toEqual([gone, gone, 0.5])
    expect(await values({ metricName: 'error-rate', operation: 'GET /' })).toBeUndefined()
  })

  test.each([
    ['a version that nobody sent', { scope: '3' }],
    ['an environment that nobody sent', { location: 'staging' }],
    ['a time in which nobody sent', { start: start - 10 * minuteMs, end: start }],
  ])('%s has no series, which is not the same as zeros', async (_name, scope) => {
    expect(await values({ metricName: 'request-rate' }, scope)).toBeUndefined()
  })

  test('a step of seconds is a tick, and one that the window cuts off is left out', async () => {
    expect(await values({ metricName: 'error-rate' }, { stepSeconds: 1, end: start + 25_000 })).toEqual([0, 1])
    expect(await values({ metricName: 'request-rate' }, { stepSeconds: 120 })).toHaveLength(1)
  })

  test('the service is the query’s, a parameter or the application; several namespaces need one named', async () => {
    const query = { metricName: 'request-rate' }
    expect(await values({ ...query, service: 'checkout' }, {}, 'other')).toHaveLength(3)
    expect(await values(query, { parameters: { service: 'checkout' } }, 'other')).toHaveLength(3)
    await expect(values({ ...query, service: 'twice' })).rejects.toMatchObject({
      code: 'VALIDATION',
      expected: expect.stringContaining('"one", "two"'),
    })
    expect(await values({ ...query, service: 'twice' }, { parameters: { namespace: 'two' } })).toEqual([
      gone,
      gone,
      20 / 60,
    ])
  })
})

test('of a gauge the level is the mean over pods', async () => {
  expect(await values({ metricName: 'gauge', instrument: 'process.memory.usage' })).toEqual([300, 500, gone])
})

test('what is whole is what the watermark has passed and nobody still stores', () => {
  const end = start + minuteMs
  const complete = end + 20_000
  const later = end + 90_000
  expect(source.completeAt(end, end, end)).toBe(complete)
  expect(source.completeAt(end, end, later)).toBe(complete)
  oldestUnstoredAt = end - 1000
  expect(source.completeAt(end, end, later)).toBeNull()
  // It came after the window, and before anybody asked: it may tell of the window.
  oldestUnstoredAt = end + 60_000
  expect(source.completeAt(end, end + 60_001, later)).toBeNull()
  expect(source.completeAt(end, end + 59_999, later)).toBe(complete)
  oldestUnstoredAt = null
})

test.each<[object, object, RegExp]>([
  [{ metricName: 'cpu' }, {}, /expected metricName/],
  [{ metricName: 'error-rate', metric: 'x' }, {}, /got "metric"/],
  [{ metricName: 'latency', quantile: 1 }, {}, /quantile/],
  [{ metricName: 'gauge' }, {}, /instrument/],
  [{ metricName: 'error-rate' }, { scope: '' }, /expected a version/],
  [{ metricName: 'error-rate' }, { scope: 'color=red' }, /expected a version/],
])('%j over %j is refused before anybody asks', (query, scope, message) => {
  expect(source.check(asked(query, scope))).toMatch(message)
  expect(source.check(asked({ metricName: 'error-rate' }))).toBeNull()
})

test('its metrics are told by name', async () => {
  const found = await source.describe('memory', 10, new AbortController().signal)
  expect(found).toEqual([
    { name: 'process.memory.usage', metricName: 'gauge', instrument: 'process.memory.usage', service: 'checkout' },
  ])
})
