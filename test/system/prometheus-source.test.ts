import { readFileSync } from 'node:fs'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ArmSlice, Slice } from '../../src/domain/evidence.ts'
import type { SourceQuestion } from '../../src/domain/metric-source.ts'
import type { MetricSpec, Template } from '../../src/domain/template.ts'
import type { Verdict } from '../../src/domain/verdict.ts'
import type { SourceFindings } from '../../src/sources/index.ts'
import { PrometheusClient } from '../../src/sources/prometheus/client.ts'
import { discoverPacks } from '../../src/sources/prometheus/discover-packs.ts'
import { packMetrics, packs } from '../../src/sources/prometheus/packs/packs.ts'
import { createPrometheusSource } from '../../src/sources/prometheus/prometheus-source.ts'
import { bucketMiddle, exponentialGamma, quantileBucket, totalCount } from '../../src/stats/log-histogram.ts'
import { type Davy, startDavy, until } from '../davy.ts'
import { quick } from '../engine/lab.ts'
import { callOf } from '../http/client.ts'
import { Exporter } from './prometheus/exporter.ts'
import { ScrapingPrometheus } from './prometheus/prometheus.ts'
import { recordedExposition } from './prometheus/recorded.ts'

const podsEach = 3
/** Of each pod. */
const requestsPerSecond = 30
const exporter = new Exporter(['1', '2'], podsEach, requestsPerSecond)
const shop = `job="shop",service="\${service}",version="\${version}"`
const [errors, latency] = quick.metrics as readonly [MetricSpec, MetricSpec]
/**
 * Packs whose exporter is real: this process and Prometheus run here; a JVM with Micrometer 1.14.2 did, and what it wrote
 * is served as it wrote it. The others are as their documents say.
 */
const running: Readonly<Record<string, string>> = {
  ...{ node: 'by its exporter', go: 'by its exporter' },
  jvm: 'as its exporter wrote',
}
let prometheus: ScrapingPrometheus
let client: PrometheusClient
let startedAt: number
let davy: Davy
let deploymentId: string

const { metrics: _own, ...policy } = quick
/** A policy whose only evidence is Prometheus. */
const asking: Template = {
  ...policy,
  ...{ name: 'asking', watermarkSeconds: 3, blockSeconds: 10 },
  metrics: [
    {
      ...errors,
      source: 'prometheus',
      query: { errors: `requests_total{${shop},code=~"5.."}`, total: `requests_total{${shop}}` },
    },
  ],
}
const call = <T>(method: string, path: string, body?: object): Promise<T> => callOf<T>(davy, method, path, body)

beforeAll(async () => {
  const address = `127.0.0.1:${await exporter.listen()}`
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  exporter.others.set('/node', () => registry.metrics())
  startedAt = Date.now()
  const micrometer = readFileSync(new URL('prometheus/micrometer.txt', import.meta.url), 'utf8')
  exporter.others.set('/micrometer', async () => micrometer)
  exporter.others.set('/recorded', async () => recordedExposition((Date.now() - startedAt) / 1000))
  const targets = exporter.pods.map(({ name, version }) => ({
    ...{ address, path: `/${name}/metrics` },
    labels: { service: 'shop', version, pod: name },
  }))
  const pods = ['shop-1-a', 'shop-1-b', 'shop-2-a', 'shop-2-b']
  const asPods = (path: string) => pods.map((pod) => ({ address, path, labels: { pod } }))
  prometheus = await ScrapingPrometheus.prepare(
    {
      ...{ shop: targets, custom: targets, node: asPods('/node'), jvm: asPods('/micrometer') },
      recorded: [{ address, path: '/recorded', labels: {} }],
    },
    1,
    pods,
  )
  await prometheus.start()
  client = new PrometheusClient({ name: 'default', url: prometheus.url, timeoutSeconds: 8, concurrency: 4 })
  davy = await startDavy({ DAVY_SOURCES_PROMETHEUS_URL: prometheus.url })
  // It begins to scrape seconds after it is ready. Asking for what was before makes requests that it counts itself.
  const isScraped = async () => (await client.instant('jvm_threads_live_threads', Date.now() - 14_000)).length > 0
  await until(isScraped, 'scrapes of fourteen seconds', 45_000)
  await call('PUT', '/api/v1/templates/asking', asking)
  const opened = await call<{ id: string }>('POST', '/api/v1/deployments', {
    ...{ service: 'shop', canary: { version: '2' }, baseline: { version: '1' }, template: 'asking' },
  })
  deploymentId = opened.id
}, 60_000)
afterAll(async () => {
  await davy.stop()
  client.close()
  await prometheus.remove()
  await exporter.close()
})

