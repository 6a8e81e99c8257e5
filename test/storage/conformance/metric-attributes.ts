import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { MetricAttributesReader } from '../../../src/storage/metric-attributes-reader.ts'
import type { Opened } from '../opened.ts'

const tick = Math.floor(Date.now() / 10_000) * 10_000 - 3_600_000
const minuteMs = 60_000
const unixSeconds = (ms: number) => ((tick + ms) / 1000).toFixed(3)

/** One series of a pod; `values` by the milliseconds after the window's begin at which they were exported. */
type Series = {
  readonly says: Readonly<Record<string, string>>
  readonly values: Readonly<Record<number, number>>
  readonly pod?: string
  readonly name?: string
  readonly unit?: string
  /** Milliseconds after the window's begin; absent: hours before. */
  readonly startMs?: number
  readonly temporality?: 1 | 2
}

const common = (
  service: string,
  { says, pod = 'a', name = 'orders_total', unit = '', startMs, temporality }: Series,
) => ({
  ...{ ServiceName: service, MetricName: name, MetricUnit: unit, Attributes: says },
  ResourceAttributes: { 'service.name': service, 'service.version': '1', 'k8s.pod.name': pod },
  ...{ StartTimeUnix: unixSeconds(startMs ?? -6 * 3_600_000), AggregationTemporality: temporality ?? 2 },
})

