import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { inOrder } from '../in-order.ts'
import type { Opened } from '../opened.ts'
import { keyValues, storeOtlp } from '../store-otlp.ts'
import { rollupBench } from './rollup-bench.ts'

const tick = Math.floor(Date.now() / 10_000) * 10_000 - 3_600_000
const nanos = (ms: number): string => `${tick + ms}000000`

type Kind = 'gauge' | 'up-down' | 'cumulative' | 'delta' | 'change'

type PointInput = {
  readonly ms: number
  readonly value: number
  /** Start of the series in milliseconds after the first tick; absent: not told. */
  readonly startMs?: number
  readonly hasNoValue?: boolean
  readonly pod?: string
  readonly attributes?: Readonly<Record<string, string>>
  readonly resource?: Readonly<Record<string, string>>
  readonly metric?: string
}

function metricOf(kind: Kind, point: PointInput): object {
  const dataPoints = [
    {
      ...{ timeUnixNano: nanos(point.ms), asDouble: point.value, attributes: keyValues(point.attributes ?? {}) },
      ...(point.startMs === undefined ? {} : { startTimeUnixNano: nanos(point.startMs) }),
      ...(point.hasNoValue === true ? { flags: 1, asDouble: 0 } : {}),
    },
  ]
  const name = point.metric ?? 'm'
  if (kind === 'gauge') return { name, gauge: { dataPoints } }
  const aggregationTemporality = kind === 'delta' || kind === 'change' ? 1 : 2
  return { name, sum: { dataPoints, aggregationTemporality, isMonotonic: kind === 'cumulative' || kind === 'delta' } }
}

