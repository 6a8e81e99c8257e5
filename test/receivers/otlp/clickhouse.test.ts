import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inserts, receivers } from '../../../src/receivers/index.ts'
import { check } from '../../../src/receivers/otlp/check.ts'
import type { Accepted } from '../../../src/receivers/otlp/checked.ts'
import { metricKinds, type Signal, signals } from '../../../src/receivers/otlp/schema.ts'
import { type Engine, openEngine } from './engine.ts'
import { mutate, seeded } from './mutate.ts'
import * as sample from './sample-bodies.ts'
import { sdkBodies } from './sdk-bodies.ts'

const nowMs = Date.UTC(2026, 10, 21, 10)
const limits = { nowMs, ttlMs: 86_400_000 }
const stored = sample.everyKindStored
const resourceStored = { 'service.name': 'checkout', nested: sample.nestedStored }
const hex = (bytes: Buffer): string => bytes.toString('hex')

let engine: Engine
beforeAll(async () => {
  engine = await openEngine()
})
afterAll(() => engine.close())

function accepted(signal: Signal, body: Uint8Array): Accepted {
  const result = check(signal, body, limits)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result
}

async function store(signal: Signal, kind: string, bodies: readonly Uint8Array[]): Promise<Record<string, unknown>[]> {
  const insert = inserts[signal][kind]!
  await engine.command(`TRUNCATE TABLE ${insert.table}`)
  await engine.insert(insert, bodies)
  return engine.rows(`SELECT * FROM ${insert.table} SETTINGS output_format_json_quote_64bit_integers = 1`)
}

test('a full span is stored to the nanosecond and to the byte', async () => {
  const rows = await store('traces', 'traces', [accepted('traces', sample.tracesOf([sample.fullSpan(nowMs)])).body])
  expect(rows).toEqual([
    {
      Timestamp: '2026-11-21 10:00:00.123456789',
      TraceId: hex(sample.traceId),
      SpanId: hex(sample.spanId),
      ParentSpanId: hex(sample.parentId),
      TraceState: 'a=1',
      SpanName: 'POST /pay',
      SpanKind: 'Server',
      ServiceName: 'checkout',
      ResourceAttributes: resourceStored,
      ScopeName: 'lib',
      ScopeVersion: '1.0',
      SpanAttributes: stored,
      Duration: '100000001',
      StatusCode: 'Error',
      StatusMessage: 'declined',
      'Events.Timestamp': ['2026-11-21 10:00:00.000000001', '1970-01-01 00:00:00.000000000'],
      'Events.Name': ['exception', 'bare'],
      'Events.Attributes': [{ n: sample.nestedStored }, {}],
      'Links.TraceId': [hex(sample.traceId), ''],
      'Links.SpanId': [hex(sample.parentId), ''],
      'Links.TraceState': ['b=2', ''],
      'Links.Attributes': [{ l: '0' }, {}],
    },
  ])
})

test('spans that end before they start have the duration 0, and kinds and codes to come have no name', async () => {
  const kinds = [-1, 0, 1, 2, 3, 4, 5, 6]
  const spans = kinds.map((kind) =>
    sample.span(nowMs, { kind, status: { code: kind }, endTimeUnixNano: String(BigInt(nowMs) * 1_000_000n) }),
  )
  const rows = await store('traces', 'traces', [sample.tracesOf(spans)])
  const names = ['', 'Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer', '']
  expect(rows.map((row) => row.SpanKind)).toEqual(expect.arrayContaining(names))
  const codes = rows.map((row) => row.StatusCode)
  expect(codes.sort()).toEqual(['', '', '', '', '', 'Error', 'Ok', 'Unset'])
  expect(new Set(rows.map((row) => row.Duration))).toEqual(new Set(['0']))
})

