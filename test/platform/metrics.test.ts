import { afterAll, beforeAll, expect, test } from 'vitest'
import { createMetrics } from '../../src/platform/metrics.ts'
import { inSpan, startContext } from './span-context.ts'

const openMetrics = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5'
const build = { version: '1.2.3', publicUrl: 'https://davy.example.com' }

let tracing: ReturnType<typeof startContext>
beforeAll(() => {
  tracing = startContext()
})
afterAll(() => tracing.stop())

test('OpenMetrics is given to who asks for it, the text format with its version to all others', async () => {
  const metrics = createMetrics(build)
  const asked = await metrics.render(openMetrics)
  expect(asked.contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
  expect(asked.body.endsWith('# EOF\n')).toBe(true)
  for (const accept of [undefined, '*/*', 'text/html']) {
    const other = await metrics.render(accept)
    expect(other.contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(other.body).not.toContain('# EOF')
  }
})

test('both formats hold the same counters, also when they are asked for at once and in turn', async () => {
  const metrics = createMetrics(build)
  metrics.verdicts.inc({ ...metrics.unitLabels('checkout', 'production'), verdict: 'rollback' })
  const accepts = [undefined, openMetrics, undefined, openMetrics, undefined]
  const bodies = await Promise.all(accepts.map(async (accept) => (await metrics.render(accept)).body))
  const sample = 'davy_verdicts_total{service="checkout",environment="production",verdict="rollback"} 1'
  for (const body of bodies) expect(body.split('\n')).toContain(sample)
  expect(bodies[2]).toContain('# TYPE davy_verdicts_total counter')
  expect(bodies[3]).toContain('# TYPE davy_verdicts counter')
})

test('a request in a sampled span leaves its trace as exemplar, in OpenMetrics only', async () => {
  const metrics = createMetrics(build)
  inSpan(1, () => metrics.observeRequest('GET', '/livez', 200, 0.003))
  const exemplar = `trace_id="${'a'.repeat(32)}"`
  expect((await metrics.render(openMetrics)).body).toContain(exemplar)
  expect((await metrics.render(undefined)).body).not.toContain(exemplar)
})

test('a request outside a span, or in one that nobody stores, leaves none', async () => {
  const metrics = createMetrics(build)
  inSpan(0, () => metrics.observeRequest('GET', '/livez', 200, 0.003))
  metrics.observeRequest('GET', '/livez', 503, 0.003)
  const { body } = await metrics.render(openMetrics)
  expect(body).not.toContain('trace_id')
  expect(body).toContain(
    'http_server_request_duration_seconds_count{http_request_method="GET",http_route="/livez",http_response_status_code="503"} 1',
  )
})

test('what runs is a series, and every problem code exists before its first problem', async () => {
  const { body } = await createMetrics(build).render(undefined)
  const labels = `version="1.2.3",node_version="${process.version}",public_url="https://davy.example.com"`
  expect(body).toContain(`davy_build_info{${labels}} 1`)
  expect(body).toContain('davy_request_errors_total{code="STORAGE_DOWN"} 0')
  expect(body).toContain('process_cpu_user_seconds_total')
})

test('services beyond the five hundredth are counted together', () => {
  const { unitLabels } = createMetrics(build)
  for (let index = 0; index < 500; index++) unitLabels(`service-${index}`, 'production')
  expect(unitLabels('service-7', 'production').service).toBe('service-7')
  expect(unitLabels('service-7', 'staging')).toEqual({ service: 'other', environment: 'other' })
})
