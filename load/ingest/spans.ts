import type { Writer } from 'protobufjs'
import { type Route, routes } from './fleet.ts'
import { attribute, durationMs, oneOf, randomId, text, time } from './otlp-parts.ts'

/** Spans of one trace in one pod: the request, and what it calls. */
const spansPerTrace = 4
const serverKind = 2
const agents = [
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36',
  'okhttp/5.3.2',
  'python-requests/2.33.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15',
]
const stack = Array.from(
  { length: 6 },
  (_, i) => `\tat io.shop.orders.OrderService.step${i}(OrderService.java:${40 + 17 * i})`,
).join('\n')

type Place = { readonly traceId: Uint8Array; readonly spanId: Uint8Array; readonly parent: Uint8Array | null }

/** So many spans (ScopeSpans.spans): traces of a request and three calls, one in fifty with an exception. */
export function spansOf(writer: Writer, count: number, atMs: number, random: () => number): void {
  let trace: Place | null = null
  for (let i = 0; i < count; i++) {
    const spanId = randomId(8, random)
    const place: Place =
      trace === null || i % spansPerTrace === 0
        ? { traceId: randomId(16, random), spanId, parent: null }
        : { traceId: trace.traceId, spanId, parent: trace.spanId }
    if (place.parent === null) trace = place
    span(writer, place, atMs - random() * 1000, random)
  }
}

function span(writer: Writer, place: Place, endMs: number, random: () => number): void {
  const route = oneOf(routes, random)
  const isServer = place.parent === null
  const isError = random() < 0.02
  writer.uint32(2 * 8 + 2).fork()
  writer.uint32(1 * 8 + 2).bytes(place.traceId)
  writer.uint32(2 * 8 + 2).bytes(place.spanId)
  if (place.parent !== null) writer.uint32(4 * 8 + 2).bytes(place.parent)
  text(writer, 5, isServer ? `${route.method} ${route.path}` : `SELECT ${route.path.slice(1)}`)
  writer.uint32(6 * 8).int32(isServer ? serverKind : 3)
  time(writer, 7, endMs - durationMs(isServer ? route.medianMs : route.medianMs / 4, random))
  time(writer, 8, endMs)
  if (isServer) requestAttributes(writer, route, isError, random)
  else callAttributes(writer, route, random)
  if (isError) exception(writer, endMs, random)
  if (isError)
    writer
      .uint32(15 * 8 + 2)
      .fork()
      .uint32(3 * 8)
      .int32(2)
      .ldelim()
  writer.ldelim()
}

function requestAttributes(writer: Writer, route: Route, isError: boolean, random: () => number): void {
  const id = Math.floor(random() * 1e9)
  attribute(writer, 9, 'http.request.method', route.method)
  attribute(writer, 9, 'http.route', route.path)
  attribute(writer, 9, 'http.response.status_code', isError ? 500 : 200)
  attribute(writer, 9, 'url.path', route.path.replace('{id}', String(id)))
  attribute(writer, 9, 'url.query', `page=${id % 40}&session=${id.toString(36)}`)
  attribute(writer, 9, 'enduser.id', `u-${Math.floor(random() * 1e9)}`)
  attribute(writer, 9, 'client.address', `10.${id & 255}.${(id >> 8) & 255}.${(id >> 16) & 255}`)
  attribute(writer, 9, 'user_agent.original', oneOf(agents, random))
  attribute(writer, 9, 'network.protocol.version', '1.1')
  attribute(writer, 9, 'thread.id', Math.floor(random() * 200))
}

function callAttributes(writer: Writer, route: Route, random: () => number): void {
  const table = route.path.split('/')[1] ?? 'items'
  attribute(writer, 9, 'db.system.name', 'postgresql')
  attribute(writer, 9, 'db.namespace', 'shop')
  attribute(writer, 9, 'db.operation.name', 'SELECT')
  attribute(writer, 9, 'db.collection.name', table)
  attribute(writer, 9, 'db.query.text', `SELECT id, state FROM ${table} WHERE tenant = $1 AND id = $2`)
  attribute(writer, 9, 'db.response.returned_rows', Math.floor(random() * 100))
  attribute(writer, 9, 'db.query.parameter.1', `u-${Math.floor(random() * 1e9)}`)
  attribute(writer, 9, 'server.address', 'pg-main.shop.svc.cluster.local')
  attribute(writer, 9, 'thread.id', Math.floor(random() * 200))
  attribute(writer, 9, 'thread.name', `pool-2-thread-${Math.floor(random() * 64)}`)
}

function exception(writer: Writer, atMs: number, random: () => number): void {
  writer.uint32(11 * 8 + 2).fork()
  time(writer, 1, atMs)
  text(writer, 2, 'exception')
  attribute(writer, 3, 'exception.type', 'java.lang.IllegalStateException')
  attribute(writer, 3, 'exception.message', `order ${Math.floor(random() * 1e9)} has no address`)
  attribute(writer, 3, 'exception.stacktrace', stack)
  writer.ldelim()
}
