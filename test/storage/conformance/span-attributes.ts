import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SpanAttributesReader, type SpanQuestion } from '../../../src/storage/span-attributes-reader.ts'
import { type Opened, temporaryDirectory } from '../opened.ts'
import { type SpanInput, storeSpans } from '../spans.ts'

const tick = Math.floor(Date.now() / 10_000) * 10_000 - 3_600_000
const at = (ms: number): bigint => BigInt(tick + ms) * 1_000_000n

/** From raw spans to counts by what they say. */
export function spanAttributesConformance(current: () => Opened): void {
  describe('attributes of requests', () => {
    const [directory, remove] = temporaryDirectory()
    let opened: Opened
    let reader: SpanAttributesReader
    const service = 'attributes'
    const question: SpanQuestion = {
      ...{ service, from: tick, to: tick + 10_000, oneIn: 1, slowerThanNanoseconds: null, byPod: false },
    }
    const span = (index: number, more: Partial<SpanInput> = {}): SpanInput => ({
      ...{ kind: 2, start: at(1_000 + index), end: at(1_100 + index) },
      attributes: {
        ...{ 'http.request.method': 'POST', 'http.route': '/pay', 'tenant.tier': index % 2 === 0 ? 'gold' : 'free' },
        ...{ 'http.request.header.x-api-key': `key-${index % 3}`, 'app.accessToken': `token-${index % 2}` },
        ...{ 'request.id': `id-${index}`, 'http.response.status_code': index % 4 === 0 ? '500' : '200' },
      },
      resource: {
        ...{ 'service.name': service, 'service.version': index < 50 ? '1' : '2', 'k8s.pod.name': `pod-${index % 5}` },
        ...{ 'k8s.node.name': `node-${index % 5 === 0 ? 1 : 2}`, 'cloud.region': 'eu' },
      },
      failed: index % 4 === 0,
      ...more,
    })

    beforeAll(async () => {
      opened = current()
      reader = new SpanAttributesReader(opened.storage)
      const spans = Array.from({ length: 100 }, (_, index) => span(index))
      const others = [span(100, { kind: 3 }), span(101, { start: at(12_000), end: at(12_001) })]
      await storeSpans(opened.storage, directory, [...spans, ...others], 'attributes-1')
    })
    afterAll(remove)

    test('are counted by value, version and operation; ids, secrets and what is the same everywhere are left out', async () => {
      const { rows, manyValues, manyAttributes, isCut } = await reader.attributes(question)
      expect({ manyValues, manyAttributes, isCut }).toEqual({
        ...{ manyValues: ['request.id'], manyAttributes: [], isCut: false },
      })
      expect([...new Set(rows.map(({ attribute }) => attribute))].sort()).toEqual(['k8s.node.name', 'tenant.tier'])
      const tiers = rows.filter(({ attribute }) => attribute === 'tenant.tier')
      expect(tiers.map(({ value, version, requests, events }) => [value, version, requests, events]).sort()).toEqual([
        ['free', '1', 25, 0],
        ['free', '2', 25, 0],
        ['gold', '1', 25, 13],
        ['gold', '2', 25, 12],
      ])
      expect(tiers[0]).toMatchObject({ service, operation: 'POST /pay', pod: '', environment: 'default' })
    })

    test('an event may be slowness instead of failure', async () => {
      const none = await reader.attributes({ ...question, slowerThanNanoseconds: 200_000_000 })
      expect(none.rows.reduce((sum, { events }) => sum + events, 0)).toBe(0)
      const all = await reader.pods({ ...question, slowerThanNanoseconds: 50_000_000 })
      expect(all.every(({ requests, events }) => requests === events)).toBe(true)
    })

    test('pods are counted with their nodes', async () => {
      const pods = await reader.pods(question)
      expect(pods.reduce((sum, { requests }) => sum + requests, 0)).toBe(100)
      expect(
        pods
          .filter(({ pod }) => pod === 'pod-0')
          .map(({ node, version }) => [node, version])
          .sort(),
      ).toEqual([
        ['node-1', '1'],
        ['node-1', '2'],
      ])
      expect((await reader.attributes({ ...question, byPod: true })).rows.some(({ pod }) => pod === 'pod-3')).toBe(true)
    })

    test('a part of the traces is always the same part', async () => {
      const half = { ...question, oneIn: 2 }
      const count = async () => (await reader.pods(half)).reduce((sum, { requests }) => sum + requests, 0)
      const first = await count()
      expect(first).toBeGreaterThan(20)
      expect(first).toBeLessThan(80)
      expect(await count()).toBe(first)
    })
  })
}
