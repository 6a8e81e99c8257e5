import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, constants } from 'node:http2'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Client, compressionAlgorithms, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { context, logs, metrics, propagation, SpanKind, trace } from '@opentelemetry/api'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { InFlight } from '../../src/engine/ingest/in-flight.ts'
import { OtlpGrpc } from '../../src/http/otlp-grpc.ts'
import { hashToken, type Role } from '../../src/platform/tokens.ts'
import { openStorage } from '../../src/storage/open-storage.ts'
import { type Davy, protobufTraces, type RequestSpan, startDavy, until, untilStored } from '../davy.ts'
import { sdkBodies } from '../receivers/otlp/sdk-bodies.ts'
import { temporaryDirectory } from '../storage/opened.ts'

const services = { traces: 'trace.v1.TraceService', logs: 'logs.v1.LogsService', metrics: 'metrics.v1.MetricsService' }
const maxBytes = 1024 * 1024

type Answered = { readonly code: status; readonly details: string; readonly metadata: Metadata; readonly body: Buffer }
type Call = { signal?: keyof typeof services; headers?: Record<string, string>; gzip?: boolean; path?: string }

/** One call over a connection of its own, as a client without an SDK makes it. */
function exportTo(url: string, body: Uint8Array, call: Call = {}): Promise<Answered> {
  const algorithm = call.gzip ? compressionAlgorithms.gzip : compressionAlgorithms.identity
  const client = new Client(new URL(url).host.replace('0.0.0.0', '127.0.0.1'), credentials.createInsecure(), {
    'grpc.default_compression_algorithm': algorithm,
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
  })
  const path = call.path ?? `/opentelemetry.proto.collector.${services[call.signal ?? 'traces']}/Export`
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(call.headers ?? {})) metadata.set(name, value)
  const asItIs = (bytes: Buffer) => bytes
  return new Promise((resolve) => {
    const answered = (error: ServiceError | null, answer?: Buffer) => {
      client.close()
      if (error === null) resolve({ code: status.OK, details: '', metadata: new Metadata(), body: answer! })
      else resolve({ code: error.code, details: error.details, metadata: error.metadata, body: Buffer.alloc(0) })
    }
    const deadline = Date.now() + 20_000
    client.makeUnaryRequest(path, asItIs, asItIs, Buffer.from(body), metadata, { deadline }, answered)
  })
}

function requests(service: string, count: number, span: Partial<RequestSpan> = {}): RequestSpan[] {
  return Array.from({ length: count }, () => ({ service, version: '1', endAt: Date.now() - 5000, ...span }))
}

async function versionsOf(davy: Davy, service: string) {
  const response = await fetch(`${davy.url}/api/v1/services/${service}`)
  return response.status === 200 ? ((await response.json()) as { versions: object[] }).versions : null
}

async function counted(davy: Davy, signal: string, outcome: string): Promise<number> {
  const text = await (await fetch(`${davy.url}/metrics`)).text()
  const line = `davy_ingest_requests_total{signal="${signal}",protocol="otlp-grpc",outcome="${outcome}"} `
  return Number(
    text
      .split('\n')
      .find((each) => each.startsWith(line))
      ?.slice(line.length) ?? 0,
  )
}

/** Three spans, two log records and a counter, sent by the SDK as its environment variables alone tell it. */
async function sendBySdk(url: string, service: string, compression: string): Promise<void> {
  const environment = {
    OTEL_SERVICE_NAME: service,
    OTEL_RESOURCE_ATTRIBUTES: 'service.version=3.1',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_COMPRESSION: compression,
  }
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  const sdk = new NodeSDK()
  sdk.start()
  const tracer = trace.getTracer('test')
  for (const name of ['GET /', 'GET /', 'POST /pay']) tracer.startSpan(name, { kind: SpanKind.SERVER }).end()
  for (const body of ['one', 'two']) logs.getLogger('test').emit({ body, severityNumber: 9 })
  metrics.getMeter('test').createCounter('orders').add(7)
  await sdk.shutdown()
  // Davy lies in the same process, and its own requests are not to be told.
  for (const api of [trace, context, propagation, metrics, logs]) api.disable()
  vi.unstubAllEnvs()
}

