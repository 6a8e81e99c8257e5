import { linkSpans, type Request, spanKey } from './link-spans.ts'
import { openMessageSkeletons } from './message-skeleton.ts'
import type { TelemetryWindow, WindowLog } from './telemetry-window.ts'
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
  /** Microseconds between caller and service per call, where the caller has a span of its own for it. */
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

/** What one window says about each of its services. */
export type WindowViews = {
  /** All that appear in its spans or its CPU. */
  readonly services: ReadonlySet<string>
  /** Whom a service's requests called, by the caller. */
  readonly callees: ReadonlyMap<string, ReadonlySet<string>>
  readonly viewOf: (service: string) => WindowView
}

/**
 * Reduces a window to what the judge compares. The unit is the request to the service. Volumes, shares of operations
 * and the traffic mix leave no trace in it, so two windows of different load compare.
 *
 * @throws Error when a span is its own ancestor
 */
export function viewWindow(window: TelemetryWindow, service: string): WindowView {
  return openViews(window).viewOf(service)
}

/**
 * {@link viewWindow} for many services of one window: its spans are linked once.
 *
 * @throws Error when a span is its own ancestor
 */
export function openViews(window: TelemetryWindow): WindowViews {
  const ofSpans = linkSpans(window.spans)
  const byService = Map.groupBy(new Set(ofSpans.values()), ({ service }) => service)
  const logs = Map.groupBy(window.logs, ({ service }) => service)
  return {
    services: new Set([...byService.keys(), ...window.cpu.map(({ service }) => service)]),
    callees: calleesOf(byService),
    viewOf(service) {
      const cpu = windowCpu(window, service)
      const requests = new Set(byService.get(service))
      if (requests.size === 0) return { net: null, self: null, cpu, log: null, steps: null, callers: null }
      const called = new Set([...requests].filter(({ caller }) => caller !== null))
      return {
        net: netLevels(called),
        self: levels(requests, ({ selfUs }) => selfUs),
        cpu,
        log: window.logs.length === 0 ? null : countTemplates(logs.get(service) ?? [], ofSpans, requests),
        steps: count([...requests].map(({ operation, steps }) => ({ stratum: operation, having: steps }))),
        callers: called.size === 0 ? null : countCallers(called),
      }
    },
  }
}

function calleesOf(byService: ReadonlyMap<string, readonly Request[]>): Map<string, Set<string>> {
  const callees = new Map<string, Set<string>>()
  for (const [callee, requests] of byService) {
    for (const { caller } of requests) {
      if (caller !== null) callees.set(caller.service, (callees.get(caller.service) ?? new Set()).add(callee))
    }
  }
  return callees
}

function netLevels(called: ReadonlySet<Request>): Levels | null {
  const known = [...called].filter(({ netUs }) => netUs !== null)
  return known.length === 0 ? null : levels(known, ({ netUs }) => netUs!)
}

function levels(requests: Iterable<Request>, read: (request: Request) => number): Levels {
  const grouped = Map.groupBy(requests, ({ operation }) => operation)
  return new Map([...grouped].map(([operation, group]) => [operation, group.map(read)]))
}

function countTemplates(
  logs: readonly WindowLog[],
  ofSpans: ReadonlyMap<string, Request>,
  requests: ReadonlySet<Request>,
): Counted {
  const skeletonOf = openMessageSkeletons()
  const written = new Map([...requests].map((request) => [request, new Set<string>()]))
  for (const { trace, span, message } of logs) {
    if (trace === null || span === null) continue
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
