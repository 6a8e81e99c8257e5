import type { WindowSpan } from './telemetry-window.ts'

/**
 * A request as one service sees it: the spans of that service from where another service (or nobody) called it down to
 * where it calls others.
 */
export type Request = {
  readonly service: string
  /** The operation of the span that was called. */
  readonly operation: string
  /** The request that called; null at the root of a trace. */
  readonly caller: Request | null
  /**
   * Microseconds on the way: the calling span less this one. Null at the root, and where the calling span is the
   * caller's own entry and has other children too: it lasts as long as all of them.
   */
  netUs: number | null
  /** Microseconds of the service's own spans that no child of theirs covers; the wait for other services left out. */
  selfUs: number
  /** Inner operations, and calls to other services. */
  readonly steps: Set<string>
}

type Node = {
  readonly span: WindowSpan
  readonly request: Request
  readonly parent: Node | null
  /** The first span of its request. */
  readonly isEntry: boolean
  children: number
  childrenUs: number
  isCall: boolean
}

/**
 * Groups spans into requests. A parent that was not collected makes its child a root.
 *
 * @returns the request of every span by {@link spanKey}
 * @throws Error when a span is its own ancestor
 */
export function linkSpans(spans: readonly WindowSpan[]): Map<string, Request> {
  const byKey = new Map(spans.map((span) => [spanKey(span.trace, span.id), span]))
  const nodes = new Map<string, Node>()
  const open = new Set<string>()
  const link = (key: string, span: WindowSpan): Node => {
    const known = nodes.get(key)
    if (known !== undefined) return known
    if (open.has(key)) throw new Error(`span ${span.id} of trace ${span.trace} is its own ancestor`)
    open.add(key)
    const parentKey = span.parent === null ? '' : spanKey(span.trace, span.parent)
    const parentSpan = byKey.get(parentKey)
    const node = attach(span, parentSpan === undefined ? null : link(parentKey, parentSpan))
    nodes.set(key, node)
    return node
  }
  for (const [key, span] of byKey) link(key, span)
  for (const { span, request, parent, isEntry, childrenUs, isCall } of nodes.values()) {
    if (!isCall) request.selfUs += Math.max(0, span.durationUs - childrenUs)
    if (isEntry && parent?.isEntry && parent.children > 1) request.netUs = null
  }
  return new Map([...nodes].map(([key, { request }]) => [key, request]))
}

/** A span's name within a window; ids are unique within a trace only. */
export function spanKey(trace: string, id: string): string {
  return `${trace} ${id}`
}

function attach(span: WindowSpan, parent: Node | null): Node {
  const node = { span, parent, children: 0, childrenUs: 0, isCall: false }
  if (parent === null) return { ...node, request: openRequest(span, null), isEntry: true }
  parent.children += 1
  parent.childrenUs += overlapUs(span, parent.span)
  if (span.service === parent.span.service) {
    parent.request.steps.add(span.operation)
    return { ...node, request: parent.request, isEntry: false }
  }
  parent.isCall = true
  parent.request.steps.add(`to ${span.service} ${span.operation}`)
  return { ...node, request: openRequest(span, parent), isEntry: true }
}

function openRequest({ service, operation, durationUs }: WindowSpan, parent: Node | null): Request {
  return {
    service,
    operation,
    caller: parent?.request ?? null,
    netUs: parent === null ? null : Math.max(0, parent.span.durationUs - durationUs),
    selfUs: 0,
    steps: new Set(),
  }
}

function overlapUs(child: WindowSpan, parent: WindowSpan): number {
  const from = Math.max(child.startUs, parent.startUs)
  const to = Math.min(child.startUs + child.durationUs, parent.startUs + parent.durationUs)
  return Math.max(0, to - from)
}