describe('what the SDK sends with OTEL_EXPORTER_OTLP_PROTOCOL=grpc', () => {
  test.each(['none', 'gzip'])('compression %s: all three signals are stored', async (compression) => {
    const [directory, remove] = temporaryDirectory()
    const storageUrl = `chdb:${join(directory, 'data')}`
    const davy = await startDavy({ DAVY_STORAGE_URL: storageUrl })
    try {
      await sendBySdk(davy.otlpGrpcUrl, 'by-sdk', compression)
      await untilStored(davy, 'by-sdk', 3)
      expect(await versionsOf(davy, 'by-sdk')).toMatchObject([{ version: '3.1', requests: 3, errors: 0 }])
      for (const signal of Object.keys(services)) expect(await counted(davy, signal, 'accepted')).toBeGreaterThan(0)
    } finally {
      await davy.stop()
    }
    const { storage } = await openStorage(storageUrl)
    const rows = await storage
      .query(`
      SELECT * FROM (
      SELECT 'log' AS what, Body AS value FROM otel_logs WHERE ServiceName = 'by-sdk'
      UNION ALL SELECT 'sum', toString(Value) FROM otel_metrics_sum WHERE ServiceName = 'by-sdk' AND MetricName = 'orders'
      UNION ALL SELECT 'span', SpanName FROM otel_traces WHERE ServiceName = 'by-sdk')
      ORDER BY what, value`)
      .finally(async () => {
        await storage.close()
        remove()
      })
    expect(rows).toEqual([
      { what: 'log', value: 'one' },
      { what: 'log', value: 'two' },
      { what: 'span', value: 'GET /' },
      { what: 'span', value: 'GET /' },
      { what: 'span', value: 'POST /pay' },
      { what: 'sum', value: '7' },
    ])
  })
})

describe('one call', () => {
  let davy: Davy
  beforeAll(async () => {
    davy = await startDavy({
      DAVY_INGEST_MAX_BODY_BYTES: String(maxBytes),
      DAVY_INGEST_MAX_DECOMPRESSED_BYTES: String(maxBytes),
    })
  })
  afterAll(() => davy?.stop())
  const send = (body: Uint8Array, call?: Call) => exportTo(davy.otlpGrpcUrl, body, call)

  test.each([false, true])('is stored and answered with an empty message (gzip %s)', async (gzip) => {
    const before = await counted(davy, 'traces', 'accepted')
    const service = `plain-${gzip}`
    expect(await send(protobufTraces(requests(service, 3)), { gzip })).toMatchObject({ code: status.OK, details: '' })
    await untilStored(davy, service, 3)
    expect(await versionsOf(davy, service)).toMatchObject([{ requests: 3, errors: 0, pods: 1 }])
    expect(await counted(davy, 'traces', 'accepted')).toBe(before + 1)
  })

  test('of each signal, and of nothing at all, is a full success', async () => {
    const bodies = await sdkBodies(Date.now())
    for (const signal of ['traces', 'logs', 'metrics'] as const) {
      for (const body of [bodies[signal].protobuf, new Uint8Array(0)]) {
        const answer = await send(body, { signal })
        expect(answer).toMatchObject({ code: status.OK, details: '' })
        expect(answer.body.length).toBe(0)
      }
    }
  })

  test('tells of the spans that were left out', async () => {
    const spans = [...requests('partial', 3), ...requests('partial', 2, { endAt: Date.now() + 2 * 3_600_000 })]
    const { code, body } = await send(protobufTraces(spans))
    expect(code).toBe(status.OK)
    // partial_success, within it rejected_spans = 2, then the message.
    expect(body[0]).toBe(0x0a)
    expect(body.includes(Buffer.from([0x08, 2, 0x12]))).toBe(true)
    await untilStored(davy, 'partial', 3)
    expect(await versionsOf(davy, 'partial')).toMatchObject([{ requests: 3 }])
  })

  test.each([
    ['random bytes', Buffer.from('ff00deadbeef4242424242', 'hex')],
    ['a truncated body', protobufTraces(requests('refused', 5)).subarray(0, -7)],
    ['JSON', Buffer.from('{"resourceSpans":[]}')],
  ])('with %s is INVALID_ARGUMENT, and says what was expected, what came and where', async (_name, body) => {
    const before = await counted(davy, 'traces', 'bad_otlp')
    const answer = await send(body)
    expect(answer.code).toBe(status.INVALID_ARGUMENT)
    expect(answer.details).toMatch(/expected .+, got .+ at byte \d+/)
    expect(await counted(davy, 'traces', 'bad_otlp')).toBe(before + 1)
    expect(await versionsOf(davy, 'refused')).toBeNull()
  })

  test.each([
    ['plain', Buffer.alloc(maxBytes + 1), false],
    ['a bomb in gzip', Buffer.alloc(64 * maxBytes), true],
  ])('that is too large (%s) is RESOURCE_EXHAUSTED without leave to retry, and counted', async (_name, body, gzip) => {
    const before = await counted(davy, 'traces', 'not_received')
    const answer = await send(body, { gzip })
    expect(answer.code).toBe(status.RESOURCE_EXHAUSTED)
    expect(answer.details).toContain(String(maxBytes))
    expect(answer.metadata.get('grpc-status-details-bin')).toEqual([])
    await until(async () => (await counted(davy, 'traces', 'not_received')) === before + 1, 'the counter')
  })

  test('to another method is UNIMPLEMENTED', async () => {
    expect((await send(Buffer.alloc(0), { path: '/grpc.health.v1.Health/Check' })).code).toBe(status.UNIMPLEMENTED)
  })
})