test('a full log record is stored, its body as JSON text; a time of 0 becomes the observed one', async () => {
  const bare = { observedTimeUnixNano: String(BigInt(nowMs) * 1_000_000n + 9n), severityNumber: 300 }
  const rows = await store('logs', 'logs', [
    accepted('logs', sample.logsOf([sample.fullRecord(nowMs), { ...bare, body: { intValue: '0' } }])).body,
  ])
  rows.sort((a, b) => String(a.Timestamp).localeCompare(String(b.Timestamp)))
  const shared = {
    ServiceName: 'checkout',
    ResourceSchemaUrl: 'res://1',
    ResourceAttributes: resourceStored,
    ScopeSchemaUrl: 'scope://1',
    ScopeName: 'lib',
    ScopeVersion: '1.0',
    ScopeAttributes: { s: 'scope' },
  }
  expect(rows).toEqual([
    {
      ...shared,
      Timestamp: '2026-11-21 10:00:00.000000007',
      TraceId: hex(sample.traceId),
      SpanId: hex(sample.spanId),
      TraceFlags: 1,
      SeverityText: 'ERROR',
      SeverityNumber: 17,
      Body: sample.nestedStored,
      LogAttributes: stored,
      EventName: 'payment.failed',
    },
    {
      ...shared,
      Timestamp: '2026-11-21 10:00:00.000000009',
      TraceId: '',
      SpanId: '',
      TraceFlags: 0,
      SeverityText: '',
      SeverityNumber: 0,
      Body: '0',
      LogAttributes: {},
      EventName: '',
    },
  ])
})

describe('metrics', () => {
  const shared = {
    ResourceAttributes: resourceStored,
    ResourceSchemaUrl: 'res://1',
    ScopeName: 'lib',
    ScopeVersion: '1.0',
    ScopeAttributes: { s: 'scope' },
    ScopeDroppedAttrCount: 3,
    ScopeSchemaUrl: 'scope://1',
    ServiceName: 'checkout',
    MetricDescription: '',
    MetricUnit: '',
    Attributes: stored,
    StartTimeUnix: '2026-11-21 09:59:00.000000000',
    TimeUnix: '2026-11-21 10:00:00.000000005',
    Flags: 1,
  }
  const exemplars = {
    'Exemplars.FilteredAttributes': [stored, stored],
    'Exemplars.TimeUnix': ['2026-11-21 10:00:00.000000002', '2026-11-21 10:00:00.000000002'],
    'Exemplars.Value': [-5, 2.5],
    'Exemplars.SpanId': [hex(sample.spanId), hex(sample.spanId)],
    'Exemplars.TraceId': [hex(sample.traceId), hex(sample.traceId)],
  }
  const noExemplars = Object.fromEntries(Object.keys(exemplars).map((name) => [name, []]))
  const gauge = { ...shared, MetricName: 'gauge', MetricDescription: 'a gauge', MetricUnit: 'Cel' }
  const distribution = { ...shared, ...exemplars, Count: '7', Sum: 12.5, Min: -1, Max: 9 }
  const expected: Readonly<Record<(typeof metricKinds)[number], readonly object[]>> = {
    gauge: [
      { ...gauge, ...exemplars, Value: -3 },
      { ...gauge, ...noExemplars, Value: 0.25 },
      { ...gauge, ...noExemplars, Value: 0 },
    ],
    sum: [{ ...shared, ...exemplars, MetricName: 'sum', Value: 11, AggregationTemporality: 2, IsMonotonic: true }],
    histogram: [
      {
        ...distribution,
        MetricName: 'histogram',
        BucketCounts: ['1', '2', '4'],
        ExplicitBounds: [0.5, 10],
        AggregationTemporality: 1,
      },
    ],
    exponentialHistogram: [
      {
        ...distribution,
        MetricName: 'exponential',
        Scale: -3,
        ZeroCount: '2',
        PositiveOffset: -80,
        PositiveBucketCounts: ['1', '0', '300'],
        NegativeOffset: 4,
        NegativeBucketCounts: ['1'],
        AggregationTemporality: 2,
      },
    ],
    summary: [
      {
        ...shared,
        MetricName: 'summary',
        Count: '7',
        Sum: 12.5,
        'ValueAtQuantiles.Quantile': [0.5, 0.99],
        'ValueAtQuantiles.Value': [1, 8],
      },
    ],
  }

  test.each(metricKinds)('of the kind %s go into their own table', async (kind) => {
    const { body, kinds } = accepted('metrics', sample.metricsOf(sample.fullMetrics(nowMs)))
    const rows = await store('metrics', kind, [body])
    expect(rows).toHaveLength(kinds.get(kind)!)
    expect(rows).toEqual(expect.arrayContaining([...expected[kind]]))
  })

  test('keep NaN and infinities', async () => {
    const dataPoints = [Number.NaN, Infinity, -Infinity].map((asDouble) => sample.point(nowMs, { asDouble }))
    const { body } = accepted('metrics', sample.metricsOf([{ name: 'odd', gauge: { dataPoints } }]))
    await store('metrics', 'gauge', [body])
    const rows = await engine.rows<{ value: string }>('SELECT toString(Value) AS value FROM otel_metrics_gauge')
    expect(rows.map((row) => row.value).sort()).toEqual(['-inf', 'inf', 'nan'])
  })
})

