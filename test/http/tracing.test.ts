import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { context, propagation, trace } from '@opentelemetry/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Davy, sendSpans, startDavy } from '../davy.ts'
import { type Answer, callerOf } from './client.ts'

type Span = {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly kind: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly status: { readonly code?: number }
}

const caller = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }

let sink: Server
let spans: readonly Span[]
let davy: Davy
let refused: Answer
let broken: Answer
let metrics: string

/** All that Davy was asked in this file, with what it sent of it to a real OTLP endpoint until it had stopped. */
beforeAll(async () => {
  const bodies: string[] = []
  sink = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    bodies.push(body)
    response.end('{}')
  })
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`
  davy = await startDavy({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })
  const call = callerOf(davy)
  const traceparent = `00-${caller.traceId}-${caller.spanId}-01`
  const registration = { service: 'traced', canary: { version: '2' }, baseline: { version: '1' } }
  await call('POST', '/api/v1/deployments?key=hunter2', registration, { traceparent, 'user-agent': 'rollouts/1' })
  await call('GET', '/api/v1/deployments/01JUNKNOWN/verdict')
  refused = await call('POST', '/api/v1/deployments', { ...registration, service: 'other', template: 'gold' })
  broken = await call('POST', '/api/v1/deployments', '{"service":')
  await call('GET', '/no/such/path')
  await call('PUT', '/api/v1/kill-switch', { on: false, reason: 'a test' })
  await sendSpans(davy, [{ service: 'traced', version: '1', endAt: Date.now() - 1000 }])
  metrics = (await call('GET', '/metrics', undefined, { accept: 'application/openmetrics-text' })).text
  await davy.stop()
  spans = bodies.flatMap((body) => spansOf(JSON.parse(body)))
})

afterAll(() => {
  trace.disable()
  context.disable()
  propagation.disable()
  sink.close()
})

type Export = {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[] }[]
}
type RawSpan = Omit<Span, 'attributes'> & {
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[]
}

function spansOf(body: Export): Span[] {
  const raw = body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))
  return raw.map((span) => ({
    ...span,
    attributes: Object.fromEntries(span.attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
  }))
}

const requests = () => spans.filter(({ attributes }) => attributes['http.request.method'] !== undefined)
const named = (name: string) => requests().filter((span) => span.name === name)

test('each request is a SERVER span after the semantic conventions, below its caller', () => {
  const [first] = named('POST /api/v1/deployments')
  expect(first).toMatchObject({
    traceId: caller.traceId,
    parentSpanId: caller.spanId,
    kind: 2,
    status: {},
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/api/v1/deployments',
      'http.response.status_code': 201,
      'url.path': '/api/v1/deployments',
      'url.scheme': 'http',
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(davy.url).port),
      'client.address': '127.0.0.1',
      'network.protocol.version': '1.1',
      'user_agent.original': 'rollouts/1',
    },
  })
  expect(JSON.stringify(spans)).not.toContain('hunter2')
})

test('a route is named by its pattern, an unknown path by its method alone, and a 4xx is no failure of ours', () => {
  expect(named('GET /api/v1/deployments/:id/verdict')).toMatchObject([
    { status: {}, attributes: { 'http.response.status_code': 404, 'url.path': expect.stringContaining('01JUNKNOWN') } },
  ])
  const [unknown] = named('GET')
  expect(unknown!.attributes).toMatchObject({ 'url.path': '/no/such/path', 'http.response.status_code': 404 })
  expect(unknown!.attributes).not.toHaveProperty('http.route')
  expect(requests().filter(({ status }) => status.code === 2)).toEqual([])
})

test('there is none for telemetry that comes in', () => {
  expect(
    requests()
      .map(({ name }) => name)
      .sort(),
  ).toEqual([
    'GET',
    'GET /api/v1/deployments/:id/verdict',
    'GET /metrics',
    'POST /api/v1/deployments',
    'POST /api/v1/deployments',
    'POST /api/v1/deployments',
    'PUT /api/v1/kill-switch',
  ])
})

test('a problem, the log and an exemplar name the trace, also after a body was read', () => {
  const traces = requests().map(({ traceId }) => traceId)
  for (const { body } of [refused, broken]) {
    expect(body.traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(traces).toContain(body.traceId)
  }
  const line = davy.logs.map((each) => JSON.parse(each)).find(({ msg }) => msg === 'the kill switch was set')
  expect(traces).toContain(line.trace_id)
  expect(metrics).toMatch(
    new RegExp(`http_route="/api/v1/deployments",http_response_status_code="201".*# \\{.*trace_id="${caller.traceId}"`),
  )
})

test('its own ports are refused as the place for its traces, before it starts', async () => {
  const start = startDavy({ DAVY_PORT: '18931', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:18931' })
  await expect(start).rejects.toThrow('another OTLP endpoint than Davy itself')
  const otlp = startDavy({ DAVY_OTLP_HTTP_PORT: '18932', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:18932' })
  await expect(otlp).rejects.toThrow('another OTLP endpoint than Davy itself')
})
