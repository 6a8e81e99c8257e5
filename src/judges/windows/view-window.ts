import { linkSpans, type Request, spanKey } from './link-spans.ts'
import { openMessageSkeletons } from './message-skeleton.ts'
import type { TelemetryWindow } from './telemetry-window.ts'
import { windowCpu } from './window-cpu.ts'

/** Values per operation. */
export type Levels = ReadonlyMap<string, readonly number[]>

/** Per operation: how many requests there were, and how many had each property at least once. */
export type Counted = ReadonlyMap<string, { readonly requests: number; readonly having: ReadonlyMap<string, number> }>

/**
 * What one window says about one service, per operation that others call. Null: the modality is missing, or nobody
 * called the service.
 */
export type WindowView = {
  /** Microseconds between caller and service per call. */
  readonly net: Levels | null
  /** Microseconds that the service itself worked per request. */
  readonly self: Levels | null
  /** The median CPU usage of the pod that used most. */
  readonly cpu: number | null
  /** Requests that wrote a message template. */
  readonly log: Counted | null
  /** Requests in which an inner operation ran, or another service was called. */
  readonly steps: Counted | null
  /** The same of the callers' requests that called the operation: what a caller leaves out after a bad answer. */
  readonly callers: Counted | null
}

/**
 * Reduces a window to what the judge compares. The unit is the request to the service. Volumes, shares of operations
 * and the traffic mix leave no trace in it, so two windows of different load compare.
 *
 * @throws Error when a span is its own ancestor
 */
export function viewWindow(window: TelemetryWindow, service: string): WindowView {
  const cpu = windowCpu(window, service)
  const ofSpans = linkSpans(window.spans)
  const requests = new Set([...ofSpans.values()].filter((request) => request.service === service))
  if (requests.size === 0) return { net: null, self: null, cpu, log: null, steps: null, callers: null }
  const called = new Set([...requests].filter(({ caller }) => caller !== null))
  return {
    net: called.size === 0 ? null : levels(called, ({ netUs }) => netUs!),
    self: levels(requests, ({ selfUs }) => selfUs),
    cpu,
    log: window.logs.length === 0 ? null : countTemplates(window, service, ofSpans, requests),
    steps: count([...requests].map(({ operation, steps }) => ({ stratum: operation, having: steps }))),
    callers: called.size === 0 ? null : countCallers(called),
  }
}

function levels(requests: Iterable<Request>, read: (request: Request) => number): Levels {
  const grouped = Map.groupBy(requests, ({ operation }) => operation)
  return new Map([...grouped].map(([operation, group]) => [operation, group.map(read)]))
}

function countTemplates(
  { logs }: TelemetryWindow,
  service: string,
  ofSpans: ReadonlyMap<string, Request>,
  requests: ReadonlySet<Request>,
): Counted {
  const skeletonOf = openMessageSkeletons()
  const written = new Map([...requests].map((request) => [request, new Set<string>()]))
  for (const { trace, span, service: writer, message } of logs) {
    if (writer !== service || trace === null || span === null) continue
    const request = ofSpans.get(spanKey(trace, span))
    if (request !== undefined) written.get(request)?.add(skeletonOf(message))
  }
  return count([...written].map(([{ operation }, having]) => ({ stratum: operation, having })))
}

/** A caller that calls an operation many times during one request of its own counts once. */
function countCallers(called: ReadonlySet<Request>): Counted {
  const seen = new Map<string, Set<Request>>()
  for (const { caller, operation } of called) {
    const stratum = `${caller!.service} ${caller!.operation} to ${operation}`
    seen.set(stratum, (seen.get(stratum) ?? new Set()).add(caller!))
  }
  return count([...seen].flatMap(([stratum, all]) => [...all].map(({ steps }) => ({ stratum, having: steps }))))
}

function count(units: readonly { readonly stratum: string; readonly having: ReadonlySet<string> }[]): Counted {
  const counted = new Map<string, { requests: number; having: Map<string, number> }>()
  for (const { stratum, having } of units) {
    const sum = counted.get(stratum) ?? { requests: 0, having: new Map<string, number>() }
    sum.requests += 1
    for (const property of having) sum.having.set(property, (sum.having.get(property) ?? 0) + 1)
    counted.set(stratum, sum)
  }
  return counted
}
