import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { context, propagation, trace } from '@opentelemetry/api'
import { afterEach, expect, test } from 'vitest'
import { isOwnIngest, startTracing, withSpan } from '../../src/platform/tracing.ts'

const own = {
  host: '127.0.0.1',
  port: 8080,
  otlpHttpPort: 4318,
  otlpGrpcPort: 4317,
  publicUrl: 'https://davy.example.com',
}
const machine = ['build-7', '10.1.2.3']

afterEach(() => {
  trace.disable()
  context.disable()
  propagation.disable()
})

test.each([
  ['http://localhost:4318/v1/traces', true],
  ['http://127.0.0.2:8080/v1/traces', true],
  ['http://[::1]:4317', true],
  ['http://10.1.2.3:4318/v1/traces', true],
  ['http://BUILD-7:4318/v1/traces', true],
  ['https://davy.example.com/v1/traces', true],
  ['http://davy.example.com:4318/v1/traces', true],
  ['http://localhost:14318/v1/traces', false],
  ['http://tempo:4318/v1/traces', false],
  ['https://tempo.example.com/v1/traces', false],
])('%s is Davy itself: %s', (endpoint, expected) => {
  expect(isOwnIngest(new URL(endpoint), own, machine)).toBe(expected)
})

test('sending traces to itself, or to no URL, stops the start', () => {
  const start = (tracesEndpoint: string) => () => startTracing({ ...own, tracesEndpoint })
  expect(start('http://localhost:4318/v1/traces')).toThrow('another OTLP endpoint than Davy itself')
  expect(start('tempo:4318')).toThrow('expected an http or https URL')
})

test('without an endpoint nothing is started and spans cost nothing', async () => {
  const tracing = startTracing({ ...own, tracesEndpoint: null })
  const isRecording = await withSpan('davy.look', {}, async (span) => span.isRecording())
  expect(isRecording).toBe(false)
  await tracing.stop()
})

test('spans arrive at the endpoint at the latest when tracing stops, failed ones as failed', async () => {
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    bodies.push(`${request.url} ${body}`)
    response.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const tracing = startTracing({ ...own, tracesEndpoint: `http://127.0.0.1:${port}/v1/traces` })
  await withSpan('davy.look', { 'deployment.id': '01J' }, async () => {})
  await expect(withSpan('davy.deliver', {}, () => Promise.reject(new Error('no answer')))).rejects.toThrow('no answer')
  await tracing.stop()
  server.close()
  const sent = bodies.join('\n')
  expect(sent).toContain('/v1/traces ')
  expect(sent).toContain('"davy.look"')
  expect(sent).toContain('"deployment.id"')
  expect(sent).toMatch(/"davy\.deliver".*no answer.*"status":\{"code":2/s)
  expect(sent).toContain('"service.name"')
})
