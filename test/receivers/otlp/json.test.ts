import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { encodeJson } from '../../../src/receivers/otlp/json.ts'
import { type Signal, signals } from '../../../src/receivers/otlp/schema.ts'
import { at, decode, encode, type Json } from './codec.ts'
import { type SdkBody, sdkBodies } from './sdk-bodies.ts'

function encoded(signal: Signal, text: string): Uint8Array {
  const result = encodeJson(signal, text)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.body
}

function refusal(signal: Signal, value: unknown) {
  const result = encodeJson(signal, typeof value === 'string' ? value : JSON.stringify(value))
  if (result.ok) throw new Error('accepted')
  return result.error
}

const attributesOf = (values: string): string =>
  `{"resourceLogs":[{"resource":{"attributes":[{"key":"k","value":${values}}]}}]}`

describe('bodies of the OpenTelemetry SDK', () => {
  let bodies: Readonly<Record<Signal, SdkBody>>
  beforeAll(async () => {
    bodies = await sdkBodies(Date.now())
  })

  test.each(signals)('%s say the same in JSON and in protobuf', (signal) => {
    const json = encoded(signal, Buffer.from(bodies[signal].json).toString('utf8'))
    const fromProtobuf = decode(signal, bodies[signal].protobuf)
    expect(decode(signal, json)).toEqual(fromProtobuf)
    expect(JSON.stringify(fromProtobuf)).toContain('checkout')
  })
})

describe('the specification', () => {
  const request = {
    resourceMetrics: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'cart' } }], droppedAttributesCount: 2 },
        schemaUrl: 'https://example.test/1',
        scopeMetrics: [
          {
            scope: {
              name: 'own',
              attributes: [{ key: 'a', value: { arrayValue: { values: [{ boolValue: false }] } } }],
            },
            metrics: [
              {
                name: 'queue.size',
                unit: '{item}',
                gauge: {
                  dataPoints: [
                    { asInt: '-9223372036854775808', timeUnixNano: '1795255200000000001', flags: 1 },
                    {
                      asDouble: 'NaN',
                      timeUnixNano: 1795255200,
                      exemplars: [{ asDouble: '-Infinity', spanId: 'B7AD6B7169203331' }],
                    },
                    { asDouble: 3, timeUnixNano: '0' },
                  ],
                },
              },
              {
                name: 'sizes',
                exponentialHistogram: {
                  aggregationTemporality: 2,
                  dataPoints: [{ scale: -2, count: 3, positive: { offset: -7, bucketCounts: ['1', 2] }, sum: '1.5e3' }],
                },
              },
            ],
          },
        ],
      },
    ],
    unknownName: { deep: [1, { a: null }] },
  }

  test('is kept for every kind of number, for ids, and for names that are not known', () => {
    const [rm] = decode('metrics', encoded('metrics', JSON.stringify(request))).resourceMetrics as Json[]
    expect(rm).toMatchObject({ schemaUrl: 'https://example.test/1', resource: { droppedAttributesCount: 2 } })
    const [gauge, exponential] = (rm!.scopeMetrics as { metrics: Json[] }[])[0]!.metrics
    expect((gauge!.gauge as Json).dataPoints).toMatchObject([
      { asInt: '-9223372036854775808', timeUnixNano: '1795255200000000001', flags: 1 },
      {
        asDouble: Number.NaN,
        timeUnixNano: '1795255200',
        exemplars: [{ asDouble: -Infinity, spanId: Buffer.from('b7ad6b7169203331', 'hex').toString('base64') }],
      },
      { asDouble: 3, timeUnixNano: '0' },
    ])
    expect((exponential!.exponentialHistogram as Json).dataPoints).toMatchObject([
      { scale: -2, count: '3', sum: 1500, positive: { offset: -7, bucketCounts: ['1', '2'] } },
    ])
  })

  test('lets integers of 64 bits come without quotes, and keeps each digit of them', () => {
    const text = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano": 1795255200000000123}]}]}]}'
    expect(JSON.stringify(decode('logs', encoded('logs', text)))).toContain('"timeUnixNano":"1795255200000000123"')
  })

  test('takes null as absent, and a name in snake case as unknown', () => {
    const text = '{"resourceLogs":[{"resource":null,"scopeLogs":[{"logRecords":null,"schema_url":"x"}]}]}'
    expect(encoded('logs', text)).toEqual(encode('logs', { resourceLogs: [{ scopeLogs: [{}] }] }))
  })

  test('takes bytes in base64 of either alphabet', () => {
    for (const text of ['+/8=', '-_8', '-_8=']) {
      const body = encoded('logs', attributesOf(`{"bytesValue":"${text}"}`))
      expect(JSON.stringify(decode('logs', body))).toContain('"bytesValue":"+/8="')
    }
  })
})