/** From metric points to levels and to what counters grew by. */
export function metricRollupsConformance(current: () => Opened): void {
  describe('metric rollups', () => {
    const bench = rollupBench(current)

    async function store(service: string, kind: Kind, points: readonly PointInput[], token: string = randomUUID()) {
      const resourceMetrics = points.map((point) => ({
        resource: {
          attributes: keyValues({ 'service.name': service, 'k8s.pod.name': point.pod ?? 'a', ...point.resource }),
        },
        scopeMetrics: [{ metrics: [metricOf(kind, point)] }],
      }))
      await storeOtlp(bench.opened.storage, bench.directory, 'metrics', { resourceMetrics }, token)
    }
    const gauges = async (service: string, metrics = ['m']) =>
      inOrder(await bench.rollups.gauges([service], metrics, tick, tick + 600_000))
    const counters = async (service: string, from = 0, to = 600_000) =>
      inOrder(await bench.rollups.counters([service], ['m'], tick + from, tick + to))
    /** `[seconds after the first tick, increase, resets]` of each row. */
    async function increases(service: string, from?: number, to?: number) {
      return (await counters(service, from, to)).map((row) => [(row.at - tick) / 1000, row.increase, row.resets])
    }

    test('a gauge has count, sum, least and greatest value by pod and 10 s', async () => {
      await store('levels', 'gauge', [
        { ms: 1_000, value: 4, attributes: { queue: 'x' } },
        { ms: 2_000, value: -2, attributes: { queue: 'y' } },
        { ms: 9_999, value: 8.5, attributes: { queue: 'y' } },
        { ms: 10_000, value: 7 },
        { ms: 1_000, value: 100, pod: 'b' },
        { ms: 1_000, value: 3, metric: 'other' },
      ])
      const rows = await gauges('levels')
      expect(rows.map((row) => [row.at - tick, row.pod, row.count, row.sum, row.min, row.max, row.series])).toEqual([
        [0, 'a', 3, 10.5, -2, 8.5, 2],
        [0, 'b', 1, 100, 100, 100, 1],
        [10_000, 'a', 1, 7, 7, 7, 1],
      ])
      expect((await gauges('levels', ['other', 'none'])).map(({ metric, sum }) => [metric, sum])).toEqual([
        ['other', 3],
      ])
    })

    test('a sum that goes up and down is a gauge; its changes, and counters, are none', async () => {
      await store('up and down', 'up-down', [{ ms: 1, value: -5 }])
      await store('up and down', 'change', [{ ms: 1, value: 1000 }])
      await store('up and down', 'cumulative', [{ ms: 1, value: 1000 }])
      await store('up and down', 'delta', [{ ms: 1, value: 1000 }])
      expect(await gauges('up and down')).toMatchObject([{ count: 1, sum: -5, min: -5, max: -5 }])
    })

    test('dimensions come from the resource, and the same segment again adds nothing', async () => {
      const resource = { 'service.namespace': 'shop', 'service.version': '2', 'cloud.region': 'eu-north-1' }
      const of = (kind: Kind) => store('dimensions', kind, [{ ms: 1, value: 2, startMs: 0, resource }], `once ${kind}`)
      for (const kind of ['gauge', 'cumulative', 'gauge', 'cumulative'] as const) await of(kind)
      const dimensions = {
        ...{ namespace: 'shop', service: 'dimensions', environment: 'default', version: '2', cohort: '' },
        ...{ replicaSet: '', pod: 'a', region: 'eu-north-1', at: tick, metric: 'm' },
      }
      expect(await gauges('dimensions')).toEqual([{ ...dimensions, count: 1, sum: 2, min: 2, max: 2, series: 1 }])
      expect(await counters('dimensions')).toEqual([{ ...dimensions, increase: 2, resets: 0 }])
    })

    test('points without a value are not zeros', async () => {
      await store('stale', 'gauge', [
        { ms: 1, value: 5 },
        { ms: 2, value: 0, hasNoValue: true },
      ])
      await store('stale', 'cumulative', [
        { ms: 1_000, value: 50 },
        { ms: 11_000, value: 0, hasNoValue: true },
        { ms: 21_000, value: 52 },
      ])
      expect(await gauges('stale')).toMatchObject([{ count: 1, min: 5 }])
      expect(await increases('stale')).toEqual([
        [0, 0, 0],
        [20, 2, 0],
      ])
    })

    test('a counter grows by the difference to its point before, in whatever order points come', async () => {
      const points = [
        { ms: 1_000, value: 100 },
        { ms: 5_000, value: 103 },
        { ms: 12_000, value: 110 },
        { ms: 65_000, value: 150 },
      ]
      const expected = [
        [0, 3, 0],
        [10, 7, 0],
        [60, 40, 0],
      ]
      await store('grows', 'cumulative', points)
      expect(await increases('grows')).toEqual(expected)
      for (const point of points.toReversed()) await store('grows late', 'cumulative', [point])
      expect(await increases('grows late')).toEqual(expected)
      expect(await increases('grows', 10_000, 20_000)).toEqual([expected[1]])
      await store('grows', 'cumulative', points)
      expect(await increases('grows')).toEqual(expected)
    })

    test('a late point moves what was grown by to its own 10 s and changes no total', async () => {
      await store('late', 'cumulative', [
        { ms: 0, value: 10 },
        { ms: 25_000, value: 30 },
      ])
      await store('late', 'cumulative', [{ ms: 15_000, value: 28 }])
      expect(await increases('late')).toEqual([
        [0, 0, 0],
        [10, 18, 0],
        [20, 2, 0],
      ])
    })

    test('a reset counts from zero, whether the value falls or only the start is new', async () => {
      await store('falls', 'cumulative', [
        { ms: 0, value: 100 },
        { ms: 10_000, value: 7 },
        { ms: 20_000, value: 9 },
      ])
      expect(await increases('falls')).toEqual([
        [0, 0, 0],
        [10, 7, 1],
        [20, 2, 0],
      ])
      await store('starts anew', 'cumulative', [
        { ms: 0, value: 100, startMs: -900_000 },
        { ms: 10_000, value: 120, startMs: 2_000 },
        { ms: 20_000, value: 130, startMs: 2_000 },
      ])
      expect(await increases('starts anew')).toEqual([
        [0, 0, 0],
        [10, 120, 1],
        [20, 10, 0],
      ])
    })

    test('a reset within the 10 s is told too', async () => {
      await store('within', 'cumulative', [
        { ms: 0, value: 100, startMs: -900_000 },
        { ms: 11_000, value: 110, startMs: -900_000 },
        { ms: 19_000, value: 4, startMs: 12_000 },
      ])
      expect(await increases('within')).toEqual([
        [0, 0, 0],
        [10, 14, 1],
      ])
    })

    test('a new series counts whole when it started lately; an old one counts nothing before its second point', async () => {
      await store('new', 'cumulative', [{ ms: 70_000, value: 40, startMs: 15_000 }])
      await store('old', 'cumulative', [{ ms: 70_000, value: 40, startMs: -900_000 }])
      await store('unknown', 'cumulative', [{ ms: 70_000, value: 40 }])
      // OpenTelemetry: a start that is the point's own time says that the start is not known.
      await store('own time', 'cumulative', [
        { ms: 70_000, value: 40, startMs: 70_000 },
        { ms: 80_000, value: 41, startMs: 80_000 },
      ])
      expect(await increases('new')).toEqual([[70, 40, 0]])
      expect(await increases('old')).toEqual([[70, 0, 0]])
      expect(await increases('unknown')).toEqual([[70, 0, 0]])
      expect(await increases('own time')).toEqual([
        [70, 0, 0],
        [80, 1, 0],
      ])
    })

    test('a counter that was silent for more than five minutes starts anew, whatever window is read', async () => {
      await store('silent', 'cumulative', [
        { ms: 0, value: 10 },
        { ms: 290_000, value: 15 },
        { ms: 599_000, value: 100 },
      ])
      expect(await increases('silent')).toEqual([
        [0, 0, 0],
        [290, 5, 0],
        [590, 0, 0],
      ])
      expect(await increases('silent', 590_000)).toEqual([[590, 0, 0]])
      expect(await increases('silent', 290_000, 300_000)).toEqual([[290, 5, 0]])
    })

    test('series are grown one by one, then summed by pod; two containers of a pod are no reset', async () => {
      const point = (ms: number, value: number, more: Partial<PointInput>) => ({ ms, value, ...more })
      const attributes = (route: string) => ({ attributes: { route } })
      const container = (name: string) => ({ resource: { 'k8s.container.name': name } })
      await store('many series', 'cumulative', [
        ...[point(0, 100, attributes('x')), point(10_000, 101, attributes('x'))],
        ...[point(0, 5, attributes('y')), point(10_000, 9, attributes('y'))],
        ...[point(0, 7, container('main')), point(10_000, 8, container('main'))],
        ...[point(0, 900, container('sidecar')), point(10_000, 902, container('sidecar'))],
        ...[point(0, 1, { pod: 'b' }), point(10_000, 65, { pod: 'b' })],
      ])
      const rows = await counters('many series', 10_000)
      expect(rows.map(({ pod, increase, resets }) => [pod, increase, resets])).toEqual([
        ['a', 8, 0],
        ['b', 64, 0],
      ])
    })

    test('attributes in another order are the same series, swapped values are not', async () => {
      await store('order', 'cumulative', [
        { ms: 0, value: 5, attributes: { a: '1', b: '2' } },
        { ms: 10_000, value: 8, attributes: { b: '2', a: '1' } },
        { ms: 20_000, value: 9, attributes: { a: '2', b: '1' } },
      ])
      expect(await increases('order')).toEqual([
        [0, 0, 0],
        [10, 3, 0],
        [20, 0, 0],
      ])
    })

    test('deltas are summed as they come', async () => {
      await store('deltas', 'delta', [
        { ms: 1_000, value: 5, startMs: 0 },
        { ms: 2_000, value: 1, startMs: 1_000 },
        { ms: 11_000, value: 2, startMs: 2_000 },
      ])
      expect(await increases('deltas')).toEqual([
        [0, 6, 0],
        [10, 2, 0],
      ])
    })

    test('merging parts changes nothing', async () => {
      const before = [await increases('grows late'), await increases('within'), await gauges('levels')]
      await bench.opened.storage.command('OPTIMIZE TABLE rollup_metrics_10s FINAL')
      expect([await increases('grows late'), await increases('within'), await gauges('levels')]).toEqual(before)
    })
  })
}
