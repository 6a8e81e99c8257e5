import { afterAll, beforeAll, expect, test } from 'vitest'
import { remoteWrite } from '../../../src/receivers/index.ts'
import { receiveWrite } from '../../../src/receivers/remote-write/receive.ts'
import { type WriteKind, writeKinds } from '../../../src/receivers/remote-write/schema.ts'
import { type Engine, openEngine } from '../otlp/engine.ts'
import { mutate, seeded } from '../otlp/mutate.ts'
import { bodyV1, bodyV2, type TestSeries } from './codec.ts'
import { manySeries, now, point } from './sample-series.ts'

const limits = { nowMs: now, ttlMs: 86_400_000 }
const bodies = { '1.0': bodyV1, '2.0': bodyV2 } as const

let engine: Engine
beforeAll(async () => {
  engine = await openEngine()
})
afterAll(() => engine.close())

async function store(
  kind: WriteKind,
  stored: readonly Uint8Array[],
  columns = '*',
): Promise<Record<string, unknown>[]> {
  const insert = remoteWrite.inserts[kind]
  await engine.command(`TRUNCATE TABLE ${insert.table}`)
  await engine.insert(insert, stored)
  const order = columns.startsWith('count') ? '' : 'ORDER BY TimeUnix DESC, MetricName'
  return engine.rows(
    `SELECT ${columns} FROM ${insert.table} ${order} SETTINGS output_format_json_quote_64bit_integers = 0`,
  )
}

function taken(version: '1.0' | '2.0', series: readonly TestSeries[]): Uint8Array {
  const received = receiveWrite(version, bodies[version](series), limits)
  if (!received.ok) throw new Error(JSON.stringify(received.error))
  return received.body
}

const shared = {
  ResourceSchemaUrl: '',
  ScopeName: '',
  ScopeVersion: '',
  ScopeAttributes: {},
  ScopeDroppedAttrCount: 0,
  ScopeSchemaUrl: '',
  MetricDescription: '',
  MetricUnit: '',
  StartTimeUnix: '1970-01-01 00:00:00.000000000',
  TimeUnix: '2026-11-21 10:00:00.000000000',
  Flags: 0,
  ResourceAttributes: { 'service.name': 'api' },
  ServiceName: 'api',
  Attributes: {},
}
const noExemplars = {
  'Exemplars.FilteredAttributes': [],
  'Exemplars.TimeUnix': [],
  'Exemplars.Value': [],
  'Exemplars.SpanId': [],
  'Exemplars.TraceId': [],
}
const shop = {
  ...shared,
  ...noExemplars,
  ResourceAttributes: { 'service.namespace': 'shop', 'service.name': 'api', 'service.instance.id': 'a:1' },
  Attributes: { region: 'eu' },
  MetricName: 'orders_total',
  AggregationTemporality: 2,
  IsMonotonic: true,
}
const distribution = { ...shared, ...noExemplars, Min: 0, Max: 0 }
const latency = {
  ...distribution,
  MetricName: 'latency',
  Count: 12,
  Sum: 3.5,
  Scale: 2,
  ZeroCount: 1,
  PositiveOffset: -2,
  PositiveBucketCounts: [2, 3, 0, 0, 0, 2],
  NegativeOffset: 1,
  NegativeBucketCounts: [4],
  AggregationTemporality: 2,
}
const expected: Readonly<Record<WriteKind, readonly object[]>> = {
  gauge: [{ ...shared, ...noExemplars, MetricName: 'temperature', Value: -0.25 }],
  sum: [
    { ...shop, Value: 5 },
    {
      ...shop,
      Value: 6.5,
      TimeUnix: '2026-11-21 09:59:59.000000000',
      'Exemplars.FilteredAttributes': [{ user: 'u' }],
      'Exemplars.TimeUnix': ['2026-11-21 09:59:59.995000000'],
      'Exemplars.Value': [2],
      'Exemplars.SpanId': [''],
      'Exemplars.TraceId': ['0af7651916cd43dd8448eb211c80319c'],
    },
  ],
  histogram: [
    {
      ...distribution,
      MetricName: 'sizes',
      Count: 5,
      Sum: 4,
      BucketCounts: [2, 0, 0, 3],
      ExplicitBounds: [0.5, 1, 2.5],
      AggregationTemporality: 2,
    },
  ],
  exponentialHistogram: [latency, { ...latency, AggregationTemporality: 0 }],
}

