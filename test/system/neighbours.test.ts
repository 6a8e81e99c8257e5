import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Explanation } from '../../src/domain/explanation.ts'
import type { MetricSpec } from '../../src/domain/template.ts'
import type { Verdict } from '../../src/domain/verdict.ts'
import { type Davy, startDavy } from '../davy.ts'
import { quick } from '../engine/lab.ts'
import { callOf } from '../http/client.ts'
import { random } from '../stats/random.ts'
import { nextId, type SentSpan, sendTraces, until } from './sent-traces.ts'

const minutes = 3
/** Of each pod. */
const requests = minutes * 200
const end = Math.floor(Date.now() / 10_000) * 10_000 - 20_000
const start = end - minutes * 60_000

const neighbour = (name: string, kind: MetricSpec['kind'], query: object): MetricSpec => ({
  ...{ name, kind, source: 'calls', query: { ...query }, direction: 'increase', weight: 0.1, group: 'neighbours' },
  ...{ margin: 1.25, promoteMargin: 2, critical: false },
})
const template = {
  ...quick,
  name: 'with-neighbours',
  metrics: [
    ...quick.metrics.map((metric) => ({ ...metric, weight: 0.35 })),
    neighbour('caller-errors', 'proportion', { side: 'callers' }),
    neighbour('caller-latency', 'distribution', { side: 'callers' }),
    neighbour('callee-errors', 'proportion', {}),
  ],
}

let davy: Davy
const call = <T>(method: string, path: string, body?: object): Promise<T> => callOf<T>(davy, method, path, body)

beforeAll(async () => {
  davy = await startDavy()
  await call('PUT', '/api/v1/templates/with-neighbours', template)
})
afterAll(() => davy.stop())

/** What a version does beyond what all do, as shares of its requests and milliseconds of its calls. */
type Behaviour = {
  /** How long a call of payments takes. */
  readonly paymentsMs?: number
  /** Share of the answers that do not reach the gateway. */
  readonly lost?: number
  /** From this share of the time on, the gateway has an outage and a tenth of its calls reach anybody, of both versions. */
  readonly outageFrom?: number
}

/** Gateway → `service` → payments: one trace a request, three pods of either version at some three requests a second each. */
async function sendShop(service: string, canary: Behaviour, both: Behaviour = {}): Promise<void> {
  const source = random(7)
  const gateway: SentSpan[] = []
  const pods = ['1', '2'].flatMap((version) =>
    [0, 1, 2].map((pod) => {
      const { paymentsMs = 40, lost = 0, outageFrom = 1 } = { ...both, ...(version === '2' ? canary : {}) }
      const spans = Array.from({ length: requests }, (_, index): SentSpan[] => {
        const traceId = nextId(32)
        const [asked, answered] = [nextId(16), nextId(16)]
        const took = Math.round((20 + paymentsMs) * Math.exp(0.3 * source.normal()))
        const answeredAt = start + index * 300 + 50
        const isOutage = index >= outageFrom * requests
        const isLost = source.uniform() < (isOutage ? 0.9 : 0.005 + lost)
        gateway.push({
          ...{ traceId, spanId: asked, kind: 3, end: answeredAt + 5, ms: took + 10, failed: isLost },
          attributes: { 'http.request.method': 'POST', 'server.address': `${service}.shop.svc` },
        })
        return [
          {
            ...{ traceId, spanId: answered, parentSpanId: asked, kind: 2, end: answeredAt, ms: took },
            failed: source.uniform() < 0.01,
            attributes: { 'http.request.method': 'POST', 'http.route': '/pay' },
          },
          {
            ...{ traceId, parentSpanId: answered, kind: 3, end: answeredAt - 5, ms: Math.max(1, took - 20) },
            attributes: { 'http.request.method': 'POST', 'server.address': 'payments' },
          },
        ]
      })
      const name = `${service}-${version}-${pod}`
      return {
        resource: { 'service.name': service, 'service.version': version, 'k8s.pod.name': name },
        spans: spans.flat(),
      }
    }),
  )
  await sendTraces(davy, [{ resource: { 'service.name': `${service}-gateway` }, spans: gateway }])
  await sendTraces(davy, pods)
}

