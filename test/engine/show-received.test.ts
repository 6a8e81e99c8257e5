import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MetricSpec } from '../../src/domain/template.ts'
import { showCalls } from '../../src/engine/calls/show-calls.ts'
import { showReceived } from '../../src/engine/show-received.ts'
import { type Lab, openLab, quick, traffic } from './lab.ts'
import { aDeployment } from './samples.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
})
afterAll(() => lab.close())

const [errors] = quick.metrics as readonly [MetricSpec]
const gauge = { ...errors, kind: 'gauge', source: 'metrics', instruments: ["it's"] } as const
const calls = { ...errors, source: 'calls', query: {} } as const

/** Rows that a pointer, as the page shows it, leads to. */
async function rowsAt(pointer: string): Promise<number> {
  const [, table, conditions] = /^(?:per request of )?(\w+): (.+)$/.exec(pointer)!
  const [row] = await lab.storage.query<{ rows: number }>(
    `SELECT toUInt32(count()) AS rows FROM ${table} WHERE ${conditions}`,
  )
  return row!.rows
}

test('pointers to rows are conditions that the storage takes, and lead to those of the deployment', async () => {
  await lab.insert(traffic({ service: "it's", version: '2' }, lab.now, lab.now + 60_000, 1))
  await lab.insert(traffic({ service: 'other', version: '2' }, lab.now, lab.now + 60_000, 2))
  const startedAt = new Date(lab.now).toISOString()
  const deployment = aDeployment({ service: "it's", startedAt, endedAt: new Date(lab.now + 60_000).toISOString() })
  const [pointer] = showReceived(deployment, errors)
  const all = await rowsAt("rollup_traces_10s: SpanKind = 'Server'")
  const own = await rowsAt(pointer!)
  expect(own).toBeGreaterThan(0)
  expect(own).toBeLessThan(all)
  const later = { ...deployment, startedAt: new Date(lab.now + 30_000).toISOString() }
  expect(await rowsAt(showReceived(later, errors)[0]!)).toBeLessThan(own)
  const others = [
    ...showReceived(deployment, { ...errors, kind: 'paired' }),
    ...showReceived(deployment, { ...errors, source: 'metrics' }),
    ...showReceived(deployment, gauge),
    ...showCalls({ deployment, metric: calls }),
    ...showCalls({ deployment, metric: { ...calls, kind: 'gauge', query: { measure: 'calls-per-request' } } }),
  ]
  for (const each of others) expect(await rowsAt(each), each).toEqual(each.startsWith('per request') ? own : 0)
})
