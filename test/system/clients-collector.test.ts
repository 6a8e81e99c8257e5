import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Davy, startDavy, until } from '../davy.ts'
import { temporaryDirectory } from '../storage/opened.ts'
import { type Collector, startCollector, type Way } from './clients/collector.ts'
import { expectStored, habits, rowsOf } from './clients/expect-stored.ts'
import { runClient } from './clients/run-client.ts'
import { storedRows } from './clients/stored.ts'

const ways: readonly Way[] = [
  { exporter: 'otlp', compression: 'none' },
  { exporter: 'otlp', compression: 'gzip' },
  { exporter: 'otlp_http', compression: 'none', encoding: 'proto' },
  { exporter: 'otlp_http', compression: 'gzip', encoding: 'proto' },
  { exporter: 'otlp_http', compression: 'zstd', encoding: 'proto' },
  { exporter: 'otlp_http', compression: 'deflate', encoding: 'proto' },
  { exporter: 'otlp_http', compression: 'zlib', encoding: 'proto' },
  { exporter: 'otlp_http', compression: 'none', encoding: 'json' },
  { exporter: 'otlp_http', compression: 'gzip', encoding: 'json' },
  { exporter: 'otlp_http', compression: 'zstd', encoding: 'json' },
]

/** Compressions that OTLP does not demand and Davy does not know, and what the Collector then says of it. */
const refusedWays: readonly (readonly [Way, RegExp])[] = [
  [{ exporter: 'otlp', compression: 'zstd' }, /Unimplemented.*zstd/],
  [
    { exporter: 'otlp_http', compression: 'snappy' },
    /415.*expected gzip, deflate, zlib, zstd or identity, got .*snappy/,
  ],
]

const [directory, removeDirectory] = temporaryDirectory()
const data = join(directory, 'data')
let davy: Davy
let collector: Collector
beforeAll(async () => {
  davy = await startDavy({ DAVY_STORAGE_URL: `chdb:${data}` })
  collector = await startCollector(directory, [...ways, ...refusedWays.map(([way]) => way)], davy)
})
afterAll(async () => {
  await collector?.stop()
  await davy?.stop()
  removeDirectory()
})

describe('the Collector forwards what an SDK sends, and every column holds it', () => {
  const cases = ways.map((way) => [`${way.exporter} ${way.compression} ${way.encoding ?? ''}`.trim(), way] as const)
  test.concurrent.each(cases)('%s', async (name, way) => {
    const run = await runClient('go', 'http/protobuf', collector.urls[ways.indexOf(way)]!, `via ${name}`)
    expect(run.sent.errors).toEqual([])
    await expectStored(data, run, habits.go)
  })

  test('and it had nothing to complain of', () => {
    expect(collector.logs.filter((line) => /\t(warn|error)\t/.test(line))).toEqual([])
  })

  test('a summary, which no SDK makes', async () => {
    const now = BigInt(Date.now() - 1000) * 1_000_000n
    const point = {
      attributes: [{ key: 'http.route', value: { stringValue: '/größe' } }],
      startTimeUnixNano: String(now - 5n),
      timeUnixNano: String(now + 7n),
      count: '5',
      sum: 12.5,
      quantileValues: [
        { quantile: 0.5, value: 2.25 },
        { quantile: 1, value: 7 },
      ],
    }
    const metric = { name: 'gc', description: 'Pausen', unit: 's', summary: { dataPoints: [point] } }
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'summarized' } }] }
    const scope = { name: 'own', version: '2', attributes: [{ key: 'tags', value: { arrayValue: {} } }] }
    const scopeMetrics = [{ scope, schemaUrl: 'https://example.test/s', metrics: [metric] }]
    const response = await fetch(`${collector.urls[0]}/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceMetrics: [{ resource, schemaUrl: 'https://example.test/r', scopeMetrics }] }),
    })
    expect(response.status).toBe(200)
    expect(await rowsOf(data, 'otel_metrics_summary', 'summarized', 'TimeUnix', 1)).toEqual([
      {
        ResourceAttributes: { 'service.name': 'summarized' },
        ResourceSchemaUrl: 'https://example.test/r',
        ScopeName: 'own',
        ScopeVersion: '2',
        ScopeAttributes: { tags: '[]' },
        ScopeDroppedAttrCount: 0,
        ScopeSchemaUrl: 'https://example.test/s',
        ServiceName: 'summarized',
        MetricName: 'gc',
        MetricDescription: 'Pausen',
        MetricUnit: 's',
        Attributes: { 'http.route': '/größe' },
        StartTimeUnix: point.startTimeUnixNano,
        TimeUnix: point.timeUnixNano,
        Count: '5',
        Sum: 12.5,
        'ValueAtQuantiles.Quantile': [0.5, 1],
        'ValueAtQuantiles.Value': [2.25, 7],
        Flags: 0,
      },
    ])
  })
})

test.each(refusedWays)('what comes by %o is refused, counted, and the Collector says why', async (way, words) => {
  const url = collector.urls[ways.length + refusedWays.findIndex(([each]) => each === way)]!
  await runClient('go', 'http/protobuf', url, 'refused')
  await until(async () => collector.logs.some((line) => words.test(line)), String(words))
  expect(await storedRows(data, 'otel_traces', 'refused', 'Timestamp')).toEqual([])
  const outcome = way.exporter === 'otlp' ? 'not_received' : 'unsupported_encoding'
  const counted = new RegExp(`davy_ingest_requests_total\\{signal="traces",.*outcome="${outcome}"\\} [1-9]`)
  // The line may be about another signal than the spans, which are on their way then.
  await until(async () => counted.test(await (await fetch(`${davy.url}/metrics`)).text()), String(counted))
})