// Exporters give an export 10 s with all its retries, and drop it at once when they are told to wait for longer.
test('with a full backlog a call is UNAVAILABLE, over HTTP 429, and says to come again in 2 s', async () => {
  const davy = await startDavy({ DAVY_INGEST_SEGMENT_MAX_BYTES: '4096', DAVY_INGEST_BACKLOG_MAX_BYTES: '4096' })
  try {
    const answer = await exportTo(davy.otlpGrpcUrl, protobufTraces(requests('late', 200)))
    expect(answer.code).toBe(status.UNAVAILABLE)
    expect(answer.details).toContain('expected a backlog of at most 4096 bytes')
    const [details] = answer.metadata.get('grpc-status-details-bin') as Buffer[]
    // Status.code = 14; and in its details an Any of RetryInfo{retry_delay: {seconds: 2, nanos: 0}}.
    expect([...details!.subarray(0, 2)]).toEqual([0x08, 14])
    const type = Buffer.from('type.googleapis.com/google.rpc.RetryInfo')
    const any = [0x0a, type.length, ...type, 0x12, 6, 0x0a, 4, 0x08, 2, 0x10, 0]
    expect([...details!.subarray(-any.length - 2)]).toEqual([0x1a, any.length, ...any])
    expect(await counted(davy, 'traces', 'overloaded')).toBe(1)
    const overHttp = await fetch(`${davy.otlpUrl}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: new Uint8Array(protobufTraces(requests('late', 200))),
    })
    expect([overHttp.status, overHttp.headers.get('retry-after')]).toEqual([429, '2'])
    expect(await versionsOf(davy, 'late')).toBeNull()
  } finally {
    await davy.stop()
  }
})

test('with tokens a call needs the role ingest, by Bearer or Basic', async () => {
  const [directory, remove] = temporaryDirectory()
  const tokensFile = join(directory, 'tokens.yaml')
  const secret = (role: Role) => `davy_${role}-token-of-this-test`
  const line = (role: Role) => `- {name: my-${role}, role: ${role}, hash: "${hashToken(secret(role))}"}\n`
  writeFileSync(tokensFile, line('ingest') + line('viewer') + line('admin'))
  const davy = await startDavy({ DAVY_HOST: '0.0.0.0', DAVY_TOKENS_FILE: tokensFile })
  try {
    const body = protobufTraces(requests('guarded', 1))
    const send = async (authorization?: string, bytes: Uint8Array = body) =>
      exportTo(davy.otlpGrpcUrl, bytes, authorization === undefined ? {} : { headers: { authorization } })
    const basic = Buffer.from(`any:${secret('ingest')}`).toString('base64')
    expect((await send()).code).toBe(status.UNAUTHENTICATED)
    expect((await send('Bearer davy_unknown')).code).toBe(status.UNAUTHENTICATED)
    const viewer = await send(`Bearer ${secret('viewer')}`)
    expect(viewer.code).toBe(status.PERMISSION_DENIED)
    expect(viewer.details).toContain('expected a token with the role ingest, got the role viewer')
    for (const good of [`Bearer ${secret('ingest')}`, `Basic ${basic}`, `Bearer ${secret('admin')}`]) {
      expect((await send(good)).code).toBe(status.OK)
    }
    // Refused before it is read: what it holds, or how much, does not matter.
    expect((await send(undefined, Buffer.alloc(8 * maxBytes, 0xff))).code).toBe(status.UNAUTHENTICATED)
  } finally {
    await davy.stop()
    remove()
  }
})

test('where its port is taken Davy does not start, and names the variable', async () => {
  const taken = createServer()
  const port = await new Promise<number>((resolve) => {
    taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port))
  })
  await expect(startDavy({ DAVY_OTLP_GRPC_PORT: String(port) })).rejects.toThrow(
    `DAVY_OTLP_GRPC_PORT: expected a port that can be listened on, got ${port}, where something listens already`,
  )
  await new Promise((resolve) => taken.close(resolve))
})

test('a client that stays connected does not hold up the stop, and is refused afterwards', async () => {
  const davy = await startDavy()
  const client = new Client(new URL(davy.otlpGrpcUrl).host, credentials.createInsecure())
  await new Promise((resolve, reject) => {
    client.waitForReady(Date.now() + 10_000, (error) => (error === undefined ? resolve(null) : reject(error)))
  })
  await davy.stop()
  client.close()
  expect((await exportTo(davy.otlpGrpcUrl, Buffer.alloc(0))).code).toBe(status.UNAVAILABLE)
})

type Serving = { readonly inFlight: InFlight; readonly patienceMs?: number; readonly connectionAgeMs?: number }

/** The receiver alone, and a connection to it that begins calls and ends none; `counts` has what it counted. */
async function serve({ inFlight, patienceMs = 60_000, connectionAgeMs = 60_000 }: Serving) {
  const ingestLimits = { maxBodyBytes: inFlight.maxBytes, maxDecompressedBytes: inFlight.maxBytes }
  const counts: object[] = []
  const inc = (labels: object) => void counts.push(labels)
  const receiving = { inFlight, ingestLimits, metrics: { requestErrors: { inc }, ingestRequests: { inc } } }
  const times = { patienceMs, connectionAgeMs }
  const server = new OtlpGrpc(receiving as unknown as ConstructorParameters<typeof OtlpGrpc>[0], null, times)
  const client = connect(await server.listen('127.0.0.1', 0, 'DAVY_OTLP_GRPC_PORT'))
  const path = `/opentelemetry.proto.collector.${services.traces}/Export`
  const begin = () =>
    client.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' })
  const stop = async () => {
    client.destroy()
    await server.close(0)
  }
  return { client, begin, counts, stop }
}

// A gRPC message of four bytes that comes whole, in a call that the client never ends, is no whole call either.
test.each([
  ['its headers', null],
  ['its message', Buffer.from([0, 0, 0, 0, 4, 1, 2, 3, 4])],
])('a call that stalls after %s is ended, and what it reserved is free again', async (_what, sent) => {
  const inFlight = new InFlight(2 ** 20)
  const { begin, counts, stop } = await serve({ inFlight, patienceMs: 200 })
  try {
    const call = begin()
    if (sent !== null) call.write(sent)
    const answered = once(call, 'response')
    await until(async () => inFlight.bytes > 0, 'the reservation')
    const [headers] = await answered
    expect(headers['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED))
    expect(inFlight.bytes).toBe(0)
    expect(counts).toEqual([
      { code: 'BODY_TIMEOUT' },
      { signal: 'traces', protocol: 'otlp-grpc', outcome: 'body_timeout' },
    ])
  } finally {
    await stop()
  }
})

test('a call that comes counts for 4 MiB before anything of it is known; what is too much is asked to come again', async () => {
  const inFlight = new InFlight(8 * 2 ** 20)
  const { begin, stop } = await serve({ inFlight })
  try {
    for (const call of [begin(), begin()]) call.on('error', () => {})
    await until(async () => inFlight.bytes === 8 * 2 ** 20, 'two reservations')
    const [headers] = await once(begin(), 'response')
    expect(headers['grpc-status']).toBe(String(status.UNAVAILABLE))
    expect(Buffer.from(String(headers['grpc-status-details-bin']), 'base64').toString()).toContain('RetryInfo')
    expect(inFlight.bytes).toBe(8 * 2 ** 20)
  } finally {
    await stop()
  }
})

test('a sender keeps what is more than 32 calls to itself', async () => {
  const { client, stop } = await serve({ inFlight: new InFlight(2 ** 20) })
  try {
    const [settings] = await once(client, 'remoteSettings')
    expect(settings.maxConcurrentStreams).toBe(32)
  } finally {
    await stop()
  }
})

test('a connection is ended after a while, and the calls under way on it are not', async () => {
  const { client, begin, stop } = await serve({
    ...{ inFlight: new InFlight(2 ** 20), patienceMs: 600, connectionAgeMs: 200 },
  })
  try {
    const call = begin()
    const answered = once(call, 'response')
    const closed = once(client, 'close')
    const [code] = await once(client, 'goaway')
    expect(code).toBe(constants.NGHTTP2_NO_ERROR)
    const [headers] = await answered
    expect(headers['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED))
    call.destroy()
    await closed
  } finally {
    await stop()
  }
})
