import type { Signal } from './schema.ts'
import { wireWriter } from './wire-writer.ts'

/** The two encodings of OTLP/HTTP. A response has the encoding of its request. */
export type Encoding = 'protobuf' | 'json'

export const contentTypes: Readonly<Record<Encoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
}

/** Items that were left out of a body that was taken, and why. The sender must not send them again. */
export type PartialSuccess = { readonly rejected: number; readonly message: string }

const rejectedNames: Readonly<Record<Signal, string>> = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
}

/** ExportTraceServiceResponse and its siblings: empty for a full success (null), as the specification demands. */
export function exportResponse(encoding: Encoding, signal: Signal, partial: PartialSuccess | null): Uint8Array {
  if (encoding === 'json') {
    const content = partial && { [rejectedNames[signal]]: String(partial.rejected), errorMessage: partial.message }
    return Buffer.from(JSON.stringify(content === null ? {} : { partialSuccess: content }))
  }
  if (partial === null) return new Uint8Array(0)
  const writer = wireWriter(64 + partial.message.length)
  writer.text(partial.message)
  writer.varint(writer.size())
  writer.tag(2, 2)
  writer.varint(partial.rejected)
  writer.tag(1, 0)
  writer.varint(writer.size())
  writer.tag(1, 2)
  return writer.finish()
}

/** google.rpc.Status, the body of every failure. @param code a gRPC code: 3 invalid argument, 8 exhausted, 14 unavailable. */
export function statusResponse(encoding: Encoding, code: number, message: string): Uint8Array {
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message }))
  const writer = wireWriter(64 + message.length)
  writer.text(message)
  writer.varint(writer.size())
  writer.tag(2, 2)
  writer.varint(code)
  writer.tag(1, 0)
  return writer.finish()
}
