import { beforeAll, describe, expect, test } from 'vitest'
import { LogAttributesReader } from '../../../src/storage/log-attributes-reader.ts'
import type { Opened } from '../opened.ts'

const tick = Math.floor(Date.now() / 10_000) * 10_000 - 3_600_000
const service = 'log-attributes'

type Line = {
  readonly ms: number
  readonly severity: number
  readonly says?: Readonly<Record<string, string>>
  readonly trace?: string
  readonly resource?: Readonly<Record<string, string>>
}

const row = ({ ms, severity, says = {}, trace = '', resource = { 'service.version': '1' } }: Line) => ({
  ...{ Timestamp: ((tick + ms) / 1000).toFixed(3), ServiceName: service, Body: 'a line', SeverityNumber: severity },
  ...{ TraceId: trace, LogAttributes: says, ResourceAttributes: { 'service.name': service, ...resource } },
})

/** From raw log records to counts by what they say. */
export function logAttributesConformance(current: () => Opened): void {
  describe('attributes of log records', () => {
    let reader: LogAttributesReader
    const question = { service, from: tick, to: tick + 10_000, byPod: false, oneIn: 1 }

    beforeAll(async () => {
      reader = new LogAttributesReader(current().storage)
      const untraced = Array.from({ length: 80 }, (_, index): Line => {
        const tier = index % 2 === 0 ? 'gold' : 'free'
        const says = { 'tenant.tier': tier, 'request.id': `${index}`, level: index % 4 === 0 ? 'error' : 'info' }
        return { ms: 100 * index, severity: index % 4 === 0 ? 17 : 9, says }
      })
      const traced: readonly Line[] = [
        { ms: 1, severity: 9, trace: 'a'.repeat(32), says: { 'tenant.tier': 'gold', 'http.route': '/pay' } },
        { ms: 2, severity: 17, trace: 'a'.repeat(32) },
        { ms: 3, severity: 21, trace: 'a'.repeat(32) },
        { ms: 4, severity: 13, trace: 'b'.repeat(32), says: { 'tenant.tier': 'free' } },
      ]
      const elsewhere: readonly Line[] = [
        { ms: 10_000, severity: 17, says: { 'tenant.tier': 'gold' } },
        { ms: 5, severity: 9, says: { 'tenant.tier': 'gold' }, resource: { 'k8s.pod.name': 'a-0', 'host.name': 'n' } },
      ]
      await current().storage.insertRows(
        'otel_logs',
        [...untraced, ...traced, ...elsewhere].map(row),
        'log-attributes-1',
      )
    })

    test('are counted by value, the lines of a trace as one with what any of them says', async () => {
      const { rows, manyValues } = await reader.attributes(question)
      expect(manyValues).toEqual(['request.id'])
      expect([...new Set(rows.map(({ attribute }) => attribute))]).toEqual(['tenant.tier'])
      const counts = rows.map(({ value, version, pod, operation, requests, events }) => [
        ...[value, version, pod, operation, requests, events],
      ])
      expect(counts.sort()).toEqual([
        ['free', '1', '', '', 41, 0],
        ['gold', '', 'a-0', '', 1, 0],
        ['gold', '1', '', '', 40, 20],
        ['gold', '1', '', '/pay', 1, 1],
      ])
    })

    test('pods are counted with their nodes, and all records by the rollup', async () => {
      const pods = await reader.pods(question)
      expect(pods.map(({ pod, node, requests, events }) => [pod, node, requests, events]).sort()).toEqual([
        ['', '', 82, 21],
        ['a-0', 'n', 1, 0],
      ])
      expect(await reader.records(service, tick, tick + 10_000)).toBe(85)
    })

    test('a part of the records is always the same part', async () => {
      const half = async () =>
        (await reader.pods({ ...question, oneIn: 2 })).reduce((sum, { requests }) => sum + requests, 0)
      const first = await half()
      expect(first).toBeGreaterThan(20)
      expect(first).toBeLessThan(62)
      expect(await half()).toBe(first)
    })
  })
}
