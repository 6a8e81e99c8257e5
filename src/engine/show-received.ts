import type { Deployment } from '../domain/deployment.ts'
import { isOfRequests, type MetricSpec } from '../domain/template.ts'
import { isRequest } from '../storage/rollup-conditions.ts'
import { quoted } from './calls/show-calls.ts'
import { defaultInstruments } from './request-source.ts'

type Shown = Pick<Deployment, 'service' | 'startedAt' | 'endedAt'>

/**
 * The rows of telemetry that a metric is made of, as conditions of SQL for people who want to see them. Which arm a row
 * is of follows from its other columns.
 */
export function showReceived(deployment: Shown, metric: MetricSpec): readonly string[] {
  const { kind, source, instruments } = metric
  if (kind === 'paired') return [`otel_traces: ServiceName = ${quoted(deployment.service)} AND ${isRequest}`]
  const rows = `Service = ${quoted(deployment.service)} AND ${within(deployment)}`
  if (!isOfRequests(metric)) return [`rollup_metrics_10s: ${rows} AND ${isOneOf(instruments ?? [])}`]
  if (source === 'spans') return [`rollup_traces_10s: ${rows} AND ${isRequest}`]
  return [`rollup_durations_10s: ${rows} AND ${isOneOf(instruments ?? defaultInstruments)}`]
}

function isOneOf(instruments: readonly string[]): string {
  return `MetricName IN (${instruments.map(quoted).join(', ')})`
}

function within({ startedAt, endedAt }: Shown): string {
  const time = (text: string) => quoted(text.slice(0, 19).replace('T', ' '))
  return `T >= ${time(startedAt)}${endedAt === null ? '' : ` AND T < ${time(endedAt)}`}`
}
