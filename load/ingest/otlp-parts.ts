import type { Writer } from 'protobufjs'
import type { Pod } from './fleet.ts'

/** Field `number` as a text. */
export function text(writer: Writer, number: number, value: string): void {
  writer.uint32(number * 8 + 2).string(value)
}

/** Field `number` as a fixed64 of `ms` in nanoseconds; exact to a quarter of a microsecond. */
export function time(writer: Writer, number: number, ms: number): void {
  writer.uint32(number * 8 + 1).fixed64(ms * 1e6)
}

/** Field `number` as a KeyValue: texts, lists of texts, whole numbers. */
export function attribute(
  writer: Writer,
  number: number,
  key: string,
  value: string | number | readonly string[],
): void {
  writer.uint32(number * 8 + 2).fork()
  text(writer, 1, key)
  writer.uint32(2 * 8 + 2).fork()
  if (typeof value === 'string') text(writer, 1, value)
  else if (typeof value === 'number') writer.uint32(3 * 8).int64(value)
  else {
    writer.uint32(5 * 8 + 2).fork()
    for (const item of value) {
      writer.uint32(1 * 8 + 2).fork()
      text(writer, 1, item)
      writer.ldelim()
    }
    writer.ldelim()
  }
  writer.ldelim().ldelim()
}

/** Field 1 of Resource{Spans,Metrics,Logs}. */
export function resource(writer: Writer, pod: Pod): void {
  writer.uint32(1 * 8 + 2).fork()
  for (const [key, value] of pod.attributes) attribute(writer, 1, key, value)
  writer.ldelim()
}

/** Field 1 of Scope{Spans,Metrics,Logs}. */
export function scope(writer: Writer, signal: string): void {
  writer.uint32(1 * 8 + 2).fork()
  text(writer, 1, `io.shop.instrumentation.${signal}`)
  text(writer, 2, '2.12.0')
  writer.ldelim()
}

/** `count` random bytes. */
export function randomId(count: number, random: () => number): Uint8Array {
  const bytes = new Uint8Array(count)
  const view = new DataView(bytes.buffer)
  for (let at = 0; at < count; at += 4) view.setUint32(at, random() * 2 ** 32)
  return bytes
}

/** One of a list, each as likely. */
export function oneOf<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)] as T
}

/** A duration in milliseconds around a median, with the long tail that durations have. */
export function durationMs(medianMs: number, random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return medianMs * Math.exp(0.6 * normal)
}