/** What is told of ten seconds that have just passed. */
async function ask(metric: MetricSpec, more: Partial<SourceQuestion['deployment']> = {}) {
  const to = Math.floor((Date.now() - 2000) / 1000) * 1000
  const window = { from: to - 10_000, to }
  const pod = (version: string) => ['a', 'b'].map((name) => `shop-${version}-${name}`)
  const [answer] = await createPrometheusSource(new Map([['default', client]])).ask(
    {
      deployment: {
        ...{ id: 'D', namespace: 'store', service: 'shop', environment: 'default', strategy: 'canary' },
        ...{ canary: { version: '2' }, baseline: { version: '1' }, startedAt: new Date(startedAt).toISOString() },
        ...more,
      },
      metric,
      windows: [window],
      pods: { baseline: pod('1'), canary: pod('2') },
    },
    AbortSignal.timeout(10_000),
  )
  return { ...answer!, window }
}

const asked = (metric: MetricSpec, query: object): MetricSpec => ({
  ...metric,
  source: 'prometheus',
  query: query as Record<string, unknown>,
})

describe('of a real Prometheus', () => {
  test('counters are read as counts by pod, window by window', async () => {
    const { canary, baseline, window } = await ask(
      asked(errors, { errors: `requests_total{${shop},code="500"}`, total: `requests_total{${shop}}` }),
    )
    const served = exporter.served('2', window.from, window.to)
    // Ten scrapes of one second: at both ends up to one of them is in the next window.
    expect(Math.abs(canary.requests - served)).toBeLessThan(0.15 * served)
    expect(Object.keys(canary.pods)).toEqual(['shop-2-0', 'shop-2-1', 'shop-2-2'])
    expect(baseline.errors / baseline.requests).toBeLessThan(0.06)
  })

  test('known traffic without a series of errors is no errors, and no traffic is no data', async () => {
    const none = asked(errors, { errors: `requests_total{${shop},code="418"}`, total: `requests_total{${shop}}` })
    expect(await ask(none)).toMatchObject({ canary: { errors: 0 } })
    expect((await ask(none)).canary.requests).toBeGreaterThan(0)
    const { canary, baseline } = await ask(none, { service: 'nobody' })
    expect([canary.requests, baseline.requests]).toEqual([0, 0])
    const odd = asked(errors, { errors: `requests_total{${shop}}`, total: `requests_totals{${shop}}` })
    await expect(ask(odd)).rejects.toMatchObject({ code: 'SOURCE_DOWN' })
  })

  test.each([
    { kind: 'classic', durations: `request_seconds_bucket{${shop}}` },
    { kind: 'native, with bounds of its own', durations: `request_seconds{job="custom",version="\${version}"}` },
  ])('durations of $kind histograms lie between the edges that are known', async ({ durations }) => {
    const { canary } = await ask(asked(latency, { durations }))
    expect(canary.requests).toBeGreaterThan(300)
    expect(totalCount(canary.latency)).toBe(canary.requests)
    const half = (latency: ArmSlice['latency']) =>
      bucketMiddle(quantileBucket(latency, 0.5)!, exponentialGamma(5)) / 1e9
    // The median is 50 ms, between the bounds 40 and 60 ms.
    expect(half(canary.latency)).toBeCloseTo(0.06, 2)
    expect(half(canary.atLeast!.latency)).toBeCloseTo(0.04, 2)
  })

  test('native histograms with exponential buckets keep their resolution', async () => {
    const of = (handler: string) => `prometheus_http_request_duration_seconds{job="self",handler="${handler}"}`
    const durations = { baseline: of('/metrics'), canary: of('/api/v1/query') }
    const { canary } = await ask(asked(latency, { durations }))
    expect(canary.requests).toBeGreaterThan(0)
    expect(totalCount(canary.latency)).toBe(canary.requests)
    const [[low], [high]] = [canary.atLeast!.latency[0]!, canary.latency[0]!]
    expect(high - low).toBeLessThan(32)
  })
})

