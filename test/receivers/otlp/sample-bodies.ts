import { at, encode, type Json } from './codec.ts'

const kv = (key: string, value: Json): Json => ({ key, value })

/** One attribute of every kind; the last three are the ones that readers tend to lose. */
export const everyKind: readonly Json[] = [
  kv('string', { stringValue: 'läuft "gut"\n' }),
  kv('int', { intValue: '-42' }),
  kv('huge', { intValue: '9223372036854775807' }),
  kv('double', { doubleValue: 0.1 }),
  kv('true', { boolValue: true }),
  kv('bytes', { bytesValue: Buffer.from([0, 1, 254, 255]) }),
  kv('nothing', {}),
  kv('zero', { intValue: '0' }),
  kv('false', { boolValue: false }),
  kv('empty', { stringValue: '' }),
]

/** What {@link everyKind} becomes in a column. */
export const everyKindStored: Readonly<Record<string, string>> = {
  string: 'läuft "gut"\n',
  int: '-42',
  huge: '9223372036854775807',
  double: '0.1',
  true: 'true',
  bytes: 'AAH+/w==',
  nothing: '',
  zero: '0',
  false: 'false',
  empty: '',
}

export const nestedValue: Json = {
  kvlistValue: {
    values: [
      kv('list', {
        arrayValue: {
          values: [
            { intValue: '9007199254740993' },
            { intValue: '-7' },
            { doubleValue: Number.NaN },
            { doubleValue: 1.5 },
            { boolValue: false },
            { bytesValue: Buffer.from([255]) },
            {},
            { stringValue: 'q"\n' },
            { arrayValue: {} },
          ],
        },
      }),
      kv('map', { kvlistValue: { values: [kv('k', { stringValue: 'v' }), kv('k', { intValue: '2' })] } }),
    ],
  },
}

/** What {@link nestedValue} becomes: integers beyond 2^53 as strings, bytes in base64, NaN as null, duplicates kept. */
export const nestedStored =
  '{"list":["9007199254740993",-7,null,1.5,false,"/w==",null,"q\\"\\n",[]],"map":{"k":"v","k":2}}'

const resource: Json = {
  attributes: [kv('service.name', { stringValue: 'checkout' }), kv('nested', nestedValue)],
}

const scope: Json = {
  name: 'lib',
  version: '1.0',
  attributes: [kv('s', { stringValue: 'scope' })],
  droppedAttributesCount: 3,
}

export const traceId = Buffer.from('0af7651916cd43dd8448eb211c80319c', 'hex')
export const spanId = Buffer.from('b7ad6b7169203331', 'hex')
export const parentId = Buffer.from('00f067aa0ba902b7', 'hex')

export const span = (nowMs: number, more: Json = {}): Json => ({
  traceId,
  spanId,
  name: 'POST /pay',
  kind: 2,
  startTimeUnixNano: at(nowMs, 123_456_789),
  endTimeUnixNano: at(nowMs, 223_456_790),
  ...more,
})

export const fullSpan = (nowMs: number): Json =>
  span(nowMs, {
    traceState: 'a=1',
    parentSpanId: parentId,
    attributes: everyKind,
    events: [{ timeUnixNano: at(nowMs, 1), name: 'exception', attributes: [kv('n', nestedValue)] }, { name: 'bare' }],
    links: [{ traceId, spanId: parentId, traceState: 'b=2', attributes: [kv('l', { intValue: '0' })] }, {}],
    status: { code: 2, message: 'declined' },
    flags: 257,
    droppedEventsCount: 1,
  })

export function tracesOf(spans: readonly Json[]): Uint8Array {
  return encode('traces', { resourceSpans: [{ resource, scopeSpans: [{ scope, spans }] }] })
}

export const record = (nowMs: number, more: Json = {}): Json => ({ timeUnixNano: at(nowMs, 7), ...more })

export const fullRecord = (nowMs: number): Json =>
  record(nowMs, {
    observedTimeUnixNano: at(nowMs, 9),
    severityNumber: 17,
    severityText: 'ERROR',
    body: nestedValue,
    attributes: everyKind,
    flags: 0x1_01,
    traceId,
    spanId,
    eventName: 'payment.failed',
  })

export function logsOf(logRecords: readonly Json[]): Uint8Array {
  return encode('logs', {
    resourceLogs: [{ resource, schemaUrl: 'res://1', scopeLogs: [{ scope, schemaUrl: 'scope://1', logRecords }] }],
  })
}

const exemplar = (nowMs: number, value: Json): Json => ({
  timeUnixNano: at(nowMs, 2),
  spanId,
  traceId,
  filteredAttributes: everyKind,
  ...value,
})

export const point = (nowMs: number, more: Json): Json => ({
  startTimeUnixNano: at(nowMs - 60_000),
  timeUnixNano: at(nowMs, 5),
  attributes: everyKind,
  flags: 1,
  ...more,
})

/** One metric of each kind; the values of numbers are an integer, a double and nothing. */
export function fullMetrics(nowMs: number): readonly Json[] {
  const exemplars = [exemplar(nowMs, { asInt: '-5' }), exemplar(nowMs, { asDouble: 2.5 })]
  const distribution = { count: '7', sum: 12.5, min: -1, max: 9 }
  return [
    {
      name: 'gauge',
      description: 'a gauge',
      unit: 'Cel',
      metadata: [kv('m', nestedValue)],
      gauge: {
        dataPoints: [point(nowMs, { asInt: '-3', exemplars }), point(nowMs, { asDouble: 0.25 }), point(nowMs, {})],
      },
    },
    {
      name: 'sum',
      sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [point(nowMs, { asInt: '11', exemplars })] },
    },
    {
      name: 'histogram',
      histogram: {
        aggregationTemporality: 1,
        dataPoints: [
          point(nowMs, { ...distribution, bucketCounts: ['1', '2', '4'], explicitBounds: [0.5, 10], exemplars }),
        ],
      },
    },
    {
      name: 'exponential',
      exponentialHistogram: {
        aggregationTemporality: 2,
        dataPoints: [
          point(nowMs, {
            ...distribution,
            scale: -3,
            zeroCount: '2',
            positive: { offset: -80, bucketCounts: ['1', '0', '300'] },
            negative: { offset: 4, bucketCounts: ['1'] },
            exemplars,
          }),
        ],
      },
    },
    {
      name: 'summary',
      summary: {
        dataPoints: [
          point(nowMs, {
            count: '7',
            sum: 12.5,
            quantileValues: [
              { quantile: 0.5, value: 1 },
              { quantile: 0.99, value: 8 },
            ],
          }),
        ],
      },
    },
  ]
}

export function metricsOf(metrics: readonly Json[]): Uint8Array {
  return encode('metrics', {
    resourceMetrics: [{ resource, schemaUrl: 'res://1', scopeMetrics: [{ scope, schemaUrl: 'scope://1', metrics }] }],
  })
}
