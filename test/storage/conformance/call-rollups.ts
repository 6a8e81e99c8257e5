import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CalledEdgesReader } from '../../../src/storage/called-edges-reader.ts'
import { CallsRollupReader } from '../../../src/storage/calls-rollup-reader.ts'
import { RollupReader } from '../../../src/storage/rollup-reader.ts'
import { type Opened, temporaryDirectory } from '../opened.ts'
import { type SpanInput, storeSpans } from '../spans.ts'

const tick = Math.floor(Date.now() / 10_000) * 10_000 - 3_600_000
const at = (ms: number): bigint => BigInt(tick + ms) * 1_000_000n
const [server, client, producer, consumer] = [2, 3, 4, 5]

/** A call within the first tick, of 100 ms. */
const call = (more: Partial<SpanInput> = {}): SpanInput => ({
  kind: client,
  start: at(1_000),
  end: at(1_100),
  ...more,
})

/** From spans to what a service calls. */
export function callRollupsConformance(current: () => Opened): void {
  describe('rollups of calls', () => {
    const [directory, remove] = temporaryDirectory()
    let opened: Opened
    let reader: CallsRollupReader
    let stored = 0
    beforeAll(() => {
      opened = current()
      reader = new CallsRollupReader(opened.storage)
    })
    afterAll(remove)

    /** Stores the spans as those of `service`, which no other test uses. */
    async function store(service: string, spans: readonly SpanInput[]): Promise<void> {
      stored += 1
      const items = spans.map((item) => ({ ...item, resource: { ...item.resource, 'service.name': service } }))
      await storeSpans(opened.storage, directory, items, `calls-${stored}`)
    }
    const edges = async (service: string, spans: readonly SpanInput[]) => {
      await store(service, spans)
      const rows = await reader.calls(service, tick, tick + 60_000)
      return rows.map(({ system, peer, target }) => [system, peer, target]).sort()
    }

    test('an edge is what the conventions name, the new ones before the old', async () => {
      const named: readonly (readonly [Record<string, string>, readonly string[]])[] = [
        [{ 'http.request.method': 'GET', 'server.address': 'payments' }, ['http', 'payments', '']],
        [{ 'http.method': 'GET', 'net.peer.name': 'old' }, ['http', 'old', '']],
        [{ 'rpc.system': 'grpc', 'rpc.service': 'shop.Cart', 'server.address': 'cart' }, ['grpc', 'cart', 'shop.Cart']],
        [
          {
            'db.system.name': 'postgresql',
            'db.namespace': 'shop',
            'db.collection.name': 'orders',
            'server.address': 'pg',
          },
          ['postgresql', 'pg', 'shop.orders'],
        ],
        [{ 'db.system': 'redis', 'net.peer.name': 'cache', 'peer.service': 'sessions' }, ['redis', 'sessions', '']],
        [{ 'db.system': 'mysql', 'db.name': 'stock' }, ['mysql', '', 'stock']],
      ]
      expect(
        await edges(
          'edges',
          named.map(([attributes]) => call({ attributes })),
        ),
      ).toEqual(named.map(([, edge]) => edge).toSorted((a, b) => (a.join() < b.join() ? -1 : 1)))
    })

    test('temporary queues are one destination', async () => {
      const message = (attributes: Record<string, string>) =>
        call({ kind: producer, attributes: { 'messaging.system': 'kafka', ...attributes } })
      expect(
        await edges('messages', [
          message({ 'messaging.destination.name': 'orders' }),
          message({ 'messaging.destination.name': 'reply-1', 'messaging.destination.temporary': 'true' }),
          message({ 'messaging.destination.name': 'reply-2', 'messaging.destination.temporary': 'true' }),
          message({ 'messaging.destination.name': 'user.7', 'messaging.destination.template': 'user.{id}' }),
        ]),
      ).toEqual([
        ['kafka', '', '(temporary)'],
        ['kafka', '', 'orders'],
        ['kafka', '', 'user.{id}'],
      ])
    })

    test('calls count by tick, outcome and type of error, with what they took', async () => {
      const attributes = { 'http.request.method': 'POST', 'server.address': 'bank' }
      await store('outcomes', [
        call({ attributes }),
        call({ attributes, start: at(9_900), end: at(10_400) }),
        call({ attributes: { ...attributes, 'error.type': 'timeout' }, failed: true, exception: 'IOException' }),
        call({ attributes, failed: true, exception: 'IOException' }),
        call({ attributes: { ...attributes, 'http.response.status_code': '503' }, failed: true }),
        call({ attributes, failed: true }),
        call({ attributes: { ...attributes, 'http.response.status_code': '404' } }),
      ])
      const rows = await reader.calls('outcomes', tick, tick + 60_000)
      const told = rows.map(({ at: time, errorType, failed, calls }) => [time - tick, failed, errorType, calls])
      expect(told.sort()).toEqual([
        [0, false, '', 2],
        [0, true, '503', 1],
        [0, true, 'IOException', 1],
        [0, true, 'timeout', 1],
        [0, true, 'unknown', 1],
        [10_000, false, '', 1],
      ])
      expect(rows.find((row) => row.at === tick + 10_000)).toMatchObject({
        nanoseconds: 500_000_000,
        latency: { [Math.floor(Math.log2(500_000_000) * 32)]: 1 },
      })
    })

    test('calls are summed by edge for those who ask whose the time is, by pod only when they say so', async () => {
      const attributes = { 'http.request.method': 'POST', 'server.address': 'bank' }
      await store('callees', [
        call({ attributes, resource: { 'service.version': '1', 'k8s.pod.name': 'a' } }),
        call({ attributes, resource: { 'service.version': '1', 'k8s.pod.name': 'b' }, failed: true }),
        call({
          attributes,
          resource: { 'service.version': '2', 'k8s.pod.name': 'c' },
          start: at(9_900),
          end: at(10_400),
        }),
        call({ kind: server, failed: true }),
      ])
      const rollups = new RollupReader(opened.storage)
      const told = async (byPod: boolean) =>
        (await rollups.callees(['callees'], tick, tick + 60_000, byPod))
          .map(({ at: time, version, pod, peer, calls, failures, nanoseconds }) => [
            ...[time - tick, version, pod, peer, calls, failures, nanoseconds / 1e6],
          ])
          .sort()
      expect(await told(false)).toEqual([
        [0, '1', '', 'bank', 2, 1, 200],
        [10_000, '2', '', 'bank', 1, 0, 500],
      ])
      expect((await told(true)).map(([, , pod]) => pod)).toEqual(['a', 'b', 'c'])
    })

    test('of many addresses those that take most time or fail most are named, in both arms alike, and no call is lost', async () => {
      const spans = Array.from({ length: 80 }, (_, index) => {
        const attributes = { 'http.request.method': 'POST', 'server.address': `10.0.0.${index}` }
        const versions = index % 2 === 0 ? ['1'] : ['1', '2']
        return versions.map((version) =>
          call({
            ...{ attributes, resource: { 'service.version': version }, failed: index === 3 },
            end: at(1_000 + (version === '1' ? 10 : 1) * (index + 1)),
          }),
        )
      })
      await store('crawler', spans.flat())
      const rows = await new RollupReader(opened.storage).callees(['crawler'], tick, tick + 60_000, false)
      const peers = (version: string) => new Set(rows.filter((row) => row.version === version).map(({ peer }) => peer))
      // Forty by time, and one that fails.
      expect(peers('1').size).toBe(42)
      expect([...peers('1')]).toEqual(expect.arrayContaining(['10.0.0.79', '10.0.0.42', '10.0.0.3', '(other)']))
      expect([...peers('2')].filter((peer) => !peers('1').has(peer))).toEqual([])
      expect([peers('2').has('10.0.0.41'), peers('2').has('10.0.0.37')]).toEqual([true, false])
      const calls = (version: string) =>
        rows.filter((row) => row.version === version).reduce((sum, row) => sum + row.calls, 0)
      expect([calls('1'), calls('2')]).toEqual([80, 40])
    })

    test('edges are told by the operations in whose requests they were called, in a part of the traces', async () => {
      const [payments, stock] = ['payments', 'stock'].map((name) => ({ 'server.address': name, 'http.method': 'GET' }))
      let spans: readonly SpanInput[] = []
      for (let index = 0; index < 40; index += 1) {
        const traceId = `${'e'.repeat(24)}${String(index).padStart(8, '0')}`
        const resource = { 'service.version': '1', 'k8s.pod.name': `pod-${index % 2}` }
        const isPay = index % 4 !== 3
        spans = [
          ...spans,
          {
            ...{ traceId, resource, kind: server, start: at(900), end: at(1_200) },
            attributes: { 'http.request.method': 'POST', 'http.route': isPay ? '/pay' : '/cart' },
          },
          // Retries are one request that calls.
          ...(isPay ? [1, 2].map(() => call({ traceId, resource, attributes: payments! })) : []),
          // The work of another pod in the same trace.
          call({ traceId, resource: { ...resource, 'k8s.pod.name': 'other' }, attributes: stock! }),
        ]
      }
      await store('callers', [...spans, call({ attributes: stock! })])
      const edgesReader = new CalledEdgesReader(opened.storage)
      const window = { service: 'callers', from: tick, to: tick + 10_000 }
      const question = { ...window, oneIn: 1 }
      const by = (rows: readonly { pod: string; operation: string; requests: number }[]) =>
        rows.map(({ pod, operation, requests }) => [pod, operation, requests]).sort()
      expect(by(await edgesReader.operations(question))).toEqual([
        ['pod-0', 'POST /pay', 20],
        ['pod-1', 'POST /cart', 10],
        ['pod-1', 'POST /pay', 10],
      ])
      const calling = await edgesReader.callingOperations(question)
      expect(by(calling)).toEqual([
        ['pod-0', 'POST /pay', 20],
        ['pod-1', 'POST /pay', 10],
      ])
      expect(calling[0]).toMatchObject({
        service: 'callers',
        version: '1',
        system: 'http',
        peer: 'payments',
        target: '',
      })
      const part = await edgesReader.operations({ ...question, oneIn: 2 })
      const sampled = part.reduce((sum, { requests }) => sum + requests, 0)
      expect(sampled).toBeGreaterThan(5)
      expect(sampled).toBeLessThan(35)
      expect(await edgesReader.operations({ ...question, from: tick - 10_000, to: tick })).toEqual([])
      expect(await edgesReader.requests('callers', tick, tick + 10_000)).toBe(40)
      const served = await edgesReader.served('callers', tick, tick + 10_000)
      expect(by(served)).toEqual(by(await edgesReader.operations(question)))
      expect(served[0]).toMatchObject({ at: tick, version: '1' })
      const edgesOf = async (byPod: boolean, most = 10) =>
        (await edgesReader.edges({ ...window, byPod, most })).map(({ pod, peer }) => `${pod} ${peer}`).sort()
      expect(await edgesOf(false)).toEqual([' payments', ' stock', ' stock'])
      expect(await edgesOf(true)).toEqual([' stock', 'other stock', 'pod-0 payments', 'pod-1 payments'])
      expect(await edgesOf(true, 2)).toHaveLength(2)
    })

    test('requests are no calls; those that failed are told by their type of error', async () => {
      await store('failures', [
        call({ kind: server }),
        call({ kind: server, failed: true, exception: 'CardDeclined' }),
        call({ kind: consumer, failed: true, attributes: { 'error.type': 'poison' } }),
        call({ kind: 1, failed: true, exception: 'Inner' }),
      ])
      expect(await reader.calls('failures', tick, tick + 60_000)).toEqual([])
      const totals = await reader.totals('failures', tick, tick + 60_000)
      expect(totals.map(({ system, peer, errorType, calls }) => [system, peer, errorType, calls]).sort()).toEqual([
        ['', '', 'CardDeclined', 1],
        ['', '', 'poison', 1],
      ])
      expect(await reader.requestTimes('failures', tick, tick + 60_000)).toMatchObject([
        { at: tick, requests: 3, nanoseconds: 300_000_000 },
      ])
    })
  })
}
