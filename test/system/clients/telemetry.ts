/** An attribute, or a log's body, as a client is told to send it, and the text that Davy's tables hold for it. */
export type Attribute = {
  readonly key: string
  readonly type: 'string' | 'bool' | 'int' | 'double' | 'strings' | 'bools' | 'ints' | 'doubles' | 'bytes' | 'any'
  /** Integers are in quotes; `bytes` in base64; `any` holds JSON: objects, mixed arrays, null, or nothing at all. */
  readonly value: unknown
  readonly text: string
  /** Numbers that JavaScript cannot hold, so its SDK is not asked to send them. */
  readonly isBeyondDouble?: true
  /** Values that only some SDKs take for spans; for logs all of them do. */
  readonly isStructured?: true
}

type Event = { readonly name: string; readonly time: string; readonly attributes: readonly Attribute[] }
type Link = {
  readonly traceId: string
  readonly spanId: string
  readonly traceState: string
  readonly attributes: readonly Attribute[]
}

/** Times are Unix nanoseconds in quotes. */
export type Span = {
  readonly name: string
  readonly kind: 'Internal' | 'Server' | 'Client' | 'Producer' | 'Consumer'
  /** Of the remote parent, of the first span, or of nobody. */
  readonly parent: 'remote' | 'first' | 'none'
  readonly start: string
  readonly end: string
  readonly status: 'Unset' | 'Ok' | 'Error'
  readonly message: string
  readonly attributes: readonly Attribute[]
  readonly events: readonly Event[]
  readonly links: readonly Link[]
}

export type Log = {
  readonly time: string
  readonly severityNumber: number
  readonly severityText: string
  readonly eventName: string
  readonly body: Attribute
  readonly attributes: readonly Attribute[]
  /** Whether it is written while the first span is the current one. */
  readonly inSpan: boolean
}

export type Instrument = {
  readonly name: string
  readonly kind: 'counter' | 'upDownCounter' | 'gauge' | 'histogram' | 'exponentialHistogram'
  readonly number: 'int' | 'double'
  readonly description: string
  readonly unit: string
  readonly bounds: readonly number[]
  /** Every value is measured within the first span. */
  readonly values: readonly { readonly value: number; readonly attributes: readonly Attribute[] }[]
}

/** What one client sends in one run. */
export type Telemetry = {
  readonly resource: readonly Attribute[]
  readonly scope: { readonly name: string; readonly version: string; readonly schemaUrl: string }
  /** W3C trace context of the first span's parent. */
  readonly traceparent: string
  readonly tracestate: string
  readonly spans: readonly Span[]
  readonly logs: readonly Log[]
  readonly instruments: readonly Instrument[]
}

const string = (key: string, value: string): Attribute => ({ key, type: 'string', value, text: value })

/** Every type of value that an attribute of a span may have, at the edges of what it can hold. */
const attributes: readonly Attribute[] = [
  string('plain', 'GET'),
  string('empty', ''),
  string('unicode.ключ-鍵', 'zażółć "gęślą" \\ jaźń\n\n\t🚀 \u{1F469}\u200D\u{1F4BB}'),
  { key: 'yes', type: 'bool', value: true, text: 'true' },
  { key: 'no', type: 'bool', value: false, text: 'false' },
  { key: 'zero', type: 'int', value: '0', text: '0' },
  { key: 'negative', type: 'int', value: '-42', text: '-42' },
  { key: 'exact', type: 'int', value: '9007199254740993', text: '9007199254740993', isBeyondDouble: true },
  { key: 'largest', type: 'int', value: '9223372036854775807', text: '9223372036854775807', isBeyondDouble: true },
  { key: 'smallest', type: 'int', value: '-9223372036854775808', text: '-9223372036854775808', isBeyondDouble: true },
  { key: 'tenth', type: 'double', value: 0.1, text: '0.1' },
  { key: 'huge', type: 'double', value: 1.7976931348623157e308, text: '1.7976931348623157e308' },
  { key: 'tiny', type: 'double', value: -5e-324, text: '-5e-324' },
  { key: 'strings', type: 'strings', value: ['a', '', 'ü"\n'], text: '["a","","ü\\"\\n"]' },
  { key: 'bools', type: 'bools', value: [true, false], text: '[true,false]' },
  { key: 'ints', type: 'ints', value: ['-1', '0', '4294967296'], text: '[-1,0,4294967296]' },
  { key: 'doubles', type: 'doubles', value: [0.5, -2.25, 1e21], text: '[0.5,-2.25,1e+21]' },
  {
    key: 'exacts',
    type: 'ints',
    value: ['1', '9007199254740993'],
    text: '[1,"9007199254740993"]',
    isBeyondDouble: true,
  },
  { key: 'nothing.in.it', type: 'strings', value: [], text: '[]' },
]

/** What only logs may carry, in bodies and in attributes. */
const structured: readonly Attribute[] = [
  { key: 'bytes', type: 'bytes', value: 'AAH+/w==', text: 'AAH+/w==' },
  {
    key: 'map',
    type: 'any',
    value: { a: { b: { c: ['deep', { d: 'ü' }] } }, empty: {} },
    text: '{"a":{"b":{"c":["deep",{"d":"ü"}]}},"empty":{}}',
  },
  { key: 'mixed', type: 'any', value: ['x', true, null, 0.5, ['y', []]], text: '["x",true,null,0.5,["y",[]]]' },
]

const onSpans: readonly Attribute[] = structured.map((one) => ({ ...one, isStructured: true }))

const route = (text: string): Attribute => string('http.route', text)

