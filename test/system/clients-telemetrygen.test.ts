import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Davy, startDavy } from '../davy.ts'
import { temporaryDirectory } from '../storage/opened.ts'
import { rowsOf } from './clients/expect-stored.ts'
import { run } from './clients/run-client.ts'
import type { Row } from './clients/stored.ts'
import { tool } from './clients/tools.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const told = { region: 'größe', list: '["a","b"]' }
const attributes = { ok: 'true', n: '42' }

const [directory, removeDirectory] = temporaryDirectory()
const data = join(directory, 'data')
let davy: Davy
const startedAt = BigInt(Date.now() - 2000) * 1_000_000n
beforeAll(async () => {
  davy = await startDavy({ DAVY_STORAGE_URL: `chdb:${data}` })
})
afterAll(async () => {
  await davy?.stop()
  removeDirectory()
})

type Door = 'http' | 'grpc'

/** Runs telemetrygen as fast as it can. */
async function generate(door: Door, signal: string, service: string, options: readonly string[]): Promise<void> {
  const url = door === 'http' ? davy.otlpUrl : davy.otlpGrpcUrl
  await run(tool('bin/telemetrygen'), [
    signal,
    ...[
      '--otlp-endpoint',
      new URL(url).host,
      '--otlp-insecure',
      '--rate',
      '0',
      ...(door === 'http' ? ['--otlp-http'] : []),
    ],
    ...['--otlp-attributes', `service.name="${service}"`, '--otlp-attributes', `region="${told.region}"`],
    ...[
      '--otlp-attributes',
      `list=${told.list}`,
      '--telemetry-attributes',
      'ok=true',
      '--telemetry-attributes',
      'n=42',
    ],
    ...options,
  ])
}

function expectRecent(...times: readonly unknown[]): void {
  for (const time of times as string[]) {
    expect(BigInt(time)).toBeGreaterThan(startedAt)
    expect(BigInt(time)).toBeLessThan(BigInt(Date.now() + 1000) * 1_000_000n)
  }
}

/** A row without the columns that telemetrygen fills by chance; the caller looks at those by themselves. */
function without(row: Row, ...columns: readonly string[]): Row {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !columns.includes(name)))
}

