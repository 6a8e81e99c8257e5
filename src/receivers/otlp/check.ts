import { anyValueJson } from './any-value-json.ts'
import type { BodyError, Checked, Rejection, RejectReason } from './checked.ts'
import { type Naming, pathText, type Step } from './field-path.ts'
import { type Field, type ItemTimes, type Message, type MetricKind, messages, requests, type Signal } from './schema.ts'
import { type Edit, splice, varint } from './splice.ts'
import { isInside, isLater, isZero, type Limits, type TimeWindow, timeText, timeWindow } from './time-window.ts'
import { type Cursor, Malformed, readLength, readTag, skipBytes, skipValue, skipVarint } from './wire.ts'

/** How deep AnyValues may hold each other. */
export const maxDepth = 64

/** Bytes of one array or list at most: its JSON may be six times as long and has to fit into one string of V8's. */
const maxNestedBytes = 16 * 2 ** 20

const nothing = new Uint8Array(0)
const stringValueTag = Uint8Array.of((1 << 3) | 2)
const anyValue = messages.AnyValue!
const metric = messages.Metric!

type Walk = Cursor & {
  readonly view: DataView
  readonly window: TimeWindow
  readonly root: Message
  readonly naming: Naming
  /** The messages around the position, outermost first; only the first `level` of them count. */
  readonly steps: Step[]
  level: number
  /** The field at the position. Its step is made only when there is a fault to tell. */
  leaf: Field | null
  leafTag: number
  leafParent: number
  readonly edits: Edit[]
  readonly rejected: Map<RejectReason, { -readonly [Key in keyof Rejection]: Rejection[Key] }>
  readonly kinds: Map<MetricKind, number>
  /** The kind of the metric whose points are being walked. */
  kind: MetricKind | null
  /** AnyValues around the position. */
  depth: number
  /** Whether the item that was walked last is left out. */
  leavesOut: boolean
  items: number
  negativeDurations: number
  nonFinite: number
}

/**
 * Walks a protobuf body to its full depth, so that whatever passes can be given to ClickHouse: wire types, lengths,
 * packed lengths, varints, no groups, nothing twice that may be there once, sizes of ids, depth of AnyValues. In the
 * same pass items outside the time window are cut out, and arrays and lists inside attributes and log bodies become
 * strings of JSON. Bytes that need neither come back as they are.
 */
export function check(signal: Signal, body: Uint8Array, limits: Limits, naming: Naming = 'proto'): Checked {
  const walk = startWalk(signal, body, limits, naming)
  try {
    walkMessage(walk, walk.root, body.length)
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, error: describe(walk, error) }
    throw error
  }
  return {
    ok: true,
    body: walk.edits.length === 0 ? body : splice(body, walk.edits),
    items: walk.items,
    rejected: [...walk.rejected.values()],
    negativeDurations: walk.negativeDurations,
    nonFinite: walk.nonFinite,
    kinds: walk.kinds,
  }
}

function startWalk(signal: Signal, body: Uint8Array, limits: Limits, naming: Naming): Walk {
  return {
    bytes: body,
    position: 0,
    view: new DataView(body.buffer, body.byteOffset, body.byteLength),
    window: timeWindow(limits),
    root: requests[signal],
    naming,
    steps: [],
    level: 0,
    leaf: null,
    leafTag: 0,
    leafParent: 0,
    edits: [],
    rejected: new Map(),
    kinds: new Map(),
    kind: null,
    depth: 0,
    leavesOut: false,
    items: 0,
    negativeDurations: 0,
    nonFinite: 0,
  }
}

function pathOf(walk: Walk): string {
  const steps = walk.steps.slice(0, walk.level)
  if (walk.leaf !== null) steps.push({ field: walk.leaf, parent: walk.leafParent, tag: walk.leafTag })
  return pathText(walk.bytes, steps, walk.root, walk.naming)
}