/** From points to what they counted, by what they say. */
export function metricAttributesConformance(current: () => Opened): void {
  describe('attributes of metrics', () => {
    const questionOf = (service: string, metrics: readonly string[], slower: number | null = null) => ({
      ...{ service, from: tick, to: tick + 5 * minuteMs, byPod: false, metrics, slowerThanNanoseconds: slower },
    })
    const readerOf = () => new MetricAttributesReader(current().storage)

    async function store(table: string, rows: readonly object[]) {
      await current().storage.insertRows(table, rows, `metric-attributes/${randomUUID()}`)
    }
    const storeCounters = (service: string, all: readonly Series[]) =>
      store(
        'otel_metrics_sum',
        all.flatMap((series) =>
          Object.entries(series.values).map(([ms, value]) => ({
            ...{ ...common(service, series), TimeUnix: unixSeconds(Number(ms)), Value: value, IsMonotonic: true },
          })),
        ),
      )
    const counts = async (service: string, metrics: readonly string[], slower: number | null = null) => {
      const { rows } = await readerOf().attributes(questionOf(service, metrics, slower))
      return rows
        .map(({ attribute, value, operation, requests, events }) => [attribute, value, operation, requests, events])
        .sort()
    }

    test('are those of counters by what they grew, failures by what their points say', async () => {
      await storeCounters('counters', [
        { says: { region: 'eu', code: '200' }, values: { [-1000]: 1000, [minuteMs]: 1040, [2 * minuteMs]: 1100 } },
        // The first failure of a pod that has counted for hours.
        { says: { region: 'eu', code: '503' }, values: { [2 * minuteMs]: 5 } },
        { says: { region: 'us', code: '200' }, values: { [minuteMs]: 30 }, startMs: 1000, pod: 'fresh' },
        {
          says: { region: 'us', code: '5xx' },
          values: { [minuteMs]: 3, [3 * minuteMs]: 4 },
          startMs: 1000,
          pod: 'fresh',
        },
      ])
      expect(await counts('counters', ['orders_total'])).toEqual([
        ['region', 'eu', 'orders_total', 105, 5],
        ['region', 'us', 'orders_total', 34, 4],
      ])
      const pods = await readerOf().pods(questionOf('counters', ['orders_total']))
      expect(pods.map(({ metric, pod, requests, events }) => [metric, pod, requests, events])).toEqual([
        ['orders_total', 'a', 105, 5],
        ['orders_total', 'fresh', 34, 4],
      ])
      expect(await readerOf().points(questionOf('counters', ['orders_total']))).toBe(6)
    })

    test('only instruments that counted a failure are looked at, and no bytes, seconds, sums or buckets', async () => {
      const failed = { says: { 'error.type': 'timeout' }, values: { [minuteMs]: 1 } }
      await storeCounters('instruments', [
        { ...failed, name: 'jobs.done', unit: '{job}' },
        { says: { 'error.type': 'timeout' }, values: { 1: 1, [minuteMs]: 2 }, name: 'mails_total' },
        { says: { code: '404' }, values: { [minuteMs]: 9 }, name: 'visits_total' },
        { ...failed, name: 'sent', unit: 'By' },
        { ...failed, name: 'http_response_bytes_total' },
        { ...failed, name: 'http_request_seconds_sum' },
        { ...failed, name: 'http_request_seconds_bucket' },
      ])
      expect(await readerOf().failing('instruments', tick, tick + 5 * minuteMs)).toEqual(['mails_total', 'jobs.done'])
      expect(await readerOf().failing('nobody', tick, tick + 5 * minuteMs)).toEqual([])
    })

    test('are those of histograms, failed observations or those in buckets above a duration', async () => {
      const service = 'observations'
      const histograms = [
        ['otel_metrics_histogram', 2],
        ['otel_metrics_histogram', 1],
        ['otel_metrics_exponential_histogram', 2],
        ['otel_metrics_exponential_histogram', 1],
      ] as const
      const names: string[] = []
      for (const [table, temporality] of histograms) {
        const name = `${table}.${temporality}`
        names.push(name)
        const isExponential = table === 'otel_metrics_exponential_histogram'
        const pointOf = (says: Series['says'], ms: number, fast: number, slow: number) => ({
          ...common(service, { says: { 'http.route': '/pay', ...says }, values: {}, name, unit: 's', temporality }),
          ...{ TimeUnix: unixSeconds(ms), Count: fast + slow, Sum: 1 },
          // Fast: up to 0.125 s; slow: from 0.5 s to 1 s.
          ...(isExponential
            ? { Scale: 0, PositiveOffset: -4, PositiveBucketCounts: [fast, 0, 0, slow] }
            : { ExplicitBounds: [0.125, 0.25, 0.5, 1], BucketCounts: [fast, 0, 0, slow, 0] }),
        })
        const [first, second] = temporality === 2 ? [10, 50] : [0, 40]
        await store(table, [
          ...(temporality === 2 ? [pointOf({ region: 'eu' }, -1000, first, 2)] : []),
          pointOf({ region: 'eu' }, minuteMs, second, temporality === 2 ? 5 : 3),
          pointOf({ region: 'us', 'error.type': '500' }, minuteMs, 7, 1),
        ])
      }
      const reader = readerOf()
      expect([...(await reader.failing(service, tick, tick + 5 * minuteMs))].sort()).toEqual([...names].sort())
      const [failed, slow] = await Promise.all(
        [null, 0.4e9].map((slower) => reader.attributes(questionOf(service, names, slower))),
      )
      for (const name of names) {
        const of = ({ rows }: typeof failed & object) =>
          rows
            .filter(({ metric }) => metric === name)
            .map(({ attribute, value, operation, requests, events }) => [attribute, value, operation, requests, events])
            .sort()
        expect([name, ...of(failed!)]).toEqual([name, ['region', 'eu', '/pay', 43, 0], ['region', 'us', '/pay', 8, 8]])
        expect([name, ...of(slow!)]).toEqual([name, ['region', 'eu', '/pay', 43, 3], ['region', 'us', '/pay', 8, 1]])
      }
    })

    test('an exponential histogram that gives up resolution is compared at the coarser scale', async () => {
      const [service, name] = ['rescaled-attributes', 'http.server.request.duration']
      const pointOf = (region: string, ms: number, scale: number, offset: number, counts: readonly number[]) => ({
        ...common(service, { says: { region, 'http.route': '/pay' }, values: {}, name, unit: 's' }),
        ...{ TimeUnix: unixSeconds(ms), Count: counts.reduce((sum, one) => sum + one, 0), Sum: 1 },
        ...{ Scale: scale, PositiveOffset: offset, PositiveBucketCounts: counts },
      })
      // At 0.35 s to 0.5 s a bucket lies above 0.3 s; the one from 0.25 s to 0.5 s does not.
      await store('otel_metrics_exponential_histogram', [
        ...[pointOf('eu', -1000, 1, -3, [100]), pointOf('eu', minuteMs, 0, -2, [110, 5])],
        ...[pointOf('us', -1000, 1, -3, [100]), pointOf('us', minuteMs, 1, -3, [110])],
      ])
      expect(await counts(service, [name], 0.3e9)).toEqual([
        ['region', 'eu', '/pay', 15, 5],
        ['region', 'us', '/pay', 10, 10],
      ])
    })
  })
}
