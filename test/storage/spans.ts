import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Storage } from '../../src/domain/storage.ts'
import { delimit } from '../../src/engine/ingest/delimited.ts'
import { inserts, receivers } from '../../src/receivers/index.ts'

export type SpanInput = {
  readonly name?: string
  /** OTLP's number: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind?: number
  /** Unix nanoseconds. */
  readonly start: bigint
  readonly end: bigint
  readonly failed?: boolean
  readonly attributes?: Readonly<Record<string, string>>
  readonly resource?: Readonly<Record<string, string>>
  readonly spanId?: string
  /** Of its own when absent. */
  readonly traceId?: string
  readonly parentSpanId?: string
  readonly traceState?: string
  /** The type of an exception that the span recorded. */
  readonly exception?: string
}

const keyValues = (attributes: Readonly<Record<string, string>>) =>
  Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }))

let spans = 0

/** An export request in OTLP/JSON, a resource per span. */
function otlpJson(items: readonly SpanInput[]): string {
  const resourceSpans = items.map((item) => {
    spans += 1
    const span = {
      traceId: item.traceId ?? spans.toString(16).padStart(32, '0'),
      spanId: item.spanId ?? spans.toString(16).padStart(16, '0'),
      ...(item.parentSpanId === undefined ? {} : { parentSpanId: item.parentSpanId }),
      traceState: item.traceState ?? '',
      name: item.name ?? 'GET',
      kind: item.kind ?? 2,
      startTimeUnixNano: String(item.start),
      endTimeUnixNano: String(item.end),
      status: item.failed === true ? { code: 2 } : {},
      attributes: keyValues(item.attributes ?? {}),
      events:
        item.exception === undefined
          ? []
          : [
              {
                name: 'exception',
                timeUnixNano: String(item.end),
                attributes: keyValues({ 'exception.type': item.exception }),
              },
            ],
    }
    const resource = { attributes: keyValues({ 'service.name': 'checkout', ...item.resource }) }
    return { resource, scopeSpans: [{ spans: [span] }] }
  })
  return JSON.stringify({ resourceSpans })
}

/** What the receiver makes of the spans: a checked protobuf body, as it goes into a segment. */
export function receivedBody(items: readonly SpanInput[]): Uint8Array {
  const limits = { nowMs: Date.now(), ttlMs: 7 * 86_400_000 }
  const received = receivers.otlp.traces('application/json', Buffer.from(otlpJson(items)), limits)
  if (!received.ok) throw new Error(JSON.stringify(received.error))
  if (received.items !== items.length) throw new Error(JSON.stringify(received.rejected))
  return received.body
}

/** Stores spans the way that ingest does: receiver, segment file, the receiver's INSERT. */
export async function storeSpans(
  storage: Storage,
  directory: string,
  items: readonly SpanInput[],
  token: string,
): Promise<void> {
  const file = join(directory, `${token}.seg`)
  writeFileSync(file, delimit(receivedBody(items)))
  const { table: _table, ...insert } = inserts.traces.traces!
  await storage.insertFile({ ...insert, file, token })
}
