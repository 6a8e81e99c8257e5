import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Explanation } from '../../src/domain/explanation.ts'
import type { Verdict } from '../../src/domain/verdict.ts'
import { type Davy, startDavy } from '../davy.ts'
import { quick } from '../engine/lab.ts'
import { conventionalBounds } from '../engine/metric-requests.ts'
import { callOf } from '../http/client.ts'
import { random } from '../stats/random.ts'
import { keyValues } from '../storage/store-otlp.ts'
import { nextId, type SentSpan, sendTraces, until } from './sent-traces.ts'

const minutes = 4
const end = Math.floor(Date.now() / 10_000) * 10_000 - 20_000
const start = end - minutes * 60_000
const template = {
  ...quick,
  name: 'by-metrics',
  metrics: quick.metrics.map((metric) => ({
    ...metric,
    source: 'metrics',
    ...(metric.kind === 'distribution' ? { margin: 1.25, promoteMargin: 3 } : {}),
  })),
}

let davy: Davy
const call = <T>(method: string, path: string, body?: object): Promise<T> => callOf<T>(davy, method, path, body)

beforeAll(async () => {
  davy = await startDavy()
  await call('PUT', '/api/v1/templates/by-metrics', template)
  await call('PUT', '/api/v1/templates/by-spans', { ...quick, name: 'by-spans' })
})
afterAll(() => davy.stop())

async function send(path: string, body: object) {
  const response = await fetch(`${davy.otlpUrl}${path}`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  })
  expect(response.status).toBe(200)
}

const resourceOf = (service: string, version: string, pod: number) => ({
  ...{ 'service.name': service, 'service.version': version, 'k8s.pod.name': `${service}-${version}-${pod}` },
})

/** Rolls the release out, waits for its rollback, and for what Davy found about it. */
async function rolledBack(service: string, name: string) {
  await until(
    async () => (await fetch(`${davy.url}/metrics`)).text(),
    (told) => /^davy_ingest_backlog_bytes 0$/m.test(told),
  )
  const { id } = await call<{ id: string }>('POST', '/api/v1/deployments', {
    ...{ service, canary: { version: '2' }, baseline: { version: '1' }, template: name },
    startedAt: new Date(start).toISOString(),
  })
  const verdict = await until(
    () => call<Verdict>('GET', `/api/v1/deployments/${id}/verdict`),
    ({ final }) => final,
  )
  expect(verdict).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' } })
  const { explanation } = await until(
    () => call<{ explanation: Explanation | null }>('GET', `/api/v1/deployments/${id}/explanation`),
    ({ explanation: made }) => made?.verdictId === verdict.id,
  )
  const page = await (await fetch(`${davy.url}/deployments/${id}`)).text()
  return { explanation: explanation!, page }
}

describe('what a rollback comes from', () => {
  test('is told by logs, where spans do not say who was served', async () => {
    const service = 'billing'
    for (const version of ['1', '2']) {
      const source = random(Number(version))
      const pods = [0, 1, 2].map((pod) => {
        const requests = Array.from({ length: minutes * 600 }, (_, index) => {
          const tier = source.uniform() < 0.3 ? 'gold' : 'free'
          const failed = source.uniform() < (version === '2' && tier === 'gold' ? 0.4 : 0.01)
          return { traceId: nextId(32), at: start + index * 100 + 50, tier, failed }
        })
        return { resource: resourceOf(service, version, pod), requests }
      })
      await send('/v1/logs', {
        resourceLogs: pods.map(({ resource, requests }) => ({
          resource: { attributes: keyValues(resource) },
          scopeLogs: [
            {
              logRecords: requests.map(({ traceId, at, tier, failed }) => ({
                ...{ timeUnixNano: `${at}000000`, severityNumber: failed ? 17 : 9, traceId },
                ...{
                  body: { stringValue: failed ? 'declined' : 'paid' },
                  attributes: keyValues({ 'tenant.tier': tier }),
                },
              })),
            },
          ],
        })),
      })
      await sendTraces(
        davy,
        pods.map(({ resource, requests }) => ({
          resource,
          spans: requests.map(({ traceId, at, failed }): SentSpan => ({ traceId, kind: 2, end: at, ms: 50, failed })),
        })),
      )
    }
    const { explanation, page } = await rolledBack(service, 'by-spans')
    expect(explanation.attributes).toMatchObject([{ signal: 'logs', attribute: 'tenant.tier', value: 'gold' }])
    expect(explanation.attributes[0]!.share).toBeGreaterThan(0.9)
    expect(page).toContain('of the excess in logs has tenant.tier gold')
  }, 150_000)

  test('is told by metrics, where there is nothing else', async () => {
    const service = 'search'
    for (const version of ['1', '2']) {
      const source = random(10 + Number(version))
      const since = version === '1' ? start - 600_000 : start
      const points = (until: number) =>
        ['eu', 'us', 'asia'].flatMap((region) => {
          const failing = version === '2' && region === 'us' ? 0.4 : 0.02
          const requests = 40 + Math.floor(source.uniform() * 20)
          const failed = Array.from({ length: requests }, () => source.uniform() < failing).filter(Boolean).length
          return [false, true].map((isFailed) => {
            const count = isFailed ? failed : requests - failed
            const said = { 'http.request.method': 'GET', 'http.route': '/find', 'cloud.region': region }
            return {
              ...{ startTimeUnixNano: `${until - 10_000}000000`, timeUnixNano: `${until}000000`, count: `${count}` },
              ...{ sum: count * 0.06, explicitBounds: conventionalBounds },
              bucketCounts: Array.from({ length: conventionalBounds.length + 1 }, (_, i) =>
                i === 4 ? `${count}` : '0',
              ),
              attributes: keyValues({ ...said, ...(isFailed ? { 'error.type': '500' } : {}) }),
            }
          })
        })
      await send('/v1/metrics', {
        resourceMetrics: [0, 1, 2].map((pod) => {
          const dataPoints = Array.from({ length: (end - since) / 10_000 }, (_, tick) =>
            points(since + tick * 10_000 + 9_000),
          )
          const histogram = { aggregationTemporality: 1, dataPoints: dataPoints.flat() }
          return {
            resource: { attributes: keyValues(resourceOf(service, version, pod)) },
            scopeMetrics: [{ metrics: [{ name: 'http.server.request.duration', unit: 's', histogram }] }],
          }
        }),
      })
    }
    const { explanation, page } = await rolledBack(service, 'by-metrics')
    const found = { signal: 'metrics', metric: 'http.server.request.duration', attribute: 'cloud.region', value: 'us' }
    expect(explanation.attributes).toMatchObject([found])
    expect(explanation.attributes[0]!.share).toBeGreaterThan(0.9)
    expect(explanation.place.kind).toBe('version')
    expect(page).toContain('No spans of requests')
    expect(page).toContain('of the excess in http.server.request.duration has cloud.region us')
  }, 150_000)
})
