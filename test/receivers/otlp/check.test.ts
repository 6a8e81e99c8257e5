import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { check, maxDepth } from '../../../src/receivers/otlp/check.ts'
import type { Accepted } from '../../../src/receivers/otlp/checked.ts'
import { type Signal, signals } from '../../../src/receivers/otlp/schema.ts'
import { at, decode, encode, type Json, wrap } from './codec.ts'
import { mutate, seeded } from './mutate.ts'
import * as sample from './sample-bodies.ts'
import { type SdkBody, sdkBodies } from './sdk-bodies.ts'

const nowMs = Date.UTC(2026, 10, 21, 10)
const limits = { nowMs, ttlMs: 86_400_000 }

function accepted(signal: Signal, body: Uint8Array): Accepted {
  const result = check(signal, body, limits)
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.error)}`)
  return result
}

function refusal(signal: Signal, body: Uint8Array) {
  const result = check(signal, body, limits)
  if (result.ok) throw new Error('accepted')
  return result.error
}

type TraceRequest = {
  resourceSpans: { scopeSpans: { spans: { name: string; attributes: { key: string; value: Json }[] }[] }[] }[]
}
const spansOf = (body: Uint8Array) =>
  (decode('traces', body) as TraceRequest).resourceSpans.flatMap((rs) => rs.scopeSpans.flatMap((ss) => ss.spans))

describe('bodies of the OpenTelemetry SDK', () => {
  let bodies: Readonly<Record<Signal, SdkBody>>
  const sdkNow = Date.now()
  beforeAll(async () => {
    bodies = await sdkBodies(sdkNow)
  })

  test.each(signals)('%s pass, and only arrays and lists are changed', (signal) => {
    const result = check(signal, bodies[signal].protobuf, { nowMs: sdkNow, ttlMs: 3_600_000 })
    if (!result.ok) throw new Error(JSON.stringify(result.error))
    const toText = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(toText)
      if (typeof value !== 'object' || value === null) return value
      if ('arrayValue' in value || 'kvlistValue' in value) return { stringValue: expect.stringMatching(/^[[{]/) }
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toText(inner)]))
    }
    expect(decode(signal, result.body)).toEqual(toText(decode(signal, bodies[signal].protobuf)))
    expect(result.items).toBe({ traces: 2, logs: 2, metrics: 5 }[signal])
    expect(result.rejected).toEqual([])
  })

  test('metrics are counted by kind', () => {
    const result = check('metrics', bodies.metrics.protobuf, { nowMs: sdkNow, ttlMs: 3_600_000 })
    expect(result.ok && Object.fromEntries(result.kinds)).toEqual({
      sum: 2,
      gauge: 1,
      histogram: 1,
      exponentialHistogram: 1,
    })
  })
})

describe('what needs no change', () => {
  test('comes back as the very same bytes', () => {
    const plain = encode('traces', { resourceSpans: [{ scopeSpans: [{ spans: [sample.span(nowMs)] }] }] })
    expect(accepted('traces', plain).body).toBe(plain)
  })

  test('may be empty', () => {
    expect(accepted('logs', new Uint8Array(0))).toMatchObject({ items: 0, rejected: [] })
  })

  test('may hold unknown fields of any wire type but groups', () => {
    const span = encode('traces', { resourceSpans: [{ scopeSpans: [{ spans: [sample.span(nowMs)] }] }] })
    const unknown = Uint8Array.of(0x98, 6, 1, 0x99, 6, 1, 2, 3, 4, 5, 6, 7, 8, 0x9a, 6, 1, 9, 0x9d, 6, 1, 2, 3, 4)
    expect(accepted('traces', Buffer.concat([unknown, span])).items).toBe(1)
    expect(refusal('traces', Buffer.concat([span, Uint8Array.of(0x9b, 6, 0x9c, 6)]))).toMatchObject({
      expected: 'wire type 0, 1, 2 or 5',
      got: '3',
      offset: span.length + 2,
    })
  })
})

describe('arrays and lists', () => {
  test('become JSON text without loss, wherever they are', () => {
    const result = accepted('logs', sample.logsOf([sample.fullRecord(nowMs), sample.record(nowMs)]))
    const text = JSON.stringify(decode('logs', result.body))
    expect(text.split(JSON.stringify(sample.nestedStored)).length - 1).toBe(2)
    expect(text).not.toContain('kvlistValue')
  })

  test('may be as deep as the limit and no deeper', () => {
    const nested = (depth: number): Uint8Array =>
      depth === 1 ? Uint8Array.of(0x18, 1) : wrap(5, wrap(1, nested(depth - 1)))
    const time = Buffer.from([9, 0, 0, 0, 0, 0, 0, 0, 0])
    time.writeBigUInt64LE(BigInt(at(nowMs)), 1)
    const logs = (depth: number) => wrap(1, wrap(2, wrap(2, time, wrap(5, nested(depth)))))
    expect(accepted('logs', logs(maxDepth)).items).toBe(1)
    const error = refusal('logs', logs(maxDepth + 1))
    expect(error.expected).toBe('at most 64 values inside each other')
    expect(error.where).toMatch(
      /^resource_logs\[0\]\.scope_logs\[0\]\.log_records\[0\]\.body\.array_value\.values\[0\]/,
    )
  })

  test('may be long, but not without end', () => {
    const logs = (bytes: number) =>
      sample.logsOf([sample.record(nowMs, { body: { arrayValue: { values: [{ bytesValue: Buffer.alloc(bytes) }] } } })])
    expect(accepted('logs', logs(2 ** 20)).items).toBe(1)
    expect(refusal('logs', logs(17 * 2 ** 20))).toMatchObject({
      where: 'resource_logs[0].scope_logs[0].log_records[0].body',
      expected: 'an array or list of at most 16777216 bytes',
    })
  })

  test('keep the lengths around them right at every size', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 200 }), { maxLength: 8 }), fc.nat(3), (texts, before) => {
        const attribute = (key: string, value: Json): Json => ({ key, value })
        const attributes = [
          ...Array.from({ length: before }, (_, i) => attribute(`k${i}`, { intValue: i })),
          attribute('list', { arrayValue: { values: texts.map((stringValue) => ({ stringValue })) } }),
          attribute('after', { boolValue: true }),
        ]
        const result = accepted('traces', sample.tracesOf([sample.span(nowMs, { attributes }), sample.span(nowMs)]))
        const [first, second] = spansOf(result.body)
        const list = first!.attributes[before]!.value as { stringValue: string }
        expect(JSON.parse(list.stringValue)).toEqual(texts)
        expect(first!.attributes.at(-1)).toEqual(attribute('after', { boolValue: true }))
        expect(second!.attributes).toEqual([])
        expect(accepted('traces', result.body).body).toBe(result.body)
      }),
      { numRuns: 100 },
    )
  })
})

describe('times outside the window', () => {
  const hour = 3_600_000
  const spanAt = (name: string, startMs: number, endMs: number, startNanos = 0, endNanos = 0) =>
    sample.span(nowMs, { name, startTimeUnixNano: at(startMs, startNanos), endTimeUnixNano: at(endMs, endNanos) })

  test('take a span out, and leave its neighbours as they were', () => {
    const spans = [
      spanAt('first', nowMs, nowMs),
      spanAt('too old', nowMs - 2 * 86_400_000, nowMs),
      spanAt('lower edge', nowMs - limits.ttlMs, nowMs),
      spanAt('a nanosecond below', nowMs - limits.ttlMs, nowMs, -1),
      spanAt('upper edge', nowMs, nowMs + hour),
      spanAt('a nanosecond above', nowMs, nowMs + hour, 0, 1),
      sample.span(nowMs, { name: 'no start', startTimeUnixNano: '0' }),
      sample.span(nowMs, { name: 'last', attributes: sample.everyKind }),
    ]
    const result = accepted('traces', sample.tracesOf(spans))
    expect(spansOf(result.body).map((span) => span.name)).toEqual(['first', 'lower edge', 'upper edge', 'last'])
    expect(result.items).toBe(4)
    expect(result.rejected).toEqual([
      {
        reason: 'timestamp-out-of-window',
        count: 4,
        example:
          'resource_spans[0].scope_spans[0].spans[1] has the time 2026-11-19T10:00:00.000Z and ' +
          '2026-11-21T10:00:00.000Z; taken is 2026-11-20T10:00:00.000Z to 2026-11-21T11:00:00.000Z',
      },
    ])
  })

  test('are never seen through by a rewritten attribute of the same span', () => {
    const attributes = [{ key: 'list', value: sample.nestedValue }]
    const spans = [sample.span(nowMs - 9 * 86_400_000, { attributes }), sample.span(nowMs, { attributes })]
    const result = accepted('traces', sample.tracesOf(spans))
    expect(spansOf(result.body).map((span) => span.attributes)).toEqual([
      [{ key: 'list', value: { stringValue: sample.nestedStored } }],
    ])
  })

  test('count for a log record by its own time, or by the observed one when it has none', () => {
    const records = [
      { timeUnixNano: at(nowMs) },
      { observedTimeUnixNano: at(nowMs) },
      { timeUnixNano: '0', observedTimeUnixNano: at(nowMs) },
      { timeUnixNano: at(nowMs - 9 * 86_400_000), observedTimeUnixNano: at(nowMs) },
      {},
    ]
    expect(accepted('logs', sample.logsOf(records))).toMatchObject({
      items: 3,
      rejected: [{ reason: 'timestamp-out-of-window', count: 2 }],
    })
  })

  test('count for a data point by its time alone, and take its kind out of the count', () => {
    const dataPoints = [{ timeUnixNano: at(nowMs), startTimeUnixNano: '0' }]
    const old = [{ timeUnixNano: at(nowMs - 9 * 86_400_000) }]
    const result = accepted(
      'metrics',
      sample.metricsOf([{ gauge: { dataPoints } }, { summary: { dataPoints: old } }, { sum: {} }]),
    )
    expect(Object.fromEntries(result.kinds)).toEqual({ gauge: 1 })
    expect(result.rejected).toMatchObject([{ count: 1 }])
  })
})

describe('what is odd but kept', () => {
  test('spans that end before they start are counted', () => {
    const ends = [at(nowMs, 123_456_788), at(nowMs, 123_456_789), at(nowMs, 123_456_790)]
    const spans = ends.map((endTimeUnixNano) => sample.span(nowMs, { endTimeUnixNano }))
    expect(accepted('traces', sample.tracesOf(spans))).toMatchObject({ items: 3, negativeDurations: 1 })
  })

  test('points that are not finite are counted', () => {
    const time = { timeUnixNano: at(nowMs) }
    const numbers = [Number.NaN, Infinity, -Infinity, Number.MAX_VALUE].map((asDouble) => ({ ...time, asDouble }))
    const histogram = { ...time, sum: Number.NaN, min: Infinity, explicitBounds: [Infinity] }
    const result = accepted(
      'metrics',
      sample.metricsOf([
        { gauge: { dataPoints: numbers } },
        { histogram: { dataPoints: [histogram, { ...time, explicitBounds: [Infinity] }] } },
      ]),
    )
    expect(result).toMatchObject({ items: 6, nonFinite: 4 })
  })

  test('metrics of an unknown kind are told as rejected, metrics without data are not', () => {
    const unknown = Buffer.from(
      encode('metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'ab' }] }] }] }),
    )
    expect(accepted('metrics', unknown).rejected).toEqual([])
    // The name's two bytes make room for field 15, a message of a kind to come.
    unknown.set(Uint8Array.of(0x7a, 2, 0x98, 1), unknown.length - 4)
    expect(accepted('metrics', unknown).rejected).toMatchObject([{ reason: 'unknown-metric-kind', count: 1 }])
  })
})

describe('refusals name the place', () => {
  const cases: readonly [string, Json, string, string, string][] = [
    ['a short trace id', { traceId: Buffer.alloc(15) }, 'trace_id', '16 bytes', '15 bytes'],
    ['an empty span id', { spanId: Buffer.alloc(0) }, 'span_id', '8 bytes', '0 bytes'],
    ['a long parent id', { parentSpanId: Buffer.alloc(9) }, 'parent_span_id', '8 bytes or none', '9 bytes'],
    [
      'a short id of a link',
      { links: [{}, { spanId: Buffer.alloc(1) }] },
      'links[1].span_id',
      '8 bytes or none',
      '1 bytes',
    ],
  ]
  test.each(cases)('of %s', (_name, fault, field, expected, got) => {
    const good = sample.span(nowMs)
    const bad = sample.span(nowMs, fault)
    const body = encode('traces', {
      resourceSpans: [{ scopeSpans: [{}, { spans: [good, good, good, bad] }] }, { scopeSpans: [{ spans: [good] }] }],
    })
    const error = refusal('traces', body)
    expect(error).toMatchObject({ where: `resource_spans[0].scope_spans[1].spans[3].${field}`, expected, got })
    expect(error.offset).toBeGreaterThan(0)
  })

  const raw: readonly [string, readonly number[], string, string][] = [
    ['a field number 0', [0x00, 0x00], 'a field number of at least 1', 'field number 0'],
    ['a tag beyond 32 bits', [0xff, 0xff, 0xff, 0xff, 0x7f], 'a tag of 32 bits', 'a larger one'],
    ['an endless varint', [0x98, 6, ...new Array(11).fill(0x80)], 'a varint of at most ten bytes', 'a longer one'],
    ['a varint beyond 64 bits', [0x98, 6, ...new Array(9).fill(0xff), 2], 'a varint of 64 bits', 'another one'],
    [
      'a varint whose tenth byte says nothing',
      [0x98, 6, ...new Array(9).fill(0xff), 0],
      'a varint of 64 bits',
      'another one',
    ],
    ['a length beyond the body', [0x0a, 0x05, 0x00], 'a length of at most 1', '5'],
    [
      'a length of petabytes',
      [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
      'a length of at most 0',
      '72057594037927940',
    ],
    ['a wrong wire type', [0x08, 0x01], 'wire type 2 (message)', 'wire type 0'],
    ['a torn fixed64', [0x99, 6, 1, 2], '8 bytes', '2 before the message ends'],
  ]
  test.each(raw)('of %s', (_name, bytes, expected, got) => {
    expect(refusal('traces', Uint8Array.from(bytes))).toMatchObject({ expected, got })
  })

  test('of two members of a oneof, and of one field twice', () => {
    const value = (bytes: readonly number[]) => wrap(1, wrap(1, wrap(1, wrap(1), wrap(2, Uint8Array.from(bytes)))))
    expect(refusal('traces', value([0x10, 1, 0x18, 1]))).toMatchObject({
      where: 'resource_spans[0].resource.attributes[0].value.int_value',
      expected: 'one member of value at most',
      got: 'boolValue before it',
    })
    expect(refusal('traces', value([0x10, 1, 0x10, 1])).expected).toBe('this field at most once')
  })

  test('of packed numbers that do not fill their length', () => {
    const body = Buffer.from(
      sample.metricsOf([{ histogram: { dataPoints: [{ timeUnixNano: at(nowMs), explicitBounds: [1] }] } }]),
    )
    const bounds = Buffer.from([0x3a, 8, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f])
    const found = body.indexOf(bounds)
    expect(found).toBeGreaterThan(0)
    body.set([0x3a, 7, 0, 0, 0, 0, 0, 0, 0], found)
    expect(refusal('metrics', body)).toMatchObject({ expected: 'a multiple of 8 bytes', got: '7 bytes' })
  })
})

describe('damaged bodies', () => {
  const bodies: Readonly<Record<Signal, Uint8Array>> = {
    traces: sample.tracesOf([sample.fullSpan(nowMs), sample.span(nowMs)]),
    logs: sample.logsOf([sample.fullRecord(nowMs), sample.record(nowMs)]),
    metrics: sample.metricsOf(sample.fullMetrics(nowMs)),
  }

  test.each(signals)('of %s are taken or refused, never more than that', (signal) => {
    const random = seeded(20_261_121)
    let taken = 0
    for (let run = 0; run < 6_000; run++) {
      const result = check(signal, mutate(bodies[signal], random), limits)
      if (result.ok) {
        taken++
        // What was rewritten must pass again, as it is: only then the lengths in it are right.
        const again = check(signal, result.body, limits)
        expect(again).toMatchObject({ ok: true, items: result.items, kinds: result.kinds })
        expect(again.ok && again.body).toBe(result.body)
      } else expect(result.error.offset).toBeLessThanOrEqual(bodies[signal].length + 200)
    }
    expect(taken).toBeGreaterThan(100)
    expect(taken).toBeLessThan(3_000)
  })

  test.each(signals)('of %s that end too early are refused wherever they are cut', (signal) => {
    const whole = bodies[signal]
    for (let length = 1; length < whole.length; length++) {
      expect(check(signal, whole.subarray(0, length), limits).ok, `cut at ${length}`).toBe(false)
    }
  })

  test('of random bytes are refused or hold nothing known', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...signals), (bytes, signal) => {
        const result = check(signal, bytes, limits)
        expect(result.ok ? result.items : 0).toBe(0)
      }),
      { numRuns: 2_000 },
    )
  })
})