test('bodies of the OpenTelemetry SDK are stored alike from protobuf and from JSON', async () => {
  const bodies = await sdkBodies(Date.now())
  const now = { nowMs: Date.now(), ttlMs: 3_600_000 }
  for (const signal of signals) {
    const fromProtobuf = receivers.otlp[signal]('application/x-protobuf', bodies[signal].protobuf, now)
    const fromJson = receivers.otlp[signal]('application/json', bodies[signal].json, now)
    if (!fromProtobuf.ok || !fromJson.ok) throw new Error('refused')
    for (const kind of signal === 'metrics' ? fromProtobuf.kinds.keys() : [signal]) {
      const rows = await store(signal, kind, [fromProtobuf.body])
      expect(rows.length).toBeGreaterThan(0)
      const order = (list: object[]): string[] => list.map((row) => JSON.stringify(row)).sort()
      expect(order(await store(signal, kind, [fromJson.body]))).toEqual(order(rows))
    }
  }
})

test('the days of a trace are kept beside it', async () => {
  await store('traces', 'traces', [sample.tracesOf([sample.span(nowMs)])])
  const rows = await engine.rows('SELECT DISTINCT TraceId, Start, End FROM otel_traces_trace_id_ts')
  const time = '2026-11-21 10:00:00'
  expect(rows).toContainEqual({ TraceId: hex(sample.traceId), Start: time, End: time })
})

describe('damaged bodies that pass the check', () => {
  const whole: Readonly<Record<Signal, readonly Uint8Array[]>> = {
    traces: [sample.tracesOf([sample.fullSpan(nowMs)]), sample.tracesOf([sample.span(nowMs), sample.span(nowMs)])],
    logs: [
      sample.logsOf([sample.fullRecord(nowMs)]),
      sample.logsOf([sample.record(nowMs, { body: { boolValue: true } })]),
    ],
    metrics: sample.fullMetrics(nowMs).map((metric) => sample.metricsOf([metric])),
  }

  test.each(signals)('never fail an INSERT of %s, and give as many rows as were counted', async (signal) => {
    const random = seeded(4_711)
    const survivors: Accepted[] = []
    const { length } = whole[signal]
    for (let run = 0; run < 12_000; run++) {
      const result = check(signal, mutate(whole[signal][run % length]!, random), limits)
      if (result.ok) survivors.push(result)
    }
    expect(survivors.length).toBeGreaterThan(500)
    for (const kind of Object.keys(inserts[signal])) {
      const rows = await store(
        signal,
        kind,
        survivors.map(({ body }) => body),
      )
      const counted = survivors.map(({ items, kinds }) =>
        signal === 'metrics' ? (new Map<string, number>(kinds).get(kind) ?? 0) : items,
      )
      expect(rows).toHaveLength(counted.reduce((sum, count) => sum + count, 0))
    }
  })
})
