import protobuf from 'protobufjs'
import { messages, requests, type Signal } from '../../../src/receivers/otlp/schema.ts'

/** The whole table as a .proto text, with OTLP's own types, for protobufjs to encode and decode bodies independently. */
function protoText(): string {
  const texts = Object.values(messages).map((message) => {
    const lines = message.fields.map((field) => {
      const type = field.message?.name ?? (field.kind === 'enum' ? 'int32' : field.kind)
      return {
        oneof: field.oneof,
        text: `${field.repeated ? 'repeated ' : ''}${type} ${field.name} = ${field.number};`,
      }
    })
    const plain = lines.filter((line) => line.oneof === null).map((line) => line.text)
    const members = lines.filter((line) => line.oneof !== null)
    const oneof = members.length === 0 ? '' : `oneof ${members[0]!.oneof} { ${members.map((m) => m.text).join(' ')} }`
    return `message ${message.name} { ${plain.join(' ')} ${oneof} }`
  })
  return `syntax = "proto3"; ${texts.join('\n')}`
}

/** Resolved, so that repeated numbers are packed as proto3 demands. */
const root = protobuf.parse(protoText()).root.resolveAll()

export type Json = Readonly<Record<string, unknown>>

/** An export request from an object with camelCase names; integers of 64 bits as decimal strings, ids as Buffers. */
export function encode(signal: Signal, request: Json): Uint8Array {
  const type = root.lookupType(requests[signal].name)
  return type.encode(type.fromObject(request)).finish()
}

/** The object that an export request holds; integers of 64 bits as strings, bytes in base64, absent fields at their defaults. */
export function decode(signal: Signal, body: Uint8Array): Json {
  const type = root.lookupType(requests[signal].name)
  return type.toObject(type.decode(body), { longs: String, bytes: String, defaults: true })
}

/** The bytes as ClickHouse's `Protobuf` format wants them: the length before each message. */
export function delimited(bodies: readonly Uint8Array[]): Buffer {
  return Buffer.concat(bodies.flatMap((body) => [lengthOf(body), body]))
}

/** A length-delimited field, for what protobufjs would not write. */
export function wrap(fieldNumber: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  return Buffer.concat([Uint8Array.of(fieldNumber * 8 + 2), lengthOf(content), content])
}

function lengthOf(body: Uint8Array): Uint8Array {
  const writer = protobuf.Writer.create()
  return writer.uint32(body.length).finish()
}

export const at = (ms: number, extraNanos = 0): string => String(BigInt(ms) * 1_000_000n + BigInt(extraNanos))
