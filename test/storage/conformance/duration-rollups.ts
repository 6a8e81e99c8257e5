import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { endlessBucket } from '../../../src/stats/bucket-placement.ts'
import { inOrder } from '../in-order.ts'
import type { Opened } from '../opened.ts'
import { keyValues, storeOtlp } from '../store-otlp.ts'
import { rollupBench } from './rollup-bench.ts'

const tick = Math.floor(Date.now() / 10_000) * 10_000 - 3_600_000
const nanos = (ms: number): string => `${tick + ms}000000`
const name = 'http.server.request.duration'

type HistogramInput = {
  readonly ms: number
  /** Start of the series in milliseconds after the first tick; absent: not told. */
  readonly startMs?: number
  readonly isDelta?: boolean
  readonly unit?: string
  readonly metric?: string
  readonly attributes?: Readonly<Record<string, string | number>>
  readonly resource?: Readonly<Record<string, string>>
  readonly hasNoValue?: boolean
  readonly bounds?: readonly number[]
  readonly scale?: number
  readonly offset?: number
  readonly counts: readonly number[]
}

function metricOf(point: HistogramInput): object {
  const { bounds = [0.1, 0.2], counts } = point
  const attributes = Object.entries(point.attributes ?? {}).flatMap(([key, value]) =>
    typeof value === 'string' ? keyValues({ [key]: value }) : [{ key, value: { intValue: String(value) } }],
  )
  const common = {
    ...{ timeUnixNano: nanos(point.ms), attributes, sum: 1 },
    ...(point.startMs === undefined ? {} : { startTimeUnixNano: nanos(point.startMs) }),
    ...(point.hasNoValue === true ? { flags: 1, count: '0' } : { count: String(counts.reduce((a, b) => a + b, 0)) }),
  }
  const of = { name: point.metric ?? name, unit: point.unit ?? 's' }
  const aggregationTemporality = point.isDelta === true ? 1 : 2
  const bucketCounts = counts.map(String)
  if (point.scale === undefined) {
    const dataPoints = [{ ...common, explicitBounds: bounds, bucketCounts }]
    return { ...of, histogram: { aggregationTemporality, dataPoints } }
  }
  const positive = { offset: point.offset ?? 0, bucketCounts }
  return {
    ...of,
    exponentialHistogram: {
      aggregationTemporality,
      dataPoints: [{ ...common, scale: point.scale, zeroCount: '0', positive }],
    },
  }
}

