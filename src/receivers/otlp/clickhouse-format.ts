import type { Field, Message, WireKind } from './schema.ts'

/**
 * ClickHouse reads integers by the wire and then refuses what does not fit the column. So each is declared as the widest
 * of its wire type, and no value that a sender may write can fail an INSERT.
 */
const typesByKind: Readonly<Record<Exclude<WireKind, 'message'>, readonly [proto: string, column: string]>> = {
  string: ['string', 'String'],
  bytes: ['bytes', 'String'],
  bool: ['uint64', 'UInt64'],
  int32: ['int64', 'Int64'],
  int64: ['int64', 'Int64'],
  uint32: ['uint64', 'UInt64'],
  uint64: ['uint64', 'UInt64'],
  sint32: ['sint64', 'Int64'],
  enum: ['int64', 'Int64'],
  fixed32: ['fixed32', 'UInt32'],
  fixed64: ['fixed64', 'UInt64'],
  sfixed64: ['sfixed64', 'Int64'],
  double: ['double', 'Float64'],
}

/** Fields that a statement leaves out, as 'Message.field'. */
export type Omitted = ReadonlySet<string>

/** AnyValue is the only message whose oneof must tell 0, false and '' from nothing. */
const withPresence = 'AnyValue'

function storedFields(message: Message, omitted: Omitted): readonly Field[] {
  return message.fields.filter((field) => field.stored && !omitted.has(`${message.name}.${field.name}`))
}

/**
 * The columns of a message as ClickHouse's `structure`: names as in OTLP/JSON, nested messages as tuples, and for
 * AnyValue an Enum `value` that says which member is set ('' for none; needs input_format_protobuf_oneof_presence).
 */
export function structureOf(message: Message, omitted: Omitted): string {
  const fields = storedFields(message, omitted)
  const columns = fields.map((field) => {
    const type =
      field.message === null
        ? typesByKind[field.kind as keyof typeof typesByKind][1]
        : `Tuple(${structureOf(field.message, omitted)})`
    return `${field.name} ${field.repeated ? `Array(${type})` : type}`
  })
  if (message.name === withPresence) {
    const members = fields.map((field) => `'${field.name}' = ${field.number}`)
    columns.push(`value Enum8('' = 0, ${members.join(', ')})`)
  }
  return columns.join(', ')
}

/** `root` and what it holds as a .proto text. Numbers and wire types are OTLP's; what is not stored is left out. */
export function protoOf(root: Message, omitted: Omitted): string {
  const texts = new Map<string, string>()
  const visit = (message: Message): void => {
    if (texts.has(message.name)) return
    texts.set(message.name, '')
    const fields = storedFields(message, omitted)
    const lines = fields.map((field) => {
      if (field.message !== null) visit(field.message)
      const type = field.message?.name ?? typesByKind[field.kind as keyof typeof typesByKind][0]
      return `${field.repeated ? 'repeated ' : ''}${type} ${field.name} = ${field.number};`
    })
    const body = message.name === withPresence ? `oneof value { ${lines.join(' ')} }` : lines.join(' ')
    texts.set(message.name, `message ${message.name} { ${body} }`)
  }
  visit(root)
  return `syntax = "proto3"; ${[...texts.values()].join(' ')}`
}