function describe(walk: Walk, fault: Malformed): BodyError {
  const offset = walk.naming === 'proto' ? fault.offset : null
  return { where: pathOf(walk), offset, expected: fault.expected, got: fault.got }
}

/** Walks one message up to `end`. Returns by how many bytes the edits inside it change its length. */
function walkMessage(walk: Walk, message: Message, end: number): number {
  const { byNumber, item } = message
  const start = walk.position
  let delta = 0
  let seen = 0
  let member: Field | null = null
  let hasUnknown = false
  let first = -1
  let second = -1
  let isNonFinite = false
  while (walk.position < end) {
    const tagAt = walk.position
    walk.leaf = null
    const tag = readTag(walk, end)
    const number = tag >>> 3
    const field = number < byNumber.length ? byNumber[number] : undefined
    if (field === undefined) {
      skipValue(walk, tag & 7, end)
      hasUnknown = true
      continue
    }
    walk.leaf = field
    walk.leafTag = tagAt
    walk.leafParent = start
    if (!field.repeated) {
      // Protobuf would merge or let the last one win; readers differ in it, and no sender does it.
      if ((seen & (1 << number)) !== 0) throw new Malformed(tagAt, 'this field at most once', 'it twice')
      seen |= 1 << number
    }
    if (field.oneof !== null) {
      if (member !== null)
        throw new Malformed(tagAt, `one member of ${field.oneof} at most`, `${member.name} before it`)
      member = field
    }
    const valueAt = walk.position
    delta += walkField(walk, field, tag & 7, tagAt, start, end)
    if (item !== null && field.wireType === 1 && !field.repeated) {
      if (number === item.first) first = valueAt
      if (number === item.second) second = valueAt
      if (field.kind === 'double') isNonFinite ||= isNonFiniteAt(walk.bytes, valueAt)
    }
  }
  if ((seen & message.requiredIds) !== message.requiredIds) throw missingId(walk, message, seen, start)
  if (item !== null) judgeItem(walk, item, first, second, isNonFinite)
  if (message === anyValue && walk.depth === 1 && member?.message) return replaceByJson(walk, start, end)
  if (message === metric && member === null && hasUnknown) {
    reject(walk, 'unknown-metric-kind', () => `${pathOf(walk)} is of a kind that this version does not know`)
  }
  return delta
}

/** Walks the value of a known field. Returns by how many bytes the edits inside it change the field's length. */
function walkField(walk: Walk, field: Field, wireType: number, tagAt: number, parent: number, end: number): number {
  if (wireType !== field.wireType) {
    if (wireType !== 2 || !field.repeated) {
      throw new Malformed(tagAt, `wire type ${field.wireType} (${field.kind})`, `wire type ${wireType}`)
    }
    walkPacked(walk, field, end)
    return 0
  }
  if (field.message !== null) return walkNested(walk, field, field.message, tagAt, parent, end)
  const { id } = field
  if (id === null) {
    skipValue(walk, wireType, end)
    return 0
  }
  const length = readLength(walk, end)
  if (length !== id.bytes && (length !== 0 || id.required)) {
    throw new Malformed(tagAt, `${id.bytes} bytes${id.required ? '' : ' or none'}`, `${length} bytes`)
  }
  walk.position += length
  return 0
}

/** Numbers one after the other, without tags. */
function walkPacked(walk: Walk, field: Field, end: number): void {
  const length = readLength(walk, end)
  const packedEnd = walk.position + length
  if (field.wireType === 0) {
    while (walk.position < packedEnd) skipVarint(walk, packedEnd)
    return
  }
  const size = field.wireType === 1 ? 8 : 4
  if (length % size !== 0) throw new Malformed(walk.position, `a multiple of ${size} bytes`, `${length} bytes`)
  skipBytes(walk, length, end)
}

