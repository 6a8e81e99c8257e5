import type { Field, Message } from './schema.ts'
import { type Cursor, Malformed, readLength, readTag, skipValue, skipVarint } from './wire.ts'

type Value = string | number | boolean | Values | readonly Value[]
type Values = { readonly [name: string]: Value }

/** The beginning of a message for a person. */
export type Preview = {
  /** Fields by their names in OTLP/JSON; `#7` is field 7 of a message that has no name for it. */
  readonly fields: Values
  /** There is more than is shown. */
  readonly isCut: boolean
  /** Where the bytes stopped being a message, or null. */
  readonly fault: string | null
}

const maxFields = 200
const maxItems = 5
const maxDepth = 24
const maxCharacters = 200
const maxHexBytes = 32

type Budget = { fields: number; isCut: boolean; fault: string | null }

/**
 * Decodes as much of a message as there is to decode, whatever the bytes: at most 200 fields, 5 of a repeated one, 200
 * characters of a text. Never throws; made for bytes that something else could not read.
 * @param root null: what the message is, is not known, and fields have numbers only.
 */
export function previewOf(root: Message | null, bytes: Uint8Array): Preview {
  const budget: Budget = { fields: maxFields, isCut: false, fault: null }
  const fields = readMessage(root, { bytes, position: 0 }, bytes.length, 0, budget)
  return { fields, isCut: budget.isCut, fault: budget.fault }
}

function readMessage(message: Message | null, cursor: Cursor, end: number, depth: number, budget: Budget): Values {
  // Without a prototype, no name of a field can be one of an object's own.
  const values: Record<string, Value> = Object.create(null)
  const lists = new Map<string, Value[]>()
  try {
    while (cursor.position < end && budget.fault === null) {
      if (budget.fields === 0) {
        budget.isCut = true
        break
      }
      budget.fields -= 1
      const tag = readTag(cursor, end)
      const number = tag >>> 3
      const field = message?.byNumber[number]
      const name = field?.name ?? `#${number}`
      const list = lists.get(name)
      if (list !== undefined && list.length === maxItems) {
        budget.isCut = true
        skipValue(cursor, tag & 7, end)
        continue
      }
      const value = readValue(field, cursor, tag & 7, end, depth, budget)
      if (list !== undefined) list.push(value)
      else if (field?.repeated || name in values) {
        lists.set(name, name in values ? [values[name]!, value] : [value])
        values[name] = lists.get(name)!
      } else values[name] = value
    }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    budget.fault ??= `expected ${error.expected}, got ${error.got}, at byte ${error.offset}`
  }
  return values
}

function readValue(
  field: Field | undefined,
  cursor: Cursor,
  wireType: number,
  end: number,
  depth: number,
  budget: Budget,
): Value {
  const start = cursor.position
  if (wireType !== 2) {
    skipValue(cursor, wireType, end)
    return scalarOf(field, wireType, cursor.bytes.subarray(start, cursor.position))
  }
  const length = readLength(cursor, end)
  const valueEnd = cursor.position + length
  if (field?.message && depth < maxDepth) {
    const inner = readMessage(field.message, cursor, valueEnd, depth + 1, budget)
    cursor.position = valueEnd
    return inner
  }
  const bytes = cursor.bytes.subarray(cursor.position, valueEnd)
  cursor.position = valueEnd
  if (field?.kind === 'string') return textOf(bytes, budget)
  if (bytes.length > maxHexBytes) budget.isCut = true
  const hex = Buffer.from(bytes.subarray(0, maxHexBytes)).toString('hex')
  return field?.kind === 'bytes' && bytes.length <= maxHexBytes ? hex : `${bytes.length} bytes: ${hex}`
}

function textOf(bytes: Uint8Array, budget: Budget): string {
  // Four bytes a character at most: no text is decoded beyond what is shown.
  const text = Buffer.from(bytes.subarray(0, maxCharacters * 4)).toString('utf8')
  const characters = [...text]
  if (characters.length <= maxCharacters && bytes.length <= maxCharacters * 4) return text
  budget.isCut = true
  return `${characters.slice(0, maxCharacters).join('')}…`
}

function scalarOf(field: Field | undefined, wireType: number, bytes: Uint8Array): Value {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (wireType === 5) return view.getUint32(0, true)
  if (wireType === 1) {
    if (field?.kind === 'sfixed64') return String(view.getBigInt64(0, true))
    if (field?.kind !== 'double') return String(view.getBigUint64(0, true))
    const double = view.getFloat64(0, true)
    return Number.isFinite(double) ? double : String(double)
  }
  const value = varintOf(bytes)
  if (field?.kind === 'bool') return value !== 0n
  if (field?.kind === 'sint32') return String((value >> 1n) ^ -(value & 1n))
  const isSigned = field?.kind === 'int32' || field?.kind === 'int64' || field?.kind === 'enum'
  return String(isSigned ? BigInt.asIntN(64, value) : value)
}

/** @param bytes one varint and nothing else. */
function varintOf(bytes: Uint8Array): bigint {
  const cursor = { bytes, position: 0 }
  skipVarint(cursor, bytes.length)
  let value = 0n
  for (let at = bytes.length - 1; at >= 0; at--) value = (value << 7n) | BigInt(bytes[at]! & 0x7f)
  return BigInt.asUintN(64, value)
}
