import { check } from './check.ts'
import type { Accepted, BodyError, Rejection } from './checked.ts'
import { encodeJson } from './json.ts'
import { type Encoding, exportResponse, statusResponse } from './response.ts'
import type { Signal } from './schema.ts'
import type { Limits } from './time-window.ts'

/** A body that was taken. `response` is what the sender gets with 200 once `body` is stored. */
type Taken = Accepted & { readonly encoding: Encoding; readonly response: Uint8Array }

/** A body that was not taken: `code` is a row of the error table, `response` the google.rpc.Status for the sender. */
type Refused = {
  readonly ok: false
  readonly code: 'BAD_OTLP' | 'UNSUPPORTED_MEDIA_TYPE'
  readonly encoding: Encoding
  readonly error: BodyError
  readonly response: Uint8Array
}

export type Received = Taken | Refused

const invalidArgument = 3

/** The encoding that a Content-Type names, or null; parameters such as a charset are ignored. */
export function encodingOf(contentType: string | undefined): Encoding | null {
  const type = (contentType ?? '').split(';')[0]!.trim().toLowerCase()
  if (type === 'application/x-protobuf' || type === 'application/protobuf') return 'protobuf'
  return type === 'application/json' ? 'json' : null
}

/** One sentence for the sender: what was expected, what came, where. */
function errorSentence({ where, offset, expected, got }: BodyError): string {
  const place = [where, offset === null ? '' : `byte ${offset}`].filter((part) => part !== '').join(', ')
  return `Expected ${expected}, got ${got}${place === '' ? '' : `, at ${place}`}.`
}

function refuse(code: Refused['code'], encoding: Encoding, error: BodyError): Refused {
  return { ok: false, code, encoding, error, response: statusResponse(encoding, invalidArgument, errorSentence(error)) }
}

function rejectionSentence(rejected: readonly Rejection[]): string {
  return rejected.map(({ reason, count, example }) => `${count} × ${reason}, the first: ${example}.`).join(' ')
}

/**
 * One export request, decompressed, to protobuf that ClickHouse can be given, with the answer for its sender.
 * @param contentType the request's header, which says how `body` is encoded.
 */
export function receive(signal: Signal, contentType: string | undefined, body: Uint8Array, limits: Limits): Received {
  const encoding = encodingOf(contentType)
  if (encoding === null) {
    return refuse('UNSUPPORTED_MEDIA_TYPE', 'json', {
      where: 'the header Content-Type',
      offset: null,
      expected: 'application/x-protobuf or application/json',
      got: contentType === undefined ? 'none' : JSON.stringify(contentType.slice(0, 100)),
    })
  }
  let bytes = body
  if (encoding === 'json') {
    const encoded = encodeJson(signal, Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
    if (!encoded.ok) return refuse('BAD_OTLP', encoding, encoded.error)
    bytes = encoded.body
  }
  const checked = check(signal, bytes, limits, encoding === 'json' ? 'json' : 'proto')
  if (!checked.ok) return refuse('BAD_OTLP', encoding, checked.error)
  const { rejected } = checked
  const count = rejected.reduce((sum, rejection) => sum + rejection.count, 0)
  const partial = count === 0 ? null : { rejected: count, message: rejectionSentence(rejected) }
  return { ...checked, encoding, response: exportResponse(encoding, signal, partial) }
}
