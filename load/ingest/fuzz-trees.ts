import type { Field, Message } from '../../src/receivers/otlp/schema.ts'

/** A random request as protobufjs takes it, or as OTLP/JSON has it. */
export type Tree = Readonly<Record<string, unknown>>

export type TreeOptions = {
  readonly random: () => number
  /** In JSON ids are hex, other bytes base64, and NaN is a text. */
  readonly isJson: boolean
  /** Unix milliseconds, around which most times lie. */
  readonly nowMs: number
}

const texts = [
  '',
  'a',
  'service.name',
  'läuft "gut"\n',
  '\u0000',
  '日本語',
  '\u202e',
  '__proto__',
  'x'.repeat(300),
  "'; DROP",
]
const doubles = [0, -0, 0.1, -1, 1e308, 5e-324, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
const int32s = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 5, 300]
const uint32s = [0, 1, 255, 256, 2 ** 32 - 1]
const int64s = ['0', '1', '-1', '9223372036854775807', '-9223372036854775808', '9007199254740993']
const uint64s = ['0', '1', '18446744073709551615', '9223372036854775808', '42']
const maxDepth = 9

/** A message with some of its fields, most of them with extreme values; what is counted has a time that is taken, mostly. */
export function randomTree(message: Message, options: TreeOptions, depth = 0): Tree {
  const { random } = options
  const tree: Record<string, unknown> = {}
  const taken = new Set<string>()
  for (const field of message.fields) {
    const isItemTime = message.item?.first === field.number || message.item?.second === field.number
    const isRequired = field.id?.required === true || isItemTime || depth < 3
    if (!isRequired && random() < 0.4) continue
    if (field.message !== null && depth >= maxDepth) continue
    if (field.oneof !== null) {
      if (taken.has(field.oneof) || random() < 0.6) continue
      taken.add(field.oneof)
    }
    const value = () => (isItemTime ? timeOf(options) : fieldValue(field, options, depth))
    if (!field.repeated) tree[field.name] = value()
    else tree[field.name] = Array.from({ length: (depth < 3 ? 1 : 0) + below(random, depth < 3 ? 2 : 4) }, value)
  }
  return tree
}

function fieldValue(field: Field, options: TreeOptions, depth: number): unknown {
  const { random, isJson } = options
  switch (field.kind) {
    case 'message':
      return randomTree(field.message!, options, depth + 1)
    case 'string':
      return pick(random, texts)
    case 'bytes': {
      const length = field.id === null ? below(random, 20) : field.id.required || random() < 0.7 ? field.id.bytes : 0
      const bytes = Buffer.from(Array.from({ length }, () => below(random, 256)))
      if (!isJson) return bytes
      return bytes.toString(field.id === null ? 'base64' : 'hex')
    }
    case 'bool':
      return random() < 0.5
    case 'double': {
      const double = pick(random, doubles)
      return isJson && !Number.isFinite(double) ? String(double) : double
    }
    case 'uint32':
    case 'fixed32':
      return pick(random, uint32s)
    case 'int64':
    case 'sfixed64':
      return pick(random, int64s)
    case 'uint64':
    case 'fixed64':
      return random() < 0.3 ? timeOf(options) : pick(random, uint64s)
    default:
      return pick(random, int32s)
  }
}

function timeOf({ random, nowMs }: TreeOptions): string {
  if (random() < 0.02) return pick(random, uint64s)
  return String(BigInt(Math.floor(nowMs - random() * 3_600_000)) * 1_000_000n + BigInt(below(random, 1e6)))
}

/** A whole number from 0 to below `limit`. */
export function below(random: () => number, limit: number): number {
  return Math.floor(random() * limit)
}

/** One of a list. */
export function pick<T>(random: () => number, list: readonly T[]): T {
  return list[below(random, list.length)] as T
}
