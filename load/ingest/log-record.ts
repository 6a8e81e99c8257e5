import type { Writer } from 'protobufjs'
import { attribute, oneOf, randomId, text, time } from './otlp-parts.ts'

const levels = [
  { number: 9, text: 'INFO', share: 0.9 },
  { number: 13, text: 'WARN', share: 0.08 },
  { number: 17, text: 'ERROR', share: 0.02 },
] as const

const sentences: readonly ((id: number, ms: number) => string)[] = [
  (id, ms) => `request ${id.toString(16)} for tenant-${id % 997} finished in ${ms} ms with status 200`,
  (id, ms) => `cache miss for key item:${id}, fetched from origin in ${ms} ms`,
  (id) => `order ${id} was handed to the carrier, tracking number DE${id * 13}`,
  (id, ms) => `connection 10.${id & 255}.${(id >> 8) & 255}.7:5432 returned to the pool after ${ms} ms`,
  (id) => `user ${id % 100_003} signed in from a new device; a notice was queued as message ${id}`,
]

/** One LogRecord (ScopeLogs.log_records) with six attributes; every other one belongs to a trace. */
export function logRecord(writer: Writer, atMs: number, random: () => number): void {
  const id = Math.floor(random() * 1e9)
  const draw = random()
  const level = draw < levels[0].share ? levels[0] : draw < levels[0].share + levels[1].share ? levels[1] : levels[2]
  const at = atMs - random() * 1000
  writer.uint32(2 * 8 + 2).fork()
  time(writer, 1, at)
  time(writer, 11, at + 0.2)
  writer.uint32(2 * 8).int32(level.number)
  text(writer, 3, level.text)
  writer.uint32(5 * 8 + 2).fork()
  text(writer, 1, oneOf(sentences, random)(id, Math.floor(random() * 400)))
  writer.ldelim()
  attribute(writer, 6, 'code.function.name', `io.shop.orders.Handler.step${id % 40}`)
  attribute(writer, 6, 'code.line.number', 20 + (id % 300))
  attribute(writer, 6, 'thread.name', `http-nio-8080-exec-${id % 64}`)
  attribute(writer, 6, 'logger.name', `io.shop.orders.Handler${id % 12}`)
  attribute(writer, 6, 'tenant', `tenant-${id % 997}`)
  attribute(writer, 6, 'request.id', id.toString(16))
  if (id % 2 === 0) {
    writer.uint32(9 * 8 + 2).bytes(randomId(16, random))
    writer.uint32(10 * 8 + 2).bytes(randomId(8, random))
  }
  writer.ldelim()
}