test.each(writeKinds.flatMap((kind) => [[kind, '1.0'] as const, [kind, '2.0'] as const]))(
  'series of the kind %s from Remote-Write %s are stored in their table, column by column',
  async (kind, version) => {
    expect(await store(kind, [taken(version, manySeries)])).toEqual(expected[kind])
  },
)

test.each([
  ['api', { 'service.name': 'api' }],
  ['shop/api', { 'service.namespace': 'shop', 'service.name': 'api' }],
  ['a/b/c', { 'service.name': 'a/b/c' }],
  ['/api', { 'service.name': '/api' }],
  ['shop/', { 'service.name': 'shop/' }],
])('the job %s is the resource %j', async (job, resource) => {
  const body = taken('1.0', [
    {
      labels: [
        ['__name__', 'up'],
        ['job', job],
      ],
      samples: [point(1)],
    },
  ])
  const [row] = await store('gauge', [body], 'ResourceAttributes, ServiceName')
  expect(row).toEqual({ ResourceAttributes: resource, ServiceName: resource['service.name'] })
})

test('help, unit, start, scope and labels of any text are stored', async () => {
  const value = 'ü\n"\' \\ 日本'
  const body = taken('2.0', [
    {
      labels: [
        ['__name__', 'my.metric total'],
        ['otel_scope_name', 'lib'],
        ['otel_scope_version', '1.2'],
        ['ünï', value],
      ],
      samples: [{ ...point(1), start_timestamp: now - 1 }],
      metadata: { type: 1, help: value, unit: 'seconds' },
    },
  ])
  const [row] = await store('sum', [body])
  expect(row).toMatchObject({
    MetricName: 'my.metric total',
    MetricDescription: value,
    MetricUnit: 'seconds',
    ScopeName: 'lib',
    ScopeVersion: '1.2',
    Attributes: { ünï: value },
    StartTimeUnix: '2026-11-21 09:59:59.999000000',
    ServiceName: '',
    ResourceAttributes: {},
  })
})

test('a stale marker is a point without a value, to the bit; an exemplar alone is one too', async () => {
  const bytes = Buffer.from(bodyV1([{ labels: [['__name__', 'up']], samples: [point(1.25)] }]))
  bytes.set(Buffer.from('020000000000f07f', 'hex'), bytes.indexOf(Buffer.from('000000000000f43f', 'hex')))
  const stale = receiveWrite('1.0', bytes, limits)
  if (!stale.ok) throw new Error('refused')
  const exemplar = { labels: [['span_id', 'b7ad6b7169203331']], value: 3, timestamp: now } as const
  const alone = taken('2.0', [{ labels: [['__name__', 'alone']], exemplars: [exemplar] }])
  const columns = 'MetricName, Flags, hex(reinterpretAsUInt64(Value)) AS bits, Exemplars.SpanId AS spans'
  expect(await store('gauge', [stale.body, alone], columns)).toEqual([
    { MetricName: 'alone', Flags: 1, bits: '7FF8000000000000', spans: ['b7ad6b7169203331'] },
    { MetricName: 'up', Flags: 1, bits: '7FF0000000000002', spans: [] },
  ])
})

test('no mutated body that is taken fails an INSERT, and as many rows are stored as were counted', async () => {
  const random = seeded(11)
  const points = new Map<WriteKind, number>()
  const taken: Uint8Array[] = []
  for (let round = 0; round < 6000; round++) {
    const version = round % 2 === 0 ? '1.0' : '2.0'
    const received = receiveWrite(version, mutate(bodies[version](manySeries), random), limits)
    if (!received.ok || received.body.length === 0) continue
    taken.push(received.body)
    for (const [kind, count] of received.kinds) points.set(kind, (points.get(kind) ?? 0) + count)
  }
  expect(taken.length).toBeGreaterThan(500)
  for (const kind of writeKinds) {
    expect(await store(kind, taken, 'count() AS n')).toEqual([{ n: points.get(kind) }])
  }
})
