import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RollupReader, type RollupRow } from '../../../src/storage/rollup-reader.ts'
import { inOrder } from '../in-order.ts'
import { type Opened, temporaryDirectory } from '../opened.ts'
import { type SpanInput, storeSpans } from '../spans.ts'

/** A whole 10 s, Unix milliseconds; recent, since rows beyond their time to live would vanish while they are written. */
const tick = Math.floor(Date.now() / 10_000) * 10_000 - 3_600_000
const at = (ms: number): bigint => BigInt(tick + ms) * 1_000_000n

/** A span within the first tick. */
const inTick = (more: Partial<SpanInput> = {}): SpanInput => ({ start: at(1_000), end: at(1_100), ...more })

/** The scale of the histograms, written out: 32 buckets for every doubling. */
const bucketOf = (nanoseconds: number): number => Math.floor(Math.log2(nanoseconds) * 32)

/** From spans, through the receiver's INSERT and the view, to what judges read. */
export function rollupsConformance(current: () => Opened): void {
  describe('rollups', () => {
    const [directory, remove] = temporaryDirectory()
    let opened: Opened
    let rollups: RollupReader
    let stored = 0
    beforeAll(() => {
      opened = current()
      rollups = new RollupReader(opened.storage)
    })
    afterAll(remove)

    /** Stores the spans as those of `service`, which no other test uses, and reads its requests. */
    async function requests(service: string, spans: readonly SpanInput[], from = tick, to = tick + 60_000) {
      stored += 1
      const items = spans.map((item) => ({ ...item, resource: { ...item.resource, 'service.name': service } }))
      await storeSpans(opened.storage, directory, items, `rollups-${stored}`)
      return inOrder(await rollups.requests([service], from, to))
    }

    test('only server and consumer spans are requests', async () => {
      const rows = await requests(
        'kinds',
        [0, 1, 2, 3, 4, 5].map((kind) => inTick({ kind, name: `kind ${kind}` })),
      )
      expect(rows.map(({ operation, requests: n }) => [operation, n])).toEqual([
        ['kind 2', 1],
        ['kind 5', 1],
      ])
      expect(await rollups.totals(['kinds'], tick, tick + 10_000)).toMatchObject([{ service: 'kinds', requests: 2 }])
    })

    test('a span counts in the 10 s in which it ends', async () => {
      const rows = await requests('ends', [
        { start: at(9_000), end: at(10_500), name: 'over the edge' },
        { start: at(9_000), end: at(10_000), name: 'on the edge' },
        { start: at(9_000), end: at(10_000) - 1n, name: 'before the edge' },
        { start: at(0), end: at(45_000), name: 'slow' },
      ])
      expect(rows.map(({ operation, at: time }) => [operation, time - tick])).toEqual([
        ['before the edge', 0],
        ['on the edge', 10_000],
        ['over the edge', 10_000],
        ['slow', 40_000],
      ])
    })

    test('a window takes its start and leaves out its end', async () => {
      const spans = [inTick({ name: 'first' }), { start: at(10_000), end: at(10_001), name: 'second' }]
      expect((await requests('windows', spans, tick, tick + 10_000)).map(({ operation }) => operation)).toEqual([
        'first',
      ])
      expect(
        (await rollups.requests(['windows'], tick + 10_000, tick + 20_000)).map(({ operation }) => operation),
      ).toEqual(['second'])
    })

    test('a history is of one version, by tick and pod, without canaries and pods of no name', async () => {
      const unit = { namespace: 'shop', service: 'history', environment: 'live' }
      const resource = (version: string, pod: string, more: Record<string, string> = {}) => ({
        ...{ 'service.namespace': 'shop', 'deployment.environment.name': 'live', 'service.version': version },
        ...(pod === '' ? {} : { 'k8s.pod.name': pod }),
        ...more,
      })
      await requests('history', [
        inTick({ name: 'A', resource: resource('1', 'a-0') }),
        inTick({ name: 'A', failed: true, resource: resource('1', 'a-0') }),
        inTick({ name: 'B', resource: resource('1', 'a-0') }),
        inTick({ name: 'A', resource: resource('1', 'a-1') }),
        { start: at(10_000), end: at(10_100), name: 'A', resource: resource('1', 'a-1') },
        inTick({ name: 'A', resource: resource('1', '') }),
        inTick({ name: 'A', resource: resource('1', 'a-2', { 'deployment.cohort': 'canary' }) }),
        inTick({ name: 'A', resource: resource('1', 'a-0', { 'deployment.environment.name': 'other' }) }),
        inTick({ name: 'A', resource: resource('2', 'b-0') }),
        inTick({ name: 'A', kind: 1, resource: resource('1', 'a-0') }),
      ])
      const [first, second] = await rollups.histories(unit, tick, tick + 60_000)
      const seen = { firstSeen: tick, lastSeen: tick + 10_000 }
      expect(first).toEqual({ version: '1', requests: 5, podsAtOnce: 1.5, ...seen })
      expect(second).toMatchObject({ version: '2', requests: 1, podsAtOnce: 1 })
      const own = { ...unit, version: '1' }
      const rows = await rollups.podTicks(own, tick, tick + 60_000, 1)
      const bucket = bucketOf(100_000_000)
      expect(rows).toEqual([
        { at: tick, pod: 'a-0', requests: { A: 2, B: 1 }, errors: { A: 1 }, latency: { [bucket]: 3 } },
        { at: tick, pod: 'a-1', requests: { A: 1 }, errors: {}, latency: { [bucket]: 1 } },
        { at: tick + 10_000, pod: 'a-1', requests: { A: 1 }, errors: {}, latency: { [bucket]: 1 } },
      ])
      const thinned = await rollups.podTicks(own, tick, tick + 60_000, 1000)
      expect(rows).toEqual(expect.arrayContaining([...thinned]))
    })

    test('errors are counted apart from the rest, by span status alone', async () => {
      const rows = await requests('errors', [
        ...Array.from({ length: 5 }, () => inTick()),
        ...Array.from({ length: 3 }, () => inTick({ failed: true })),
        inTick({ attributes: { 'http.response.status_code': '500' } }),
      ])
      expect(rows.map(({ failed, requests: n }) => [failed, n])).toEqual([
        [false, 6],
        [true, 3],
      ])
      const [version] = await rollups.versions({ service: 'errors', from: tick, to: tick + 10_000 })
      expect(version).toMatchObject({ requests: 9, errors: 3, firstSeen: tick, lastSeen: tick })
    })

    test('a duration lies in the bucket of its logarithm', async () => {
      const nanoseconds = [
        1,
        2,
        3,
        7,
        1_000,
        1_023,
        1_024,
        1_025,
        999_999,
        1_000_000,
        3_333_333,
        12_345_678,
        100_000_000,
        1_000_000_000,
        9_876_543_210,
        2 ** 31,
        2 ** 31 + 1,
        2 ** 33 - 1,
      ]
      const expected = new Map<string, number>()
      for (const duration of nanoseconds) {
        const bucket = String(bucketOf(duration))
        expected.set(bucket, (expected.get(bucket) ?? 0) + 1)
      }
      const [row] = await requests(
        'buckets',
        nanoseconds.map((duration) => ({ start: at(19_999) - BigInt(duration), end: at(19_999) })),
      )
      expect(row?.latency).toEqual(Object.fromEntries(expected))
      expect(row?.requests).toBe(nanoseconds.length)
      const [latency] = await rollups.latencies('buckets', tick, tick + 20_000)
      expect(latency?.latency).toEqual(row?.latency)
    })

    test('histograms of several segments add up', async () => {
      const span = { start: at(1_000), end: at(1_000) + 1_000_000n }
      await requests('sums', [span, span])
      const [row] = await requests('sums', [span])
      expect(row).toMatchObject({ requests: 3, latency: { [bucketOf(1_000_000)]: 3 } })
    })

    test('a span of no or of negative duration is a request without a latency', async () => {
      const rows = await requests('zero', [
        { start: at(1_000), end: at(1_000) },
        { start: at(2_000), end: at(1_500) },
        { start: at(1_000), end: at(1_000) + 1n },
      ])
      expect(rows).toMatchObject([{ requests: 3, latency: { 0: 1 } }])
    })

    test('the dimensions come from the resource, the first name that is set', async () => {
      const cases: readonly (readonly [Readonly<Record<string, string>>, Partial<RollupRow>])[] = [
        [{ 'deployment.environment.name': 'new', 'deployment.environment': 'old' }, { environment: 'new' }],
        [{ 'deployment.environment': 'old' }, { environment: 'old' }],
        [{ 'deployment.environment.name': '' }, { environment: 'default' }],
        [{}, { environment: 'default', namespace: '', version: '', cohort: '', replicaSet: '', pod: '' }],
        [
          { 'service.namespace': 'shop', 'service.version': '2.4.1', 'deployment.cohort': 'canary' },
          { namespace: 'shop', version: '2.4.1', cohort: 'canary' },
        ],
        [{ 'k8s.replicaset.name': 'checkout-api-6d4f9c' }, { replicaSet: '6d4f9c' }],
        [{ 'k8s.replicaset.name': 'checkout-aaa', 'k8s.pod.label.pod-template-hash': 'bbb' }, { replicaSet: 'bbb' }],
        [{ 'k8s.pod.name': 'pod-1', 'service.instance.id': 'instance-1' }, { pod: 'pod-1' }],
        [{ 'service.instance.id': 'instance-1' }, { pod: 'instance-1' }],
      ]
      const rows = await requests(
        'dimensions',
        cases.map(([resource], index) => inTick({ resource, name: `case ${index}` })),
      )
      const byCase = cases.map((_, index) => rows.find(({ operation }) => operation === `case ${index}`))
      expect(byCase).toMatchObject(cases.map(([, dimensions]) => dimensions))
    })

    test('a span counts as many times as its sampling threshold says; malformed thresholds say nothing', async () => {
      const cases: readonly (readonly [traceState: string, adjusted: number, withThreshold: number])[] = [
        ['', 1, 0],
        ['vendor=x', 1, 0],
        ['ot=th:0', 1, 1],
        ['ot=th:8', 2, 1],
        ['ot=th:c', 4, 1],
        ['ot=th:fff', 4096, 1],
        ['ot=th:c0000000000000', 4, 1],
        ['ot=th:ffffffffffffff', 2 ** 56, 1],
        ['ot=rv:7479cfb506891d;th:c', 4, 1],
        ['ot=th:c;rv:7479cfb506891d', 4, 1],
        ['vendor=x, ot=th:8 ,other=th:c', 2, 1],
        ['vendor=th:8', 1, 0],
        ['not=th:8', 1, 0],
        ['ot=rth:8', 1, 0],
        ['ot=th:', 1, 0],
        ['ot=th:8g', 1, 0],
        ['ot=th:C', 1, 0],
        ['ot=th:000000000000008', 1, 0],
      ]
      const rows = await requests(
        'sampling',
        cases.map(([traceState], index) => inTick({ traceState, name: `case ${index}` })),
      )
      const seen = cases.map(([traceState], index) => {
        const row = rows.find(({ operation }) => operation === `case ${index}`)
        return [traceState, row?.adjusted, row?.withThreshold]
      })
      expect(seen).toEqual(cases)
    })

    test('arms of one row add up what was sampled differently', async () => {
      const rows = await requests('sampled arms', [
        inTick({ traceState: 'ot=th:c' }),
        inTick({ traceState: 'ot=th:8' }),
        inTick(),
        inTick({ traceState: 'ot=th:8', failed: true }),
      ])
      expect(rows.map((row) => [row.failed, row.requests, row.adjusted, row.withThreshold])).toEqual([
        [false, 3, 7, 2],
        [true, 1, 2, 1],
      ])
    })

    test('requests are told by region, and a span that comes late counts in its own 10 s', async () => {
      const inRegion = (region: string) => inTick({ resource: { 'cloud.region': region } })
      await requests('regions', [inRegion('eu'), inRegion('us'), { start: at(55_000), end: at(55_001) }])
      const rows = await requests('regions', [inRegion('eu'), inTick()])
      expect(rows.map((row) => [row.at - tick, row.region, row.requests])).toEqual([
        [0, '', 1],
        [0, 'eu', 2],
        [0, 'us', 1],
        [50_000, '', 1],
      ])
    })

    test('the operation is method and route, else the name of the span', async () => {
      const cases: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
        [{ 'http.request.method': 'POST', 'http.route': '/new' }, 'POST /new'],
        [{ 'http.method': 'PUT', 'http.route': '/old' }, 'PUT /old'],
        [{ 'http.request.method': 'POST', 'http.method': 'old', 'http.route': '/both' }, 'POST /both'],
        [{ 'http.route': '/bare' }, '/bare'],
        [{ 'http.request.method': 'POST' }, 'the name'],
      ]
      const spans = cases.map(([attributes]) => inTick({ attributes, name: 'the name' }))
      const rows = await requests('operations', spans)
      expect(rows.map(({ operation }) => operation).sort()).toEqual(cases.map(([, operation]) => operation).sort())
    })

    test('versions are told with their requests, errors, pods and times, by unit', async () => {
      const of = (version: string, pod: string, ms: number, failed = false): SpanInput => ({
        start: at(ms),
        end: at(ms + 1),
        failed,
        resource: { 'service.version': version, 'k8s.pod.name': pod },
      })
      await requests('versions', [
        of('1', 'a', 1_000),
        of('1', 'b', 31_000, true),
        of('1', 'b', 32_000),
        of('2', 'c', 51_000),
      ])
      const unit = { namespace: '', service: 'versions', environment: 'default' }
      expect(await rollups.versions({ service: 'versions', from: tick, to: tick + 60_000 })).toEqual([
        { ...unit, version: '1', requests: 3, errors: 1, pods: 2, firstSeen: tick, lastSeen: tick + 30_000 },
        { ...unit, version: '2', requests: 1, errors: 0, pods: 1, firstSeen: tick + 50_000, lastSeen: tick + 50_000 },
      ])
      expect(await rollups.isSeenBefore({ ...unit, version: '2' }, tick + 60_000)).toBe(true)
      expect(await rollups.isSeenBefore({ ...unit, version: '2' }, tick + 50_000)).toBe(false)
    })
  })
}