test('a whole number beyond 64 bits, which the SDK for JavaScript calls an integer, is a double', () => {
  for (const text of ['1e+21', '9223372036854775808', '-1.7976931348623157e+308']) {
    const body = encoded('logs', attributesOf(`{"arrayValue":{"values":[{"intValue":${text}}]}}`))
    const values = [{ doubleValue: Number(text) }]
    const attributes = [{ key: 'k', value: { arrayValue: { values } } }]
    expect(body).toEqual(encode('logs', { resourceLogs: [{ resource: { attributes } }] }))
  }
  for (const text of ['-9223372036854775808', '9223372036854775807']) {
    const body = encoded('logs', attributesOf(`{"intValue":${text}}`))
    expect(JSON.stringify(decode('logs', body))).toContain(`"intValue":"${text}"`)
  }
  for (const text of ['"9223372036854775808"', '1.5', 'true']) {
    expect(refusal('logs', attributesOf(`{"intValue":${text}}`)).expected).toMatch(/^an integer/)
  }
})

test('a negative zero keeps its sign', () => {
  const text = '{"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":{"doubleValue":-0.0}}]}}]}'
  const attributes = [{ key: 'k', value: { doubleValue: -0 } }]
  expect(encoded('traces', text)).toEqual(encode('traces', { resourceSpans: [{ resource: { attributes } }] }))
})

test('every message that protobuf can hold comes back from JSON', () => {
  const value = fc.letrec<{ any: Json }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      fc.record({ stringValue: fc.string({ unit: 'grapheme' }) }),
      fc.record({ intValue: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String) }),
      // JSON.stringify writes -0 as 0; adding 0 makes it so beforehand.
      fc.record({ doubleValue: fc.double({ noNaN: true, noDefaultInfinity: true }).map((double) => double + 0) }),
      fc.record({ boolValue: fc.boolean() }),
      fc.record({ arrayValue: fc.record({ values: fc.array(tie('any'), { maxLength: 3 }) }) }),
    ),
  })).any
  fc.assert(
    fc.property(fc.array(fc.record({ key: fc.string(), value }), { maxLength: 5 }), (attributes) => {
      const request = { resourceSpans: [{ resource: { attributes } }] }
      expect(decode('traces', encoded('traces', JSON.stringify(request)))).toEqual(
        decode('traces', encode('traces', request)),
      )
    }),
    { numRuns: 200 },
  )
})

