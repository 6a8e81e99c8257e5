import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Davy, protobufTraces, startDavy } from '../davy.ts'
import { temporaryDirectory } from '../storage/opened.ts'
import { type Collector, startCollector, type Way } from './clients/collector.ts'
import { expectStored, habits } from './clients/expect-stored.ts'
import { type Protocol, runClient, type Sdk } from './clients/run-client.ts'

const ways: readonly Way[] = [
  { exporter: 'otlp', compression: 'gzip' },
  { exporter: 'otlp_http', compression: 'gzip' },
]
/** So much that beside it there is no room in the backlog for anything, until its segment is stored. */
const filling = protobufTraces(
  Array.from({ length: 1000 }, () => ({ service: 'filling', version: '1', endAt: Date.now() })),
)

const [directory, removeDirectory] = temporaryDirectory()
const data = join(directory, 'data')
let davy: Davy
let collector: Collector
beforeAll(async () => {
  davy = await startDavy({
    DAVY_STORAGE_URL: `chdb:${data}`,
    DAVY_INGEST_SEGMENT_MAX_AGE_MS: '4000',
    DAVY_INGEST_SEGMENT_MAX_BYTES: String(filling.length + 1000),
    DAVY_INGEST_BACKLOG_MAX_BYTES: String(filling.length + 1000),
  })
  collector = await startCollector(directory, ways, davy)
})
afterAll(async () => {
  await collector?.stop()
  await davy?.stop()
  removeDirectory()
})

async function overloaded(protocol: string): Promise<number> {
  const text = await (await fetch(`${davy.url}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line.includes(`protocol="${protocol}",outcome="overloaded"`))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

test('who is sent away while the backlog is full comes again and delivers everything, once', async () => {
  const filled = await fetch(`${davy.otlpUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(filling),
  })
  expect(filled.status).toBe(200)
  // With the timeouts that each SDK has by itself. The one for Node does not retry over gRPC.
  const clients: readonly (readonly [Sdk, Protocol, string])[] = [
    ['go', 'http/protobuf', davy.otlpUrl],
    ['go', 'grpc', davy.otlpGrpcUrl],
    ['go', 'http/protobuf', collector.urls[0]!],
    ['go', 'http/protobuf', collector.urls[1]!],
    ['node', 'http/json', davy.otlpUrl],
    ['node', 'http/protobuf', davy.otlpUrl],
    ['python', 'http/protobuf', davy.otlpUrl],
    ['python', 'grpc', davy.otlpGrpcUrl],
  ]
  const runs = await Promise.all(
    clients.map(([sdk, protocol, url], index) => runClient(sdk, protocol, url, `sent-away-${index}`)),
  )
  expect(await overloaded('otlp-http')).toBeGreaterThan(2)
  expect(await overloaded('otlp-grpc')).toBeGreaterThan(2)
  for (const [index, run] of runs.entries()) {
    const [sdk] = clients[index]!
    // Python speaks of each retry; what else there is to say would be a failure.
    expect(run.sent.errors.filter((line) => !line.includes('retrying in'))).toEqual([])
    for (const results of Object.values(run.sent.results ?? {})) expect(results).not.toContain(false)
    await expectStored(data, run, habits[sdk])
  }
})