describe.each(packs.map(({ name }) => ({ name, told: running[name] ?? 'as documented' })))(
  'the pack $name, $told',
  ({ name }) => {
    test.each(packMetrics(name)!.map((metric) => ({ metric, label: metric.name })))(
      'finds $label',
      async ({ metric }) => {
        const { delaySeconds: _late, ...query } = metric.query as { delaySeconds?: number }
        const { canary, baseline } = await ask({ ...metric, query })
        for (const arm of [canary, baseline]) {
          const isThere = { ...arm.gauges, ...arm.events }[metric.name] !== undefined
          expect(arm.requests > 0 || isThere).toBe(true)
        }
      },
    )
  },
)

test('discovery says which packs there is data for, and what is missing', async () => {
  const { sources, prometheus: all } = await call<SourceFindings>('GET', '/api/v1/sources')
  expect(sources).toContain('prometheus')
  const [found] = all
  expect(found).toMatchObject({ account: 'default', fault: null })
  expect(found!.packs.map(({ pack, state, missing }) => ({ pack, state, missing }))).toEqual(
    packs.map(({ name }) => ({ pack: name, state: 'complete', missing: [] })),
  )
  const gone = new PrometheusClient({ name: 'gone', url: 'http://127.0.0.1:9', timeoutSeconds: 2, concurrency: 1 })
  const [down] = await discoverPacks(new Map([['gone', gone]]), Date.now())
  expect(down).toMatchObject({ packs: [], fault: expect.stringContaining('ECONNREFUSED') })
  gone.close()
})

test('a bad canary is rolled back by Prometheus alone, and what it missed while it was down is made up', async () => {
  const id = deploymentId
  const verdict = () => call<Verdict>('GET', `/api/v1/deployments/${id}/verdict`)
  await until(async () => (await verdict()).metrics[0]!.canary.samples > 0, 'a look', 60_000)
  await prometheus.stop()
  exporter.behaviours['2']!.failing = 0.5
  const down = await until(async () => (await verdict()).reason.code === 'SOURCE_DOWN' && verdict(), 'a look', 60_000)
  expect(down.metrics[0]).toMatchObject({ finding: 'error' })
  expect(down.reason.detail).toContain('ECONNREFUSED')
  await prometheus.start()
  const last = await until(async () => ((await verdict()).final ? await verdict() : null), 'a final verdict', 120_000)
  expect(last).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' } })
  expect(last.metrics[0]).toMatchObject({ canary: { pods: 3 }, baseline: { pods: 3 } })
  const { looks } = await call<{ looks: { evidence: { slice: Slice | null } }[] }>(
    'GET',
    `/api/v1/deployments/${id}/evidence`,
  )
  // The first one begins before the deployment does.
  const [, ...slices] = looks.flatMap(({ evidence }) => evidence.slice ?? [])
  const seen = slices.reduce((sum, { baseline }) => sum + baseline.requests, 0)
  // The outage, a block and more, is in it, and no block is in it twice: at both ends a scrape, which may be late, is in
  // another slice, and that is less than half a block.
  const served = exporter.served('1', slices[0]!.from, slices.at(-1)!.to)
  expect(Math.abs(seen - served)).toBeLessThan(0.5 * asking.blockSeconds * podsEach * requestsPerSecond)
  const told = slices.flatMap(({ own, from }) => ({ own: own![errors.name]!, from }))
  expect(told.some(({ own }) => 'fault' in own)).toBe(true)
  expect(told.some(({ own, from }) => !('fault' in own) && own.from < from)).toBe(true)
})