describe('refusals name the path, what was expected and what came', () => {
  const span = (fault: Json): Json => ({
    resourceSpans: [{}, { scopeSpans: [{ spans: [{}, { ...fault }] }] }],
  })
  const place = 'resourceSpans[1].scopeSpans[0].spans[1]'
  const cases: readonly [string, Json, string, string, string][] = [
    [
      'an id in base64',
      { traceId: 'CvdlGRbNQ92ESOshHIAxnA==' },
      'traceId',
      '32 hex digits',
      '"CvdlGRbNQ92ESOshHIAxnA=="',
    ],
    ['a short id', { parentSpanId: 'ab' }, 'parentSpanId', '16 hex digits or ""', '"ab"'],
    [
      'an enum by name',
      { kind: 'SPAN_KIND_SERVER' },
      'kind',
      'an integer (names are not taken) from -2147483648 to 2147483647',
      '"SPAN_KIND_SERVER"',
    ],
    [
      'a fraction',
      { startTimeUnixNano: 1.5 },
      'startTimeUnixNano',
      'an integer, as a number or in quotes, from 0 to 18446744073709551615',
      '1.5',
    ],
    [
      'a negative time',
      { endTimeUnixNano: '-1' },
      'endTimeUnixNano',
      'an integer, as a number or in quotes, from 0 to 18446744073709551615',
      '"-1"',
    ],
    ['a list that is none', { attributes: {} }, 'attributes', 'an array', 'an object'],
    ['a hole in a list', { events: [{}, null] }, 'events[1]', 'an object', 'null'],
    ['a number for a string', { name: 7 }, 'name', 'a string', '7'],
    [
      'a string for a bool',
      { attributes: [{ value: { boolValue: 'true' } }] },
      'attributes[0].value.boolValue',
      'true or false',
      '"true"',
    ],
    [
      'a word for a double',
      { attributes: [{ value: { doubleValue: 'much' } }] },
      'attributes[0].value.doubleValue',
      'a number, "NaN", "Infinity" or "-Infinity"',
      '"much"',
    ],
    [
      'bytes that are not base64',
      { attributes: [{ value: { bytesValue: 'a' } }] },
      'attributes[0].value.bytesValue',
      'bytes in base64',
      '"a"',
    ],
    [
      'two values in one',
      { attributes: [{ value: { intValue: 1, stringValue: 'x' } }] },
      'attributes[0].value.stringValue',
      'no other of value beside intValue',
      '"x"',
    ],
  ]
  test.each(cases)('for %s', (_name, fault, field, expected, got) => {
    expect(refusal('traces', span(fault))).toEqual({ where: `${place}.${field}`, offset: null, expected, got })
  })

  test('for what is no JSON, and for JSON that is no object', () => {
    expect(refusal('logs', '{"resourceLogs":')).toMatchObject({ where: '', expected: 'a JSON document' })
    expect(refusal('logs', '[]')).toEqual({ where: '', offset: null, expected: 'an object', got: 'an array' })
  })

  test('for values nested without end, however deep', () => {
    const deep = (depth: number) => ['{"arrayValue":{"values":['.repeat(depth), ']}}'.repeat(depth)].join('{}')
    expect(encodeJson('logs', attributesOf(deep(63))).ok).toBe(true)
    expect(refusal('logs', attributesOf(deep(64))).expected).toBe('at most 64 values inside each other')
    for (const digits of ['', ', "n": 12345678901234567890']) {
      expect(refusal('logs', attributesOf(deep(100_000)).replace(/}$/, `${digits}}`)).expected).toMatch(/JSON|at most/)
    }
  })

  test('for a long value, cut short', () => {
    expect(refusal('traces', span({ kind: 'x'.repeat(1000) })).got.length).toBeLessThan(80)
  })
})

test('text that is damaged anywhere is taken or refused, never more than that', () => {
  const text = JSON.stringify({
    resourceSpans: [
      { scopeSpans: [{ spans: [{ traceId: '0af7651916cd43dd8448eb211c80319c', kind: 2, startTimeUnixNano: at(1) }] }] },
    ],
  })
  const json = fc.tuple(
    fc.nat(text.length - 1),
    fc.constantFrom('', '"', '{', '[', '9', 'null', '-', '1e999', '\u0000'),
  )
  fc.assert(
    fc.property(fc.array(json, { minLength: 1, maxLength: 3 }), (faults) => {
      let damaged = text
      for (const [index, bytes] of faults) damaged = damaged.slice(0, index) + bytes + damaged.slice(index + 1)
      expect(typeof encodeJson('traces', damaged).ok).toBe('boolean')
    }),
    { numRuns: 2_000 },
  )
})
