import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { inOrder } from '../in-order.ts'
import type { Opened } from '../opened.ts'
import { keyValues, storeOtlp } from '../store-otlp.ts'
import { rollupBench } from './rollup-bench.ts'

const tick = Math.floor(Date.now() / 10_000) * 10_000 - 3_600_000
const nanos = (ms: number): string => `${tick + ms}000000`

type RecordInput = {
  /** Milliseconds after the first tick; absent: the record has no time. */
  readonly ms?: number
  readonly observedMs?: number
  readonly severity?: number
  readonly severityText?: string
  readonly resource?: Readonly<Record<string, string>>
}

/** From log records to how many there were of each severity. */
export function logRollupsConformance(current: () => Opened): void {
  describe('log rollups', () => {
    const bench = rollupBench(current)

    async function severities(service: string, records: readonly RecordInput[], token: string = randomUUID()) {
      const resourceLogs = records.map((record) => ({
        resource: { attributes: keyValues({ 'service.name': service, ...record.resource }) },
        scopeLogs: [
          {
            logRecords: [
              {
                ...(record.ms === undefined ? {} : { timeUnixNano: nanos(record.ms) }),
                observedTimeUnixNano: nanos(record.observedMs ?? record.ms ?? 0),
                severityNumber: record.severity ?? 0,
                severityText: record.severityText ?? '',
                body: { stringValue: 'a line' },
              },
            ],
          },
        ],
      }))
      await storeOtlp(bench.opened.storage, bench.directory, 'logs', { resourceLogs }, token)
      return inOrder(await bench.rollups.logSeverities([service], tick, tick + 60_000))
    }

    test('every number falls into its range', async () => {
      const rows = await severities(
        'ranges',
        Array.from({ length: 25 }, (_, severity) => ({ ms: 1, severity })),
      )
      const counts = Object.fromEntries(rows.map(({ severity, records }) => [severity, records]))
      expect(counts).toEqual({ 0: 1, 1: 4, 5: 4, 9: 4, 13: 4, 17: 4, 21: 4 })
    })

    test('without a number the usual words tell it, and with one they do not', async () => {
      const words = { trace: 1, Debug: 5, INFO: 9, Notice: 9, warning: 13, ERROR: 17, critical: 21, strange: 0, '': 0 }
      const rows = await severities(
        'words',
        Object.keys(words).map((severityText) => ({
          ...{ ms: 1, severityText },
          resource: { 'k8s.pod.name': `of ${severityText}` },
        })),
      )
      expect(Object.fromEntries(rows.map(({ pod, severity }) => [pod.slice(3), severity]))).toEqual(words)
      const [both] = await severities('both words and number', [{ ms: 1, severity: 9, severityText: 'ERROR' }])
      expect(both?.severity).toBe(9)
    })

    test('a record lies in the 10 s of its own time, else of when it was observed, however late it comes', async () => {
      await severities('times', [
        { ms: 9_999, observedMs: 30_000 },
        { ms: 10_000, observedMs: 30_000 },
        { observedMs: 20_500 },
      ])
      const rows = await severities('times', [{ ms: 500, observedMs: 50_000 }])
      expect(rows.map(({ at, records }) => [at - tick, records])).toEqual([
        [0, 2],
        [10_000, 1],
        [20_000, 1],
      ])
    })

    test('dimensions come from the resource, and the same segment again adds nothing', async () => {
      const resource = {
        ...{ 'service.namespace': 'shop', 'service.version': '2', 'deployment.environment': 'live' },
        ...{ 'deployment.cohort': 'canary', 'k8s.replicaset.name': 'checkout-6d4', 'cloud.region': 'eu-north-1' },
        'service.instance.id': 'i-1',
      }
      const record = { ms: 1, severity: 17, resource }
      await severities('dimensions of logs', [record], 'one log segment')
      const rows = await severities('dimensions of logs', [record], 'one log segment')
      expect(rows).toEqual([
        {
          ...{ namespace: 'shop', service: 'dimensions of logs', environment: 'live', version: '2', cohort: 'canary' },
          ...{ replicaSet: '6d4', pod: 'i-1', region: 'eu-north-1', at: tick, severity: 17, records: 1 },
        },
      ])
    })

    test('the table of templates adds up counts and keeps the outer times and a text', async () => {
      const row = (n: number, ms: number) => ({
        ...{
          Service: 'templates',
          T: tick / 1000,
          Pod: 'a',
          SeverityNumber: 9,
          Skeleton: '18446744073709551615',
          N: n,
        },
        ...{ FirstSeen: seconds(ms), LastSeen: seconds(ms + 1), Example: 'user 7 signed in' },
      })
      await bench.opened.storage.insertRows('rollup_log_templates_10s', [row(2, 500)], randomUUID())
      await bench.opened.storage.insertRows('rollup_log_templates_10s', [row(3, 100)], randomUUID())
      await bench.opened.storage.command('OPTIMIZE TABLE rollup_log_templates_10s FINAL')
      const sql = `SELECT toString(Skeleton) AS skeleton, N AS n, toUnixTimestamp64Milli(FirstSeen) AS first,
        toUnixTimestamp64Milli(LastSeen) AS last, Example AS example FROM rollup_log_templates_10s`
      expect(await bench.opened.storage.query(sql)).toEqual([
        { skeleton: '18446744073709551615', n: 5, first: tick + 100, last: tick + 501, example: 'user 7 signed in' },
      ])
    })
  })
}

/** Milliseconds after the first tick as ClickHouse reads a DateTime64 in UTC. */
function seconds(ms: number): string {
  return new Date(tick + ms).toISOString().slice(0, 23).replace('T', ' ')
}
