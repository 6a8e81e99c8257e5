import type { Deployment } from '../domain/deployment.ts'
import { isOfRequests, isQueried, type MetricSpec, type Template } from '../domain/template.ts'

/** The instruments of the OpenTelemetry conventions that count requests of a server, newest names first. */
export const defaultInstruments = ['http.server.request.duration', 'http.server.duration', 'rpc.server.duration']

/** A deployment with the instrument that its requests are counted by for as long as it lives; null: spans. */
export type Subject = { readonly deployment: Deployment; readonly requestsFrom: string | null }

/** The instruments that a template's requests may be counted by, the first one first; null: they are spans. */
export function requestInstruments(template: Template): readonly string[] | null {
  const metric = template.metrics.find(isOfRequests)
  return metric?.source === 'metrics' ? (metric.instruments ?? defaultInstruments) : null
}

/** What evidence comes by. `metrics` is OTLP's and remote write's. */
export type EvidenceSignal = 'traces' | 'metrics'

/** The signals that a trial reads: its watermark waits for all of them. */
export function evidenceSignals({ metrics }: Template, requestsFrom: string | null): readonly EvidenceSignal[] {
  const isTraced = (metric: MetricSpec): boolean =>
    metric.kind === 'paired' || (isOfRequests(metric) && requestsFrom === null)
  // What is queried is no telemetry of ours: its source is asked when the windows are complete. Calls are, from spans.
  const received = metrics.filter((metric) => !isQueried(metric))
  const isOfCalls = metrics.some(({ source }) => source === 'calls')
  const traced: readonly EvidenceSignal[] = isOfCalls || received.some(isTraced) ? ['traces'] : []
  return received.every(isTraced) ? traced : [...traced, 'metrics']
}
