import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { expectedLogs, expectedPoints, expectedSpans, type Habits } from './expected.ts'
import type { Run, Sdk } from './run-client.ts'
import type { SentMetric } from './sent.ts'
import { type Row, storedRows } from './stored.ts'

/** What the SDKs of the pinned versions do. */
export const habits: Readonly<Record<Sdk, Habits>> = {
  node: { resourceSchemaUrl: '', linkTraceState: true },
  python: { resourceSchemaUrl: 'https://opentelemetry.io/schemas/1.30.0', linkTraceState: false },
  go: { resourceSchemaUrl: 'https://opentelemetry.io/schemas/1.43.0', linkTraceState: false },
}

const metricTables: Readonly<Record<SentMetric['kind'], string>> = {
  gauge: 'otel_metrics_gauge',
  sum: 'otel_metrics_sum',
  histogram: 'otel_metrics_histogram',
  exponentialHistogram: 'otel_metrics_exponential_histogram',
}

/** The rows of a service once there are as many as `count`, or after 20 s: more or fewer show in the comparison. */
export async function rowsOf(
  directory: string,
  table: string,
  service: string,
  orderBy: string,
  count: number,
): Promise<Row[]> {
  const end = Date.now() + 20_000
  for (;;) {
    const rows = await storedRows(directory, table, service, orderBy)
    if (rows.length >= count || Date.now() > end) return rows
    await sleep(200)
  }
}

/** Every column of every row of a run's service is what its SDK sent, and there is nothing more. */
export async function expectStored(directory: string, run: Run, habit: Habits): Promise<void> {
  const service = run.telemetry.resource[0]!.text
  const spans = expectedSpans(run, habit)
  expect(await rowsOf(directory, 'otel_traces', service, 'Timestamp', spans.length)).toEqual(spans)
  const logs = expectedLogs(run, habit)
  expect(await rowsOf(directory, 'otel_logs', service, 'Timestamp', logs.length)).toEqual(logs)
  for (const [kind, table] of Object.entries(metricTables)) {
    const points = expectedPoints(run, kind as SentMetric['kind'], habit)
    const order = "MetricName, Attributes['http.route']"
    expect(await rowsOf(directory, table, service, order, points.length), table).toEqual(points)
  }
}
