/** How a field is written on the wire, in protobuf's own words. */
export type WireKind =
  | 'string'
  | 'bytes'
  | 'bool'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'sint32'
  | 'enum'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed64'
  | 'double'
  | 'message'

/** A trace id (16 bytes) or span id (8 bytes); `required` ones may not be empty. JSON writes them in hex. */
export type IdRule = { readonly bytes: 8 | 16; readonly required: boolean }

export type Field = {
  readonly number: number
  /** The lowerCamelCase name of OTLP/JSON. */
  readonly name: string
  readonly kind: WireKind
  readonly repeated: boolean
  /** Name of the oneof that the field belongs to, or null. */
  readonly oneof: string | null
  readonly wireType: WireType
  /** What a field of kind `message` holds, else null. */
  readonly message: Message | null
  readonly id: IdRule | null
  /** Whether a column of the tables is made of it; other fields are checked and then skipped by the reader. */
  readonly stored: boolean
}

/** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes; 3 and 4 are groups, which OTLP has none of. */
export type WireType = 0 | 1 | 2 | 5

/**
 * The numbers of the fields that say when an item was: a span's start and end, which `both` count; a record's time and,
 * where that is 0, when it was observed; a point's time, which stands for both.
 */
export type ItemTimes = { readonly first: number; readonly second: number; readonly both: boolean }

export type Message = {
  readonly name: string
  readonly fields: readonly Field[]
  /** Fields by their number; holes are unknown fields. No number is above 31. */
  readonly byNumber: readonly (Field | undefined)[]
  /** Bit n is set when the id in field n is required. */
  readonly requiredIds: number
  /** Set for what is counted, and dropped by its time: spans, log records, data points. */
  readonly item: ItemTimes | null
}

export const signals = ['traces', 'logs', 'metrics'] as const
export type Signal = (typeof signals)[number]

export const metricKinds = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const
export type MetricKind = (typeof metricKinds)[number]

type Row = Omit<Field, 'message' | 'wireType'> & { readonly of: string | null }

/** Options of a row: `S` stored, `R` repeated; `of` the nested message; `oneof`; `id`. */
type RowOptions = { readonly of?: string; readonly oneof?: string; readonly id?: IdRule }

function row(
  flags: '' | 'S' | 'R' | 'SR',
  number: number,
  name: string,
  kind: WireKind,
  options: RowOptions = {},
): Row {
  return {
    number,
    name,
    kind,
    repeated: flags.includes('R'),
    stored: flags.includes('S'),
    oneof: options.oneof ?? null,
    of: options.of ?? null,
    id: options.id ?? null,
  }
}

const traceId: IdRule = { bytes: 16, required: false }
const spanId: IdRule = { bytes: 8, required: false }

function message(flags: '' | 'S' | 'R' | 'SR', number: number, name: string, of: string, oneof?: string): Row {
  return row(flags, number, name, 'message', oneof === undefined ? { of } : { of, oneof })
}

/** Rows that many messages share. */
const attributes = (number: number): Row => message('SR', number, 'attributes', 'KeyValue')
const dropped = (number: number, name = 'droppedAttributesCount'): Row => row('', number, name, 'uint32')
const dataPoints = (of: string): Row => message('SR', 1, 'dataPoints', of)
const temporality: Row = row('S', 2, 'aggregationTemporality', 'enum')
const pointTimes: readonly Row[] = [row('S', 2, 'startTimeUnixNano', 'fixed64'), row('S', 3, 'timeUnixNano', 'fixed64')]
const resourceAndUrl: readonly Row[] = [message('S', 1, 'resource', 'Resource'), row('S', 3, 'schemaUrl', 'string')]
const scopeAndUrl: readonly Row[] = [
  message('S', 1, 'scope', 'InstrumentationScope'),
  row('S', 3, 'schemaUrl', 'string'),
]

