import protobuf from 'protobufjs/minimal.js'
import type { Signal } from './otlp-bodies.ts'

/*
 * What rows a body must become, found without Davy's own reader: protobufjs takes the messages apart, and only what
 * tells a row from others is looked at. Texts are compared as bytes, since a sender may write what is no UTF-8.
 */

type Fields = ReadonlyMap<number, readonly Uint8Array[]>

/** A table that rows of a kind go into, as a SELECT of its rows, each in one text `row` that tells it from others. */
export type RowTable = { readonly kind: string; readonly sql: string }

const nanos = (column: string) => `toString(reinterpretAsUInt64(toUnixTimestamp64Nano(${column})))`
const point = (kind: string, table: string): RowTable => ({
  kind,
  sql: `SELECT concat(hex(MetricName), ' ', ${nanos('TimeUnix')}) AS row FROM otel_metrics_${table}`,
})

/** The tables of each signal. */
export const rowTables: Readonly<Record<Signal, readonly RowTable[]>> = {
  traces: [
    {
      kind: 'traces',
      sql: `SELECT concat(hex(SpanName), ' ', ${nanos('Timestamp')}, ' ', upper(SpanId)) AS row FROM otel_traces`,
    },
  ],
  logs: [
    {
      kind: 'logs',
      sql: `SELECT concat(hex(EventName), ' ', ${nanos('Timestamp')}, ' ', hex(SeverityText)) AS row FROM otel_logs`,
    },
  ],
  metrics: [
    point('gauge', 'gauge'),
    point('sum', 'sum'),
    point('histogram', 'histogram'),
    point('exponentialHistogram', 'exponential_histogram'),
    point('summary', 'summary'),
  ],
}

const kindFields: Readonly<Record<string, number>> = {
  gauge: 5,
  sum: 7,
  histogram: 9,
  exponentialHistogram: 10,
  summary: 11,
}

/** The rows that a body which passed the receiver is to have in the table of a kind. */
export function rowsOf(signal: Signal, kind: string, body: Uint8Array): readonly string[] {
  const items = inside(inside(inside([body], 1), 2), 2)
  if (signal === 'traces') {
    return items.map(fieldsOf).map((span) => `${hex(span, 5)} ${number(span, 7)} ${hex(span, 2)}`)
  }
  if (signal === 'logs') {
    return items.map(fieldsOf).map((record) => {
      const at = number(record, 1) === 0n ? number(record, 11) : number(record, 1)
      return `${hex(record, 12)} ${at} ${hex(record, 3)}`
    })
  }
  return items.flatMap((metric) => {
    const points = inside(inside([metric], kindFields[kind]!), 1)
    const name = hex(fieldsOf(metric), 1)
    return points.map((each) => `${name} ${number(fieldsOf(each), 3)}`)
  })
}

/** The messages in a field of messages. */
export function inside(messages: readonly Uint8Array[], field: number): readonly Uint8Array[] {
  return messages.flatMap((message) => fieldsOf(message).get(field) ?? [])
}

/** The values of a message's fields as bytes, also those of varints. */
export function fieldsOf(message: Uint8Array): Fields {
  const fields = new Map<number, Uint8Array[]>()
  const reader = protobuf.Reader.create(message)
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    const from = reader.pos
    if ((tag & 7) !== 2) reader.skipType(tag & 7)
    const value = (tag & 7) === 2 ? reader.bytes() : message.subarray(from, reader.pos)
    const values = fields.get(tag >>> 3)
    if (values === undefined) fields.set(tag >>> 3, [value])
    else values.push(value)
  }
  return fields
}

/** A text or bytes in hex. Of a field that comes more than once, the last counts. */
export function hex(fields: Fields, field: number): string {
  return Buffer.from(fields.get(field)?.at(-1) ?? [])
    .toString('hex')
    .toUpperCase()
}

function number(fields: Fields, field: number): bigint {
  const bytes = fields.get(field)?.at(-1)
  return bytes === undefined ? 0n : Buffer.from(bytes).readBigUInt64LE()
}