describe.each<Door>(['http', 'grpc'])('telemetrygen over %s', (door) => {
  test('traces: every span, with its place in its trace and its links', async () => {
    const service = `spans-${door}`
    const options = ['--traces', '2', '--child-spans', '2', '--span-links', '1', '--status-code', 'Error']
    await generate(door, 'traces', service, [...options, '--span-duration', '250ms'])
    const rows = await rowsOf(data, 'otel_traces', service, 'SpanName, Timestamp', 6)
    const roots = rows.filter(({ ParentSpanId }) => ParentSpanId === '')
    const child = { SpanKind: 'Server', Duration: '250000000', peer: 'telemetrygen-client' }
    const shapes = [
      ...Array(2).fill({ SpanName: 'lets-go', SpanKind: 'Client', Duration: '500000000', peer: 'telemetrygen-server' }),
      ...Array(2).fill({ ...child, SpanName: 'okey-dokey-0' }),
      ...Array(2).fill({ ...child, SpanName: 'okey-dokey-1' }),
    ]
    const byChance = ['TraceId', 'SpanId', 'ParentSpanId', 'Timestamp', 'Links.TraceId', 'Links.SpanId']
    const ofLinks = ['Links.TraceState', 'Links.Attributes']
    expect(rows.map((row) => without(row, ...byChance, ...ofLinks))).toEqual(
      shapes.map(({ peer, ...shape }) => ({
        ...shape,
        TraceState: '',
        ServiceName: service,
        ResourceAttributes: { ...told, 'service.name': service },
        ScopeName: 'telemetrygen',
        ScopeVersion: '',
        SpanAttributes: { ...attributes, 'network.peer.address': '1.2.3.4', 'service.peer.name': peer },
        StatusCode: 'Error',
        StatusMessage: '',
        'Events.Timestamp': [],
        'Events.Name': [],
        'Events.Attributes': [],
      })),
    )
    expect(roots.length).toBe(2)
    expectRecent(...rows.map(({ Timestamp }) => Timestamp))
    const known = new Set(rows.map((row) => `${row.TraceId}/${row.SpanId}`))
    expect(known.size).toBe(6)
    for (const row of rows) {
      const root = roots.find(({ TraceId }) => TraceId === row.TraceId)!
      const place = String(row.SpanName).split('-')[2] === '1' ? 250_000_000n : 0n
      expect(BigInt(row.Timestamp as string)).toBe(BigInt(root.Timestamp as string) + place)
      if (row !== root) expect(row.ParentSpanId).toBe(root.SpanId)
      const links = row['Links.TraceId'] as string[]
      expect(row['Links.TraceState']).toEqual(links.map(() => ''))
      expect(row['Links.Attributes']).toEqual(links.map(() => ({ 'link.type': 'random', 'link.index': '0' })))
      for (const [index, trace] of links.entries()) {
        expect(known).toContain(`${trace}/${(row['Links.SpanId'] as string[])[index]}`)
      }
    }
    // Only the very first has nothing to link to.
    expect(rows.filter((row) => (row['Links.TraceId'] as string[]).length === 1).length).toBe(5)
  })

  test('logs', async () => {
    const service = `logs-${door}`
    const said = ['--body', 'naïve “body”', '--severity-number', '17', '--severity-text', 'ERROR']
    await generate(door, 'logs', service, ['--logs', '3', ...said, '--trace-id', traceId, '--span-id', spanId])
    const rows = await rowsOf(data, 'otel_logs', service, 'Timestamp', 3)
    expect(rows.map((row) => without(row, 'Timestamp'))).toEqual(
      Array(3).fill({
        TraceId: traceId,
        SpanId: spanId,
        TraceFlags: 0,
        SeverityText: 'ERROR',
        SeverityNumber: 17,
        ServiceName: service,
        Body: 'naïve “body”',
        ResourceSchemaUrl: 'https://opentelemetry.io/schemas/1.40.0',
        ResourceAttributes: { ...told, 'service.name': service },
        ScopeSchemaUrl: '',
        ScopeName: '',
        ScopeVersion: '',
        ScopeAttributes: {},
        LogAttributes: { ...attributes, app: 'server' },
        EventName: '',
      }),
    )
    expectRecent(...rows.map(({ Timestamp }) => Timestamp))
  })

  test.each<[kind: string, table: string, temporality: string, values: readonly string[]]>([
    ['Gauge', 'gauge', '', ['Value']],
    ['Sum', 'sum', 'cumulative', ['Value']],
    ['Sum', 'sum', 'delta', ['Value']],
    ['Histogram', 'histogram', 'delta', ['Count', 'Sum', 'BucketCounts', 'ExplicitBounds', 'Min', 'Max']],
    [
      'ExponentialHistogram',
      'exponential_histogram',
      'cumulative',
      [
        ...['Count', 'Sum', 'Min', 'Max', 'Scale', 'ZeroCount'],
        ...['PositiveOffset', 'PositiveBucketCounts', 'NegativeOffset', 'NegativeBucketCounts'],
      ],
    ],
  ])('metrics: %s into %s %s', async (kind, table, temporality, values) => {
    const service = `${kind}-${temporality}-${door}`
    const exemplar = ['--trace-id', traceId, '--span-id', spanId]
    const measured = ['--metrics', '3', '--metric-type', kind, '--otlp-metric-name', 'measured']
    const temporalities = temporality === '' ? [] : ['--aggregation-temporality', temporality]
    await generate(door, 'metrics', service, [...measured, ...temporalities, ...exemplar])
    const rows = await rowsOf(data, `otel_metrics_${table}`, service, 'TimeUnix', 3)
    const times = ['StartTimeUnix', 'TimeUnix', 'Exemplars.TimeUnix']
    expect(rows.map((row) => without(row, ...times, ...values))).toEqual(
      Array(3).fill({
        ResourceAttributes: { ...told, 'service.name': service },
        ResourceSchemaUrl: 'https://opentelemetry.io/schemas/1.40.0',
        ScopeName: '',
        ScopeVersion: '',
        ScopeAttributes: {},
        ScopeDroppedAttrCount: 0,
        ScopeSchemaUrl: '',
        ServiceName: service,
        MetricName: 'measured',
        MetricDescription: '',
        MetricUnit: '',
        Attributes: attributes,
        Flags: 0,
        'Exemplars.FilteredAttributes': [{}],
        'Exemplars.Value': [1],
        'Exemplars.SpanId': [spanId],
        'Exemplars.TraceId': [traceId],
        ...(temporality !== '' && { AggregationTemporality: temporality === 'delta' ? 1 : 2 }),
        ...(kind === 'Sum' && { IsMonotonic: true }),
      }),
    )
    for (const [index, row] of rows.entries()) {
      expectRecent(row.TimeUnix, ...(row['Exemplars.TimeUnix'] as string[]))
      if (temporality === 'delta') expect(delta(row)).toBe(1_000_000_000n)
      if (values.includes('Value')) expect(row.Value).toBe(index)
      const counts = (row.BucketCounts ?? row.PositiveBucketCounts ?? []) as string[]
      const total = counts.reduce((sum, count) => sum + Number(count), 0)
      if (values.includes('Count')) expect(String(total + Number(row.ZeroCount ?? 0))).toBe(row.Count)
      if (kind === 'Histogram') expect(counts.length).toBe((row.ExplicitBounds as number[]).length + 1)
    }
  })
})

function delta({ StartTimeUnix, TimeUnix }: Row): bigint {
  return BigInt(TimeUnix as string) - BigInt(StartTimeUnix as string)
}