function span(name: string, at: (ms: number) => string, changes: Partial<Span>): Span {
  return {
    name,
    kind: 'Internal',
    parent: 'first',
    start: at(10),
    end: at(20),
    status: 'Unset',
    message: '',
    attributes: [],
    events: [],
    links: [],
    ...changes,
  }
}

function log(time: string, body: Attribute, changes: Partial<Log> = {}): Log {
  return {
    time,
    severityNumber: 9,
    severityText: 'INFO',
    eventName: '',
    body,
    attributes: [],
    inSpan: false,
    ...changes,
  }
}

const byRoute = (values: readonly number[], text: string) =>
  values.map((value) => ({
    value,
    attributes: [route(text), { key: 'retry', type: 'bool', value: true, text: 'true' }] as const,
  }))

const instruments: readonly Instrument[] = [
  {
    name: 'orders',
    kind: 'counter',
    number: 'int',
    description: 'Orders – all of them',
    unit: '{order}',
    bounds: [],
    values: [...byRoute([3, 4], '/pay'), ...byRoute([35], '/größe'), { value: 1, attributes: [] }],
  },
  {
    name: 'weight',
    kind: 'counter',
    number: 'double',
    description: '',
    unit: 'kg',
    bounds: [],
    values: byRoute([0.1, 0.2], '/pay'),
  },
  {
    name: 'queue',
    kind: 'upDownCounter',
    number: 'int',
    description: '',
    unit: '',
    bounds: [],
    values: byRoute([5, -12], '/q'),
  },
  {
    name: 'balance',
    kind: 'upDownCounter',
    number: 'double',
    description: '',
    unit: '',
    bounds: [],
    values: byRoute([-2.5], ''),
  },
  {
    name: 'temperature',
    kind: 'gauge',
    number: 'double',
    description: '',
    unit: 'Cel',
    bounds: [],
    values: byRoute([21.5, -3.25], '/t'),
  },
  {
    name: 'threads',
    kind: 'gauge',
    number: 'int',
    description: '',
    unit: '',
    bounds: [],
    values: byRoute([4294967297], '/t'),
  },
  {
    name: 'latency',
    kind: 'histogram',
    number: 'double',
    description: 'with bounds of its own',
    unit: 's',
    bounds: [0, 0.25, 10, 100.5],
    values: [...byRoute([0.25, 0.3, 10, 11, 1e6], '/pay'), ...byRoute([0], '/größe')],
  },
  {
    name: 'size',
    kind: 'exponentialHistogram',
    number: 'double',
    description: '',
    unit: 'By',
    bounds: [],
    values: byRoute([0, 0.001, 1, 1, 1024, 1e9], '/pay'),
  },
]

/**
 * The same distinctive set for every client.
 * @param service no other run has it.
 * @param nowMs Unix milliseconds; everything happened in the minute before.
 */
export function telemetry(service: string, nowMs: number): Telemetry {
  const base = BigInt(nowMs - 60_000) * 1_000_000n + 123_457n
  const at = (ms: number): string => String(base + BigInt(ms) * 1_000_000n)
  const link: Link = {
    traceId: 'c0ffee00c0ffee00c0ffee00c0ffee01',
    spanId: 'c0ffee00c0ffee01',
    traceState: 'other=link-1',
    attributes: [string('why', 'retry of “that”'), { key: 'n', type: 'int', value: '2', text: '2' }],
  }
  const spans: readonly Span[] = [
    span('POST /größe/{id} 🚀', at, {
      kind: 'Server',
      parent: 'remote',
      start: at(0),
      end: String(BigInt(at(1000)) + 1n),
      status: 'Error',
      message: 'Zahlung „abgelehnt“',
      attributes: [...attributes, ...onSpans],
      events: [
        { name: 'exception', time: at(5), attributes: [...attributes] },
        { name: '', time: at(6), attributes: [] },
      ],
      links: [link, { ...link, spanId: 'c0ffee00c0ffee02', traceState: '', attributes: [] }],
    }),
    span('SELECT', at, { kind: 'Client', status: 'Ok', start: at(9), end: at(9) }),
    span('orders send', at, { kind: 'Producer', attributes: [string('messaging.system', 'kafka')] }),
    span('orders process', at, { kind: 'Consumer', start: at(20), end: at(21), parent: 'none' }),
    span('', at, { start: at(30), end: at(31) }),
  ]
  const logs: readonly Log[] = [
    log(at(100), string('', 'plain “text”\n\nwith an empty line 🚀'), {
      inSpan: true,
      attributes: [...attributes, ...structured],
    }),
    log(at(101), structured[1]!, {
      severityNumber: 17,
      severityText: 'ERROR',
      eventName: 'payment.declined',
      inSpan: true,
    }),
    log(at(102), structured[2]!, { severityNumber: 24, severityText: 'FATAL4' }),
    log(at(103), structured[0]!, { severityNumber: 1, severityText: '' }),
    log(at(104), { key: '', type: 'double', value: 0.1, text: '0.1' }),
    log(at(105), { key: '', type: 'bool', value: false, text: 'false' }),
    log(at(106), { key: '', type: 'int', value: '9007199254740993', text: '9007199254740993', isBeyondDouble: true }),
    log(at(107), string('', ''), { severityNumber: 0, severityText: '' }),
  ]
  return {
    resource: [string('service.name', service), string('service.version', '4.2.0-rc.1+ü'), ...attributes],
    scope: { name: 'davy.test/größe', version: '1.2.3-beta', schemaUrl: 'https://opentelemetry.io/schemas/1.30.0' },
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: 'vendor=a:1,other@system=b',
    spans,
    logs,
    instruments,
  }
}