function walkNested(walk: Walk, field: Field, message: Message, tagAt: number, parent: number, end: number): number {
  const lengthAt = walk.position
  const length = readLength(walk, end)
  const contentAt = walk.position
  const editsBefore = walk.edits.length
  const isAnyValue = message === anyValue
  if (isAnyValue && walk.depth++ === maxDepth) {
    throw new Malformed(tagAt, `at most ${maxDepth} values inside each other`, 'one more')
  }
  if (field.oneof === 'data') walk.kind = field.name as MetricKind
  enter(walk, field, parent, tagAt)
  const delta = walkMessage(walk, message, contentAt + length)
  walk.level--
  if (isAnyValue) walk.depth--
  if (message.item !== null && walk.leavesOut) {
    walk.edits.length = editsBefore
    walk.edits.push({ start: tagAt, end: walk.position, bytes: nothing })
    return tagAt - walk.position
  }
  if (walk.edits.length === editsBefore) return 0
  const bytes = varint(length + delta)
  walk.edits.push({ start: lengthAt, end: contentAt, bytes })
  return delta + bytes.length - (contentAt - lengthAt)
}

function enter(walk: Walk, field: Field, parent: number, tag: number): void {
  const step = walk.steps[walk.level]
  if (step === undefined) walk.steps.push({ field, parent, tag })
  else {
    step.field = field
    step.parent = parent
    step.tag = tag
  }
  walk.level++
  walk.leaf = null
}

/** The content of an AnyValue from `start` to `end` becomes a string of JSON. */
function replaceByJson(walk: Walk, start: number, end: number): number {
  if (end - start > maxNestedBytes) {
    walk.leaf = null
    throw new Malformed(start, `an array or list of at most ${maxNestedBytes} bytes`, `${end - start} bytes`)
  }
  const text = Buffer.from(anyValueJson(walk.bytes, start, end), 'utf8')
  const bytes = Buffer.concat([stringValueTag, varint(text.length), text])
  walk.edits.push({ start, end, bytes })
  return bytes.length - (end - start)
}

/** Counts an item, or leaves it out for its times; -1 stands for a time that is absent. */
function judgeItem(walk: Walk, item: ItemTimes, first: number, second: number, isNonFinite: boolean): void {
  const { view, window } = walk
  const isTaken = item.both
    ? isInside(window, view, first) && isInside(window, view, second)
    : isInside(window, view, isZero(view, first) ? second : first)
  walk.leavesOut = !isTaken
  if (!isTaken) {
    reject(walk, 'timestamp-out-of-window', () => {
      const times = item.first === item.second ? [first] : [first, second]
      const text = times.map((at) => timeText(view, at)).join(' and ')
      return `${pathOf(walk)} has the time ${text}; taken is ${window.text}`
    })
    return
  }
  walk.items++
  if (isNonFinite) walk.nonFinite++
  if (walk.kind !== null) walk.kinds.set(walk.kind, (walk.kinds.get(walk.kind) ?? 0) + 1)
  if (item.both && isLater(view, first, second)) walk.negativeDurations++
}

function reject(walk: Walk, reason: RejectReason, example: () => string): void {
  const known = walk.rejected.get(reason)
  if (known !== undefined) known.count++
  else {
    walk.leaf = null
    walk.rejected.set(reason, { reason, count: 1, example: example() })
  }
}

function missingId(walk: Walk, message: Message, seen: number, start: number): Malformed {
  walk.leaf = message.fields.find((field) => field.id?.required && (seen & (1 << field.number)) === 0) ?? null
  walk.leafTag = walk.position
  walk.leafParent = start
  return new Malformed(walk.position, `${walk.leaf?.id?.bytes} bytes`, 'nothing')
}

/** The bits of a double's exponent are all set in NaN and the infinities. */
function isNonFiniteAt(bytes: Uint8Array, at: number): boolean {
  return (bytes[at + 7]! & 0x7f) === 0x7f && (bytes[at + 6]! & 0xf0) === 0xf0
}
