import { gzipSync } from 'node:zlib'
import { encode, type Json } from '../../test/receivers/otlp/codec.ts'
import { type Signal, signals } from './otlp-bodies.ts'

/** One body that was sent: items `first` to `first + count - 1` of its signal. */
export type SentBody = {
  readonly first: number
  readonly count: number
  /** Before which kill it was sent. */
  readonly round: number
  isAcknowledged: boolean
}

/** What was sent, by signal, and which answers came that nobody wants. */
export type Ledger = {
  readonly bodies: Readonly<Record<Signal, SentBody[]>>
  readonly next: Record<Signal, number>
  /** Answers that are neither 200 nor a wish to be asked later, by status. */
  readonly unwanted: Map<number, number>
  /** 429 and 503. */
  later: number
}

type Sender = { readonly signal: Signal; readonly isJson: boolean; readonly isGzip: boolean }

/** Every signal in protobuf and in JSON, each plain and in gzip. */
const senders: readonly Sender[] = signals.flatMap((signal) =>
  [false, true].flatMap((isJson) => [false, true].map((isGzip) => ({ signal, isJson, isGzip }))),
)

const maxItems = 60
const resource = { attributes: [attribute('service.name', 'killed'), attribute('service.version', '1')] }

/** @returns an empty ledger. */
export function newLedger(): Ledger {
  const bodies = { traces: [], logs: [], metrics: [] }
  return { bodies, next: { traces: 1, logs: 1, metrics: 1 }, unwanted: new Map(), later: 0 }
}

/**
 * Sends bodies of all signals in all encodings until nobody answers any more. What was not answered is not sent again, so
 * that everything that is stored twice is Davy's doing.
 */
export async function sendUntilGone(otlpUrl: string, round: number, ledger: Ledger, random: () => number) {
  await Promise.all(senders.map((sender) => sendOneByOne(otlpUrl, sender, round, ledger, random)))
}

async function sendOneByOne(otlpUrl: string, sender: Sender, round: number, ledger: Ledger, random: () => number) {
  for (;;) {
    const { signal } = sender
    const count = 1 + Math.floor(random() * maxItems)
    const body: SentBody = { first: ledger.next[signal], count, round, isAcknowledged: false }
    ledger.next[signal] += count
    ledger.bodies[signal].push(body)
    const answer = await post(otlpUrl, sender, body).catch(() => null)
    if (answer === null) return
    if (answer.status === 200) body.isAcknowledged = true
    else if (answer.status === 429 || answer.status === 503) ledger.later += 1
    else ledger.unwanted.set(answer.status, (ledger.unwanted.get(answer.status) ?? 0) + 1)
    await answer.arrayBuffer().catch(() => undefined)
  }
}

function post(otlpUrl: string, { signal, isJson, isGzip }: Sender, body: SentBody): Promise<Response> {
  const request = requestOf(signal, body, isJson)
  const plain = isJson ? Buffer.from(JSON.stringify(request)) : encode(signal, request)
  return fetch(`${otlpUrl}/v1/${signal}`, {
    method: 'POST',
    headers: {
      'content-type': isJson ? 'application/json' : 'application/x-protobuf',
      ...(isGzip ? { 'content-encoding': 'gzip' } : {}),
    },
    body: new Uint8Array(isGzip ? gzipSync(plain) : plain),
  })
}

/** A number as 16 hex digits: the span's id, and the attribute `id` of records and points. */
function idOf(item: number): string {
  return item.toString(16).padStart(16, '0')
}

function requestOf(signal: Signal, { first, count }: SentBody, isJson: boolean): Json {
  const now = `${Date.now()}000000`
  const ids = Array.from({ length: count }, (_, index) => idOf(first + index))
  if (signal === 'traces') {
    // Ids are hex in JSON and bytes in protobuf.
    const bytesOf = (hex: string) => (isJson ? hex : Buffer.from(hex, 'hex'))
    const spans = ids.map((id) => ({
      ...{ traceId: bytesOf(id.padStart(32, '1')), spanId: bytesOf(id), name: 'GET /', kind: 2 },
      ...{ startTimeUnixNano: now, endTimeUnixNano: now },
    }))
    return { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }
  }
  if (signal === 'logs') {
    const logRecords = ids.map((id) => ({
      ...{ timeUnixNano: now, severityNumber: 9, body: { stringValue: 'line' }, attributes: [attribute('id', id)] },
    }))
    return { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] }
  }
  // Gauges and sums go into tables of their own: a kill between their two INSERTs must not lose or double either.
  const points = ids.map((id) => ({ timeUnixNano: now, asDouble: 1, attributes: [attribute('id', id)] }))
  const middle = Math.floor(count / 2)
  const metrics = [
    { name: 'level', gauge: { dataPoints: points.slice(0, middle) } },
    { name: 'count', sum: { dataPoints: points.slice(middle), aggregationTemporality: 2, isMonotonic: true } },
  ]
  return { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] }
}

function attribute(key: string, stringValue: string) {
  return { key, value: { stringValue } }
}