/** OTLP 1.x, message by message. A field that is not named here is unknown: checked for its framing and skipped. */
const rows: Readonly<Record<string, readonly Row[]>> = {
  AnyValue: [
    row('S', 1, 'stringValue', 'string', { oneof: 'value' }),
    row('S', 2, 'boolValue', 'bool', { oneof: 'value' }),
    row('S', 3, 'intValue', 'int64', { oneof: 'value' }),
    row('S', 4, 'doubleValue', 'double', { oneof: 'value' }),
    message('', 5, 'arrayValue', 'ArrayValue', 'value'),
    message('', 6, 'kvlistValue', 'KeyValueList', 'value'),
    row('S', 7, 'bytesValue', 'bytes', { oneof: 'value' }),
  ],
  ArrayValue: [message('R', 1, 'values', 'AnyValue')],
  KeyValueList: [message('R', 1, 'values', 'KeyValue')],
  KeyValue: [row('S', 1, 'key', 'string'), message('S', 2, 'value', 'AnyValue')],
  Resource: [attributes(1), dropped(2), message('R', 3, 'entityRefs', 'EntityRef')],
  EntityRef: [
    row('', 1, 'schemaUrl', 'string'),
    row('', 2, 'type', 'string'),
    row('R', 3, 'idKeys', 'string'),
    row('R', 4, 'descriptionKeys', 'string'),
  ],
  InstrumentationScope: [
    row('S', 1, 'name', 'string'),
    row('S', 2, 'version', 'string'),
    attributes(3),
    row('S', 4, 'droppedAttributesCount', 'uint32'),
  ],

  ExportTraceServiceRequest: [message('SR', 1, 'resourceSpans', 'ResourceSpans')],
  ResourceSpans: [...resourceAndUrl, message('SR', 2, 'scopeSpans', 'ScopeSpans')],
  ScopeSpans: [...scopeAndUrl, message('SR', 2, 'spans', 'Span')],
  Span: [
    row('S', 1, 'traceId', 'bytes', { id: { bytes: 16, required: true } }),
    row('S', 2, 'spanId', 'bytes', { id: { bytes: 8, required: true } }),
    row('S', 3, 'traceState', 'string'),
    row('S', 4, 'parentSpanId', 'bytes', { id: spanId }),
    row('S', 5, 'name', 'string'),
    row('S', 6, 'kind', 'enum'),
    row('S', 7, 'startTimeUnixNano', 'fixed64'),
    row('S', 8, 'endTimeUnixNano', 'fixed64'),
    attributes(9),
    dropped(10),
    message('SR', 11, 'events', 'Event'),
    dropped(12, 'droppedEventsCount'),
    message('SR', 13, 'links', 'Link'),
    dropped(14, 'droppedLinksCount'),
    message('S', 15, 'status', 'Status'),
    row('', 16, 'flags', 'fixed32'),
  ],
  Event: [row('S', 1, 'timeUnixNano', 'fixed64'), row('S', 2, 'name', 'string'), attributes(3), dropped(4)],
  Link: [
    row('S', 1, 'traceId', 'bytes', { id: traceId }),
    row('S', 2, 'spanId', 'bytes', { id: spanId }),
    row('S', 3, 'traceState', 'string'),
    attributes(4),
    dropped(5),
    row('', 6, 'flags', 'fixed32'),
  ],
  Status: [row('S', 2, 'message', 'string'), row('S', 3, 'code', 'enum')],

  ExportLogsServiceRequest: [message('SR', 1, 'resourceLogs', 'ResourceLogs')],
  ResourceLogs: [...resourceAndUrl, message('SR', 2, 'scopeLogs', 'ScopeLogs')],
  ScopeLogs: [...scopeAndUrl, message('SR', 2, 'logRecords', 'LogRecord')],
  LogRecord: [
    row('S', 1, 'timeUnixNano', 'fixed64'),
    row('S', 2, 'severityNumber', 'enum'),
    row('S', 3, 'severityText', 'string'),
    message('S', 5, 'body', 'AnyValue'),
    attributes(6),
    dropped(7),
    row('S', 8, 'flags', 'fixed32'),
    row('S', 9, 'traceId', 'bytes', { id: traceId }),
    row('S', 10, 'spanId', 'bytes', { id: spanId }),
    row('S', 11, 'observedTimeUnixNano', 'fixed64'),
    row('S', 12, 'eventName', 'string'),
  ],

  ExportMetricsServiceRequest: [message('SR', 1, 'resourceMetrics', 'ResourceMetrics')],
  ResourceMetrics: [...resourceAndUrl, message('SR', 2, 'scopeMetrics', 'ScopeMetrics')],
  ScopeMetrics: [...scopeAndUrl, message('SR', 2, 'metrics', 'Metric')],
  Metric: [
    row('S', 1, 'name', 'string'),
    row('S', 2, 'description', 'string'),
    row('S', 3, 'unit', 'string'),
    message('S', 5, 'gauge', 'Gauge', 'data'),
    message('S', 7, 'sum', 'Sum', 'data'),
    message('S', 9, 'histogram', 'Histogram', 'data'),
    message('S', 10, 'exponentialHistogram', 'ExponentialHistogram', 'data'),
    message('S', 11, 'summary', 'Summary', 'data'),
    message('R', 12, 'metadata', 'KeyValue'),
  ],
  Gauge: [dataPoints('NumberDataPoint')],
  Sum: [dataPoints('NumberDataPoint'), temporality, row('S', 3, 'isMonotonic', 'bool')],
  Histogram: [dataPoints('HistogramDataPoint'), temporality],
  ExponentialHistogram: [dataPoints('ExponentialHistogramDataPoint'), temporality],
  Summary: [dataPoints('SummaryDataPoint')],
  NumberDataPoint: [
    ...pointTimes,
    row('S', 4, 'asDouble', 'double', { oneof: 'value' }),
    message('SR', 5, 'exemplars', 'Exemplar'),
    row('S', 6, 'asInt', 'sfixed64', { oneof: 'value' }),
    attributes(7),
    row('S', 8, 'flags', 'uint32'),
  ],
  HistogramDataPoint: [
    ...pointTimes,
    row('S', 4, 'count', 'fixed64'),
    row('S', 5, 'sum', 'double'),
    row('SR', 6, 'bucketCounts', 'fixed64'),
    row('SR', 7, 'explicitBounds', 'double'),
    message('SR', 8, 'exemplars', 'Exemplar'),
    attributes(9),
    row('S', 10, 'flags', 'uint32'),
    row('S', 11, 'min', 'double'),
    row('S', 12, 'max', 'double'),
  ],
  ExponentialHistogramDataPoint: [
    attributes(1),
    ...pointTimes,
    row('S', 4, 'count', 'fixed64'),
    row('S', 5, 'sum', 'double'),
    row('S', 6, 'scale', 'sint32'),
    row('S', 7, 'zeroCount', 'fixed64'),
    message('S', 8, 'positive', 'Buckets'),
    message('S', 9, 'negative', 'Buckets'),
    row('S', 10, 'flags', 'uint32'),
    message('SR', 11, 'exemplars', 'Exemplar'),
    row('S', 12, 'min', 'double'),
    row('S', 13, 'max', 'double'),
    row('', 14, 'zeroThreshold', 'double'),
  ],
  Buckets: [row('S', 1, 'offset', 'sint32'), row('SR', 2, 'bucketCounts', 'uint64')],
  SummaryDataPoint: [
    ...pointTimes,
    row('S', 4, 'count', 'fixed64'),
    row('S', 5, 'sum', 'double'),
    message('SR', 6, 'quantileValues', 'ValueAtQuantile'),
    attributes(7),
    row('S', 8, 'flags', 'uint32'),
  ],
  ValueAtQuantile: [row('S', 1, 'quantile', 'double'), row('S', 2, 'value', 'double')],
  Exemplar: [
    row('S', 2, 'timeUnixNano', 'fixed64'),
    row('S', 3, 'asDouble', 'double', { oneof: 'value' }),
    row('S', 4, 'spanId', 'bytes', { id: spanId }),
    row('S', 5, 'traceId', 'bytes', { id: traceId }),
    row('S', 6, 'asInt', 'sfixed64', { oneof: 'value' }),
    message('SR', 7, 'filteredAttributes', 'KeyValue'),
  ],
}