/** Registers the release and waits until its verdict is final, or until all that was sent has been looked at. */
async function judge(service: string): Promise<Verdict> {
  // What is registered for a time that is not stored yet would be looked at too early.
  await until(
    () => call<{ items: { name: string }[] }>('GET', '/api/v1/services'),
    ({ items }) => items.some(({ name }) => name === service),
  )
  const { id } = await call<{ id: string }>('POST', '/api/v1/deployments', {
    ...{ service, canary: { version: '2' }, baseline: { version: '1' }, template: 'with-neighbours' },
    startedAt: new Date(start).toISOString(),
  })
  await until(
    () => call<Verdict>('GET', `/api/v1/deployments/${id}/verdict`),
    ({ final, look }) => final || look >= minutes * 6,
  )
  const { items } = await call<{ items: Verdict[] }>('GET', `/api/v1/deployments/${id}/verdicts`)
  // On a slow machine looks of the time after the last span are taken too, and say that nothing comes.
  return items.filter(({ look }) => look <= minutes * 6).toSorted((a, b) => b.look - a.look)[0]!
}

const metricOf = ({ metrics }: Verdict, name: string) => metrics.find((metric) => metric.name === name)!

describe('a release whose calls of payments take longer', () => {
  let verdict: Verdict

  beforeAll(async () => {
    await sendShop('checkout', { paymentsMs: 400 })
    verdict = await judge('checkout')
  })

  test('is rolled back, and the sentence names payments and not the release', () => {
    expect(verdict).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' } })
    expect(verdict.reason.summary).toMatch(/^payments got slower, not checkout: p\d+ .+ for 2 against .+ for 1\.$/)
  })

  test('has the same in its explanation and at the head of its page', async () => {
    const { deploymentId } = verdict
    const { explanation } = await until(
      () => call<{ explanation: Explanation | null }>('GET', `/api/v1/deployments/${deploymentId}/explanation`),
      ({ explanation: made }) => made?.verdictId === verdict.id,
    )
    expect(explanation!.callee).toMatchObject({ edge: 'payments', kind: 'slower' })
    const page = await (await fetch(`${davy.url}/deployments/${deploymentId}`)).text()
    expect(page).toMatch(/<h1>payments got slower, not checkout: /)
    expect(page).not.toContain('checkout 2 is slow')
    expect(page).toContain('rollup_calls_10s: Service =')
  })

  test('is slow for its callers too, which is evidence of its own', () => {
    const latency = metricOf(verdict, 'caller-latency')
    expect(latency.canary.samples).toBeGreaterThan(0)
    expect(latency.effect.ratio).toBeGreaterThan(2)
  })
})

describe('a release whose answers do not reach its callers', () => {
  test('is rolled back for what they see, although it reports nothing', async () => {
    await sendShop('cart', { lost: 0.4 })
    const verdict = await judge('cart')
    expect(verdict).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' } })
    expect(verdict.reason.summary).toMatch(/^cart 2: caller errors are \d/)
    expect(metricOf(verdict, 'caller-errors')).toMatchObject({ finding: 'harm-shown' })
    expect(metricOf(verdict, 'caller-errors').where[0]).toMatchObject({ value: 'cart-gateway' })
    expect(metricOf(verdict, 'error-rate').finding).not.toMatch(/^harm-(likely|shown)$/)
  })
})

describe('an outage of the caller', () => {
  test('that befalls both versions is nobody’s harm', async () => {
    await sendShop('stock', {}, { outageFrom: 0.5 })
    const verdict = await judge('stock')
    expect(verdict.decision).not.toBe('rollback')
    const { canary, finding } = metricOf(verdict, 'caller-errors')
    expect(canary.value).toBeGreaterThan(0.2)
    expect(finding).not.toMatch(/^harm-(likely|shown)$/)
  })
})

describe('a release whose traces are sampled more strongly than those of the baseline', () => {
  test('cannot be compared, and is neither rolled back nor promoted', async () => {
    const pods = ['1', '2'].map((version) => ({
      resource: { 'service.name': 'wallet', 'service.version': version, 'k8s.pod.name': `wallet-${version}` },
      spans: Array.from(
        { length: minutes * 60 },
        (_, index): SentSpan => ({
          ...{ traceId: nextId(32), kind: 2, end: start + index * 1000 + 500, ms: 20 },
          // One in two is kept, as the threshold says.
          ...(version === '2' ? { traceState: 'ot=th:8', failed: index % 3 === 0 } : {}),
        }),
      ),
    }))
    await sendTraces(davy, pods)
    const verdict = await judge('wallet')
    expect(verdict).toMatchObject({ decision: 'hold', reason: { code: 'SAMPLING_DIFFERS' } })
  })
})
