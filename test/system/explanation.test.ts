import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Explanation } from '../../src/domain/explanation.ts'
import type { Verdict } from '../../src/domain/verdict.ts'
import { type Davy, startDavy } from '../davy.ts'
import { quick } from '../engine/lab.ts'
import { callOf } from '../http/client.ts'
import { random } from '../stats/random.ts'
import { nextId, type SentSpan, sendTraces, until } from './sent-traces.ts'

const minutes = 4
const end = Math.floor(Date.now() / 10_000) * 10_000 - 20_000
const start = end - minutes * 60_000
const template = {
  ...quick,
  name: 'with-calls',
  metrics: [
    ...quick.metrics.map((metric) => ({ ...metric, weight: 0.4 })),
    {
      ...{ name: 'fan-out', kind: 'gauge', source: 'calls', query: { measure: 'calls-per-request' } },
      ...{ direction: 'increase', weight: 0.1, group: 'calls', margin: 1.25, promoteMargin: 2, critical: false },
    },
  ],
}

let davy: Davy
const call = <T>(method: string, path: string, body?: object): Promise<T> => callOf<T>(davy, method, path, body)

beforeAll(async () => {
  davy = await startDavy()
  await call('PUT', '/api/v1/templates/with-calls', template)
})
afterAll(() => davy.stop())

/** A request that ends at `end`, and the calls that it made. */
function requestSpans(end: number, failed: boolean, tier: string, calls: readonly string[]): SentSpan[] {
  const traceId = nextId(32)
  const request = { 'http.request.method': 'POST', 'http.route': '/pay', 'tenant.tier': tier }
  return [
    {
      ...{ traceId, kind: 2, end, ms: 50, failed },
      attributes: { ...request, ...(failed ? { 'error.type': 'WalletDeclined' } : {}) },
    },
    ...calls.map(
      (peer): SentSpan => ({
        ...{ traceId, kind: 3, end, ms: 10 },
        attributes: { 'http.request.method': 'GET', 'server.address': peer },
      }),
    ),
  ]
}

/** Four minutes of three pods of a version at 10 requests a second each. */
async function sendVersion(version: string, failing: (tier: string, pod: number) => number, calls: readonly string[]) {
  const source = random(Number(version))
  const pods = [0, 1, 2].map((pod) => ({
    resource: {
      ...{ 'service.name': 'checkout', 'service.version': version, 'k8s.pod.name': `checkout-${version}-${pod}` },
      'k8s.node.name': `node-${pod % 2}`,
    },
    spans: Array.from({ length: minutes * 600 }, (_, index) => {
      const tier = source.uniform() < 0.3 ? 'gold' : 'free'
      return requestSpans(start + index * 100 + 50, source.uniform() < failing(tier, pod), tier, calls)
    }).flat(),
  }))
  await sendTraces(davy, pods)
}

describe('a release that fails for some of its users', () => {
  let id: string
  let explanation: Explanation

  beforeAll(async () => {
    await sendVersion('1', () => 0.01, ['payments'])
    await sendVersion('2', (tier) => (tier === 'gold' ? 0.4 : 0.01), ['payments', 'payments', 'wallet'])
    await until(
      () => call<{ items: { name: string }[] }>('GET', '/api/v1/services'),
      ({ items }) => items.length > 0,
    )
    const registered = await call<{ id: string }>('POST', '/api/v1/deployments', {
      ...{ service: 'checkout', canary: { version: '2' }, baseline: { version: '1' }, template: 'with-calls' },
      startedAt: new Date(start).toISOString(),
    })
    id = registered.id
    const verdict = await until(
      () => call<Verdict>('GET', `/api/v1/deployments/${id}/verdict`),
      ({ final }) => final,
    )
    expect(verdict).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' } })
    const answer = await until(
      () => call<{ explanation: Explanation | null }>('GET', `/api/v1/deployments/${id}/explanation`),
      ({ explanation: made }) => made?.verdictId === verdict.id,
    )
    explanation = answer.explanation!
  }, 90_000)

  test('is explained by who they are, and not by a pod', () => {
    expect(explanation.event).toEqual({ kind: 'failed' })
    expect(explanation.attributes[0]).toMatchObject({ attribute: 'tenant.tier', value: 'gold' })
    expect(explanation.attributes[0]!.share).toBeGreaterThan(0.9)
    expect(explanation.attributes.map(({ attribute }) => attribute)).toEqual(['tenant.tier'])
    expect(['version', 'unknown']).toContain(explanation.place.kind)
    expect(explanation.errorTypes[0]).toMatchObject({ errorType: 'WalletDeclined' })
  })

  test('is told with what it calls: more often, and what the other version does not call', () => {
    const byEdge = new Map(explanation.edges.map((edge) => [edge.edge, edge]))
    expect(byEdge.get('wallet')).toMatchObject({ state: 'new' })
    expect(byEdge.get('payments')!.canary.callsPerRequest).toBeCloseTo(2, 1)
    expect(byEdge.get('payments')!.baseline.callsPerRequest).toBeCloseTo(1, 1)
    expect(explanation.suspects[0]).toMatchObject({ relation: 'itself' })
  })

  test('judges calls as evidence of their own beside the requests', async () => {
    const verdict = await call<Verdict>('GET', `/api/v1/deployments/${id}/verdict`)
    const fanOut = verdict.metrics.find(({ name }) => name === 'fan-out')
    expect(fanOut).toMatchObject({ kind: 'gauge' })
    expect(fanOut!.canary.samples).toBeGreaterThan(0)
  })

  test('has it on its page', async () => {
    const page = await (await fetch(`${davy.url}/deployments/${id}`)).text()
    expect(page).toContain('Likely cause')
    expect(page).toContain('tenant.tier')
    expect(page).toContain('wallet')
  })
})
