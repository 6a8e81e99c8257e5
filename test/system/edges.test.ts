import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MetricSpec } from '../../src/domain/template.ts'
import type { Verdict } from '../../src/domain/verdict.ts'
import { type Davy, startDavy } from '../davy.ts'
import { quick } from '../engine/lab.ts'
import { callOf } from '../http/client.ts'
import { nextId, type SentSpan, sendTraces, until } from './sent-traces.ts'

/*
 * A release that calls another store than before, and fails nothing: from the first byte to the page. The rollout lies in
 * the last minutes, so that nobody has to wait for it.
 */
const minutes = 5
const start = Math.floor(Date.now() / 10_000) * 10_000 - minutes * 60_000 - 40_000
const service = 'basket'

const edges = (reading: 'new' | 'vanished'): MetricSpec => ({
  ...{ name: `${reading}-edges`, kind: 'edges', reading, source: 'calls', direction: 'increase', weight: 0.25 },
  ...{ group: 'calls', margin: 1.5, promoteMargin: 2, critical: false },
})
const template = {
  ...quick,
  name: 'with-edges',
  metrics: [{ ...quick.metrics[0]!, weight: 0.5 }, edges('new'), edges('vanished')],
}

let davy: Davy
let id: string
const call = <T>(method: string, path: string, body?: object): Promise<T> => callOf<T>(davy, method, path, body)

/** One request a second: `/buy` calls payments and a store, and every third is for `/look`, which calls nobody. */
function spansOf(version: string, from: number, store: string): SentSpan[] {
  return Array.from({ length: (start + minutes * 60_000 - from) / 1000 }, (_, second): SentSpan[] => {
    const traceId = nextId(32)
    const end = from + second * 1000 + 500
    const route = second % 3 === 0 ? '/look' : '/buy'
    const request = {
      traceId,
      kind: 2 as const,
      end,
      ms: 40,
      attributes: { 'http.request.method': 'GET', 'http.route': route },
    }
    if (route === '/look') return [request]
    return [
      request,
      {
        ...{ traceId, kind: 3, end: end - 5, ms: 10 },
        attributes: { 'http.method': 'POST', 'server.address': 'payments' },
      },
      {
        ...{ traceId, kind: 3, end: end - 20, ms: 5 },
        attributes: { 'db.system.name': store, 'db.namespace': 'shop', 'db.collection.name': `baskets-${version}` },
      },
    ]
  }).flat()
}

beforeAll(async () => {
  davy = await startDavy()
  await call('PUT', '/api/v1/templates/with-edges', template)
  const pods = [0, 1, 2].flatMap((pod) => [
    { version: '1', pod: `old-${pod}`, spans: spansOf('1', start - 120_000, 'redis') },
    { version: '2', pod: `new-${pod}`, spans: spansOf('2', start, 'postgresql') },
  ])
  await sendTraces(
    davy,
    pods.map(({ version, pod, spans }) => ({
      resource: { 'service.name': service, 'service.version': version, 'k8s.pod.name': pod },
      spans,
    })),
  )
  await until(
    () => call<{ items: { name: string }[] }>('GET', '/api/v1/services'),
    ({ items }) => items.some(({ name }) => name === service),
  )
  const registration = {
    ...{ service, canary: { version: '2' }, baseline: { version: '1' }, template: 'with-edges' },
    startedAt: new Date(start).toISOString(),
  }
  ;({ id } = await call<{ id: string }>('POST', '/api/v1/deployments', registration))
})
afterAll(() => davy.stop())

test('a store that only the canary calls and one that it no longer calls roll it back, and the verdict names one', async () => {
  const verdict = await until(
    () => call<Verdict>('GET', `/api/v1/deployments/${id}/verdict`),
    ({ decision, look }) => decision === 'rollback' || look >= minutes * 6,
  )
  expect(verdict).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' } })
  expect(verdict.reason.summary).toMatch(
    /^basket 2 (calls “postgresql shop.baskets-2”, which 1 does not call|no longer calls “redis shop.baskets-1”, which 1 calls)/,
  )
  const metricOf = (name: string) => verdict.metrics.find((metric) => metric.name === name)!
  expect(metricOf('new-edges')).toMatchObject({
    ...{ kind: 'edges', baseline: { value: 0 }, canary: { value: expect.closeTo(1, 0) } },
    where: [{ attribute: 'new edge', value: 'postgresql shop.baskets-2', ratio: null }],
  })
  // What both call is no matter: of payments nothing is said.
  expect(metricOf('vanished-edges')).toMatchObject({
    where: [{ attribute: 'vanished edge', value: 'redis shop.baskets-1', ratio: 0 }],
  })
  expect(metricOf('error-rate').finding).not.toMatch(/^harm-(likely|shown)$/)
})

test('the page has both, and the rows that they are made of', async () => {
  const page = await (await fetch(`${davy.url}/deployments/${id}`)).text()
  expect(page).toContain('<code>postgresql shop.baskets-2</code>')
  expect(page).toContain('<code>redis shop.baskets-1</code>')
  expect(page).toContain('that no other version had called in the fourteen days before')
  expect(page).toContain('of operations that called the edge in the hour before')
})

test('a template that does not say which edges is refused, and so is one that asks somebody else for them', async () => {
  const put = (metric: object) =>
    call('PUT', '/api/v1/templates/odd', { ...template, name: 'odd', metrics: [{ ...edges('new'), ...metric }] })
  await expect(put({ reading: undefined })).rejects.toThrow(/reading/)
  await expect(put({ reading: 'level' })).rejects.toThrow(/new \| vanished/)
  await expect(put({ source: 'spans' })).rejects.toThrow(/calls/)
})
