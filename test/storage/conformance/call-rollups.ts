import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CallsRollupReader } from '../../../src/storage/calls-rollup-reader.ts'
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
