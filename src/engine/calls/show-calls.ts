import type { SourceQuestion } from '../../domain/metric-source.ts'
import { isCall, isRequest } from '../../storage/rollup-conditions.ts'
import { callsQueryOf, edgeKeys } from './calls-query.ts'

const columns = { system: 'System', peer: 'Peer', target: 'Target' } as const

/** The rows that a metric of calls is made of, as conditions of SQL for people who want to see them. */
export function showCalls({ deployment, metric }: Omit<SourceQuestion, 'windows'>): readonly string[] {
  const query = callsQueryOf(metric)
  const service = quoted(deployment.service)
  if (query.side === 'callers') {
    const caller = query.caller === undefined ? '' : ` AND ServiceName = ${quoted(query.caller)}`
    return [
      `otel_traces: SpanKind = 'Client'${caller}, with the SpanId that is the ParentSpanId, in the same TraceId, of`,
      `otel_traces: SpanKind = 'Server' AND ServiceName = ${service}`,
    ]
  }
  const asked = edgeKeys.flatMap((key) => (query[key] === undefined ? [] : `${columns[key]} = ${quoted(query[key])}`))
  const conditions = [`Service = ${service}`, isCall, ...asked]
  const calls = `rollup_calls_10s: ${conditions.join(' AND ')}`
  if (metric.kind === 'edges') {
    const before = `before ${quoted(new Date(deployment.startedAt).toISOString())}`
    return metric.reading === 'vanished'
      ? [
          calls,
          `in ten seconds of pods with requests in rollup_traces_10s: Service = ${service} AND ${isRequest}`,
          `of operations that called the edge in the hour ${before}, by TraceId in otel_traces: ServiceName = ${service}`,
        ]
      : [calls, `that no other version had called in the fourteen days ${before}`]
  }
  if (metric.kind !== 'gauge') return [calls]
  return [calls, `per request of rollup_traces_10s: Service = ${service} AND ${isRequest}`]
}

/** A text as a literal of SQL, for people. */
export function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`
}