/** From histograms of durations to requests, failed ones among them, and latency. */
export function durationRollupsConformance(current: () => Opened): void {
  describe('duration rollups', () => {
    const bench = rollupBench(current)

    async function store(service: string, points: readonly HistogramInput[], token: string = randomUUID()) {
      const resourceMetrics = points.map((point) => ({
        resource: { attributes: keyValues({ 'service.name': service, 'k8s.pod.name': 'a', ...point.resource }) },
        scopeMetrics: [{ metrics: [metricOf(point)] }],
      }))
      await storeOtlp(bench.opened.storage, bench.directory, 'metrics', { resourceMetrics }, token)
    }
    const durations = async (service: string, from = 0, to = 600_000) =>
      inOrder(await bench.rollups.durations([service], [name], tick + from, tick + to))
    /** `[seconds after the first tick, requests]` of each row; and all of them must add up to the totals. */
    async function increases(service: string, from = 0, to = 600_000) {
      const rows = await durations(service, from, to)
      const totals = await bench.rollups.durationTotals([service], [name], tick + from, tick + to)
      const sum = (of: readonly { readonly requests: number }[]) => of.reduce((all, { requests }) => all + requests, 0)
      expect(sum(totals)).toBe(sum(rows))
      expect(totals.reduce((all, { errors }) => all + errors, 0)).toBe(sum(rows.filter(({ failed }) => failed)))
      return rows.map((row) => [(row.at - tick) / 1000, row.requests]).toSorted()
    }
    /** Nearest edges of 32 buckets a doubling, in nanoseconds. */
    const edge = (seconds: number) => Math.round(Math.log2(seconds * 1e9) * 32)

    test('explicit buckets lie between their edges, in seconds or milliseconds', async () => {
      await store('explicit', [{ ms: 1_000, isDelta: true, counts: [5, 3, 2] }])
      await store('explicit', [{ ms: 11_000, isDelta: true, unit: 'ms', bounds: [100, 200], counts: [5, 3, 2] }])
      const rows = await durations('explicit')
      const latency = { [edge(0.1) - 1]: 5, [edge(0.2) - 1]: 3, [endlessBucket]: 2 }
      const atLeast = { 0: 5, [edge(0.1)]: 3, [edge(0.2)]: 2 }
      expect(rows.map(({ at }) => at - tick)).toEqual([0, 10_000])
      for (const row of rows) {
        expect(row).toMatchObject({ requests: 10, adjusted: 10, withThreshold: 0, failed: false, latency, atLeast })
      }
    })

    test('an exponential histogram finer than the rollup is merged down to it, a coarser one keeps its edges', async () => {
      // 1 s to 2 s at scale 6 are the buckets 0 to 63.
      const counts = Array.from({ length: 64 }, () => 1)
      await store('exponential', [
        { ms: 1_000, isDelta: true, scale: 6, counts },
        { ms: 11_000, isDelta: true, scale: 0, offset: -1, counts: [7, 9] },
      ])
      const [fine, coarse] = await durations('exponential')
      const shared = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [edge(1) + i, 2]))
      expect(fine).toMatchObject({ requests: 64, latency: shared, atLeast: shared })
      expect(coarse).toMatchObject({
        latency: { [edge(1) - 1]: 7, [edge(2) - 1]: 9 },
        atLeast: { [edge(0.5)]: 7, [edge(1)]: 9 },
      })
    })

    test('what failed is told by the attributes of the conventions, old and new', async () => {
      const cases: [string, Readonly<Record<string, string | number>>, boolean][] = [
        ['GET /ok', { 'http.request.method': 'GET', 'http.route': '/ok', 'http.response.status_code': 404 }, false],
        ['GET /new', { 'http.request.method': 'GET', 'http.route': '/new', 'http.response.status_code': 503 }, true],
        ['POST /old', { 'http.method': 'POST', 'http.route': '/old', 'http.status_code': 500 }, true],
        ['PUT /type', { 'http.request.method': 'PUT', 'http.route': '/type', 'error.type': 'timeout' }, true],
        ['DELETE', { 'http.request.method': 'DELETE', 'http.response.status_code': 200 }, false],
        ['shop.Cart/Add', { 'rpc.service': 'shop.Cart', 'rpc.method': 'Add', 'rpc.grpc.status_code': 13 }, true],
        ['shop.Cart/Get', { 'rpc.service': 'shop.Cart', 'rpc.method': 'Get', 'rpc.grpc.status_code': 5 }, false],
        [name, {}, false],
      ]
      await store(
        'failures',
        cases.map(([, attributes]) => ({ ms: 1_000, isDelta: true, counts: [1, 0, 0], attributes })),
      )
      const rows = (await durations('failures')).map(({ operation, failed }) => [operation, failed])
      expect(rows.toSorted()).toEqual(cases.map(([operation, , failed]) => [operation, failed]).toSorted())
    })

    test('only durations are kept, dimensions come from the resource, and a segment again adds nothing', async () => {
      const resource = { 'service.namespace': 'shop', 'service.version': '2', 'cloud.region': 'eu-north-1' }
      for (let time = 0; time < 2; time += 1) {
        await store('once', [{ ms: 1_000, isDelta: true, counts: [1, 0, 0], resource }], 'durations once')
      }
      await store('once', [{ ms: 1_000, isDelta: true, unit: 'By', counts: [100, 0, 0] }])
      await store('once', [{ ms: 1_000, isDelta: true, metric: 'http.client.request.duration', counts: [100, 0, 0] }])
      await store('once', [{ ms: 1_000, isDelta: true, hasNoValue: true, counts: [0, 0, 0] }])
      expect(await durations('once')).toMatchObject([
        {
          ...{ namespace: 'shop', service: 'once', environment: 'default', version: '2', cohort: '', replicaSet: '' },
          ...{ pod: 'a', region: 'eu-north-1', at: tick, metric: name, requests: 1 },
        },
      ])
    })

    test('deltas are summed as they come', async () => {
      const of = (ms: number) => ({ ms, isDelta: true, counts: [2, 1, 0] })
      await store('deltas', [of(1_000), of(9_000)])
      await store('deltas', [of(5_000), of(11_000)])
      expect(await increases('deltas')).toEqual([
        [0, 9],
        [10, 3],
      ])
      expect((await durations('deltas'))[0]?.latency).toEqual({ [edge(0.1) - 1]: 6, [edge(0.2) - 1]: 3 })
    })

    test('a cumulative one grows by the difference to its point before, in whatever order points come', async () => {
      const points = [
        { ms: 1_000, counts: [100, 10, 0] },
        { ms: 12_000, counts: [103, 11, 0] },
        { ms: 65_000, counts: [103, 31, 1] },
      ]
      for (const point of points.toReversed()) await store('grows', [point])
      expect(await increases('grows')).toEqual([
        [10, 4],
        [60, 21],
      ])
      expect((await durations('grows')).map(({ latency }) => latency)).toEqual([
        { [edge(0.1) - 1]: 3, [edge(0.2) - 1]: 1 },
        { [edge(0.2) - 1]: 20, [endlessBucket]: 1 },
      ])
      expect(await increases('grows', 60_000, 70_000)).toEqual([[60, 21]])
    })

    test('a reset counts from zero, whether the count falls or only the start is new', async () => {
      await store('falls', [
        { ms: 1_000, counts: [100, 0, 0] },
        { ms: 11_000, counts: [3, 4, 0] },
        { ms: 21_000, counts: [4, 4, 0] },
      ])
      expect(await increases('falls')).toEqual([
        [10, 7],
        [20, 1],
      ])
      await store('starts anew', [
        { ms: 1_000, startMs: -900_000, counts: [10, 0, 0] },
        { ms: 11_000, startMs: 5_000, counts: [12, 2, 0] },
      ])
      expect(await increases('starts anew')).toEqual([[10, 14]])
      expect((await durations('starts anew'))[0]?.latency).toEqual({ [edge(0.1) - 1]: 12, [edge(0.2) - 1]: 2 })
    })

    test('a new series counts whole when it started lately, or when its process exported others before it', async () => {
      const point = (route: string, ms: number, startMs: number | undefined, count: number, pod = 'a') => ({
        ...{ ms, counts: [count, 0, 0], attributes: { 'http.route': route }, resource: { 'k8s.pod.name': pod } },
        ...(startMs === undefined ? {} : { startMs }),
      })
      await store('new series', [point('/lately', 70_000, 15_000, 40)])
      expect(await increases('new series')).toEqual([[70, 40]])
      await store('old series', [point('/old', 70_000, -900_000, 40), point('/unknown', 70_000, undefined, 40)])
      expect(await increases('old series')).toEqual([])
      // The first error of a process that has run for long, which gave all series its own start.
      await store('old series', [
        point('/old', 130_000, -900_000, 41),
        point('/unknown', 130_000, undefined, 42),
        point('/first', 130_000, -900_000, 5),
        point('/first', 130_000, -900_000, 1_000, 'another pod'),
      ])
      expect(await increases('old series')).toEqual([
        [130, 1],
        [130, 2],
        [130, 5],
      ])
      expect(await increases('old series', 130_000, 140_000)).toHaveLength(3)
    })

    test('a silence of more than five minutes says nothing of what grew in it', async () => {
      await store('silent', [
        { ms: 0, counts: [10, 0, 0] },
        { ms: 400_000, counts: [500, 0, 0] },
        { ms: 410_000, counts: [501, 0, 0] },
      ])
      expect(await increases('silent')).toEqual([[410, 1]])
    })

    test('an exponential one that gives up resolution grows at the coarser scale', async () => {
      await store('rescaled', [
        { ms: 1_000, scale: 1, offset: 0, counts: [4, 6] },
        { ms: 11_000, scale: 0, offset: -1, counts: [1, 12] },
      ])
      expect(await durations('rescaled')).toMatchObject([
        { requests: 3, latency: { [edge(1) - 1]: 1, [edge(2) - 1]: 2 }, atLeast: { [edge(0.5)]: 1, [edge(1)]: 2 } },
      ])
    })

    test('merging parts changes nothing', async () => {
      const before = [await durations('grows'), await durations('deltas'), await durations('exponential')]
      await bench.opened.storage.command('OPTIMIZE TABLE rollup_durations_10s FINAL')
      expect([await durations('grows'), await durations('deltas'), await durations('exponential')]).toEqual(before)
    })
  })
}