const itemTimes: Readonly<Record<string, ItemTimes>> = {
  Span: { first: 7, second: 8, both: true },
  LogRecord: { first: 1, second: 11, both: false },
  NumberDataPoint: { first: 3, second: 3, both: true },
  HistogramDataPoint: { first: 3, second: 3, both: true },
  ExponentialHistogramDataPoint: { first: 3, second: 3, both: true },
  SummaryDataPoint: { first: 3, second: 3, both: true },
}

function wireTypeOf(kind: WireKind): WireType {
  if (kind === 'message' || kind === 'string' || kind === 'bytes') return 2
  if (kind === 'fixed64' || kind === 'sfixed64' || kind === 'double') return 1
  return kind === 'fixed32' ? 5 : 0
}

type Draft = { -readonly [Key in keyof Message]: Message[Key] }

/** Turns names of nested messages into the messages themselves; AnyValue holds itself, so objects are made first. */
function resolve(): Readonly<Record<string, Message>> {
  const drafts: Record<string, Draft> = {}
  for (const name of Object.keys(rows)) {
    drafts[name] = { name, fields: [], byNumber: [], requiredIds: 0, item: itemTimes[name] ?? null }
  }
  for (const [name, list] of Object.entries(rows)) {
    const fields = list.map(
      ({ of, ...rest }): Field => ({
        ...rest,
        wireType: wireTypeOf(rest.kind),
        message: of === null ? null : drafts[of]!,
      }),
    )
    const byNumber: (Field | undefined)[] = new Array(Math.max(...fields.map((field) => field.number)) + 1).fill(
      undefined,
    )
    for (const field of fields) byNumber[field.number] = field
    const required = fields.filter((field) => field.id?.required)
    Object.assign(drafts[name]!, {
      fields,
      byNumber,
      requiredIds: required.reduce((mask, field) => mask | (1 << field.number), 0),
    })
  }
  return drafts
}

/** Every message of OTLP by its name in the .proto files. */
export const messages = resolve()

/** What the body of an export request holds, per signal. */
export const requests: Readonly<Record<Signal, Message>> = {
  traces: messages.ExportTraceServiceRequest!,
  logs: messages.ExportLogsServiceRequest!,
  metrics: messages.ExportMetricsServiceRequest!,
}
