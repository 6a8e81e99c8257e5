import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Davy, type RequestSpan, sendSpans, startDavy, until, untilStored } from '../davy.ts'
import { random } from '../stats/random.ts'
import { type Caller, callerOf } from './client.ts'

const tickMs = 10_000
const end = Math.floor((Date.now() - 60_000) / tickMs) * tickMs
const path = '/api/v1/services/steady/calibration'

let davy: Davy
let call: Caller

/** Six like pods for more than four hours, one request each in every tick. */
function traffic(): RequestSpan[] {
  const { uniform } = random(11)
  const spans: RequestSpan[] = []
  for (let at = end - 1500 * tickMs; at < end; at += tickMs) {
    for (let pod = 0; pod < 6; pod += 1) {
      const own = { service: 'steady', version: '1', pod: `steady-${pod}`, endAt: at + 1000 + pod }
      spans.push({ ...own, error: uniform() < 0.25, seconds: 0.02 * Math.exp(uniform()) })
    }
  }
  return spans
}

beforeAll(async () => {
  davy = await startDavy()
  call = callerOf(davy)
  const spans = traffic()
  await sendSpans(davy, spans)
  await untilStored(davy, 'steady', spans.length)
  const template = {
    lookSeconds: 60,
    blockSeconds: 60,
    deadlineSeconds: 900,
    metrics: [{ name: 'errors', kind: 'proportion' }],
  }
  expect((await call('PUT', '/api/v1/templates/swift', template)).status).toBe(201)
})
afterAll(() => davy?.stop())

describe('the calibration of a service', () => {
  test('before the first run is 404 and says what to do', async () => {
    const { status, body } = await call('GET', path)
    expect(status).toBe(404)
    expect(body).toMatchObject({ code: 'NOT_FOUND', expected: expect.stringContaining(`POST ${path}`) })
  })

  test('is made on demand and published with its interval', async () => {
    const asked = await call('POST', path, { template: 'swift' })
    expect(asked.status).toBe(202)
    expect(asked.body).toMatchObject({ status: 'asked', service: 'steady', environment: 'default', template: 'swift' })
    expect(asked.headers.get('location')).toBe(asked.body.location)
    const { body } = await until(async () => {
      const answer = await call('GET', asked.body.location)
      return answer.status === 200 && answer
    }, 'a calibration')
    expect(body).toMatchObject({ service: 'steady', asked: [] })
    expect(body.items).toHaveLength(1)
    const [item] = body.items
    expect(item).toMatchObject({ template: { name: 'swift' }, version: '1', canaryPods: 1, alpha: 0.01, reason: null })
    expect(item.falseRollbackRate).toMatchObject({ runs: 200, level: 0.95 })
    const { rate, low, high, rollbacks, runs } = item.falseRollbackRate
    expect(rate).toBe(rollbacks / runs)
    expect(low).toBeLessThanOrEqual(rate)
    expect(high).toBeGreaterThan(rate)
    expect(item.isUsed).toBe(true)
    expect(item.nulls.errors).toMatchObject({ phi: expect.any(Number), tauPod: expect.any(Number) })
  })

  test('stands on the page of a deployment that opens after it', async () => {
    const registration = { service: 'steady', canary: { version: '2' }, baseline: { version: '1' }, template: 'swift' }
    const { body } = await call('POST', '/api/v1/deployments', registration)
    await until(
      async () => /In 200 placebo canaries/.test((await call('GET', `/deployments/${body.id}`)).text),
      'the rate',
    )
  })

  test('of other environments or templates is none', async () => {
    expect((await call('GET', `${path}?environment=staging`)).status).toBe(404)
    expect((await call('GET', `${path}?template=default`)).status).toBe(404)
  })

  test.each<[string, string, object | undefined, number, object]>([
    ['a service without telemetry', '/api/v1/services/nobody/calibration', undefined, 404, { code: 'NOT_FOUND' }],
    [
      'an environment without telemetry',
      path,
      { environment: 'staging' },
      404,
      { expected: 'environment: one of default' },
    ],
    ['an unknown template', path, { template: 'gold' }, 422, { code: 'UNPROCESSABLE', where: 'template' }],
    ['an unknown key', path, { tmplate: 'swift' }, 400, { code: 'VALIDATION' }],
  ])('is refused for %s', async (_name, where, body, status, problem) => {
    const answer = await call('POST', where, body)
    expect(answer.body).toMatchObject({ status, ...problem })
  })

  test('needs no body', async () => {
    expect((await call('POST', path)).body).toMatchObject({ status: 'asked', template: 'default' })
  })
})

describe('a plan', () => {
  const query = '/api/v1/plan?requestsPerSecond=12&errorRate=0.01&weights=5,20&increases=0.005,0.05'

  test('says how long a decision takes by weight, the same by query and by body', async () => {
    const { status, body } = await call('GET', query)
    expect(status).toBe(200)
    expect(body).toMatchObject({ template: 'default', requestsPerSecond: 12, errorRate: 0.01, calibration: null })
    const [five, twenty] = body.weights
    expect([five.weight, twenty.weight]).toEqual([5, 20])
    const minutes = ({ metrics }: typeof five) =>
      metrics[0].harms.map((harm: { minutes: number | null }) => harm.minutes)
    expect(minutes(five)).toHaveLength(2)
    expect(minutes(twenty)[1]).toBeLessThan(minutes(five)[1])
    expect(five.unplanned).toContain('latency')
    expect(five.summary).toMatch(/^5% of 12 requests\/s: .*\.$/)
    const asked = { requestsPerSecond: 12, errorRate: 0.01, weights: [5, 20], increases: [0.005, 0.05] }
    expect((await call('POST', '/api/v1/plan', asked)).body).toEqual(body)
  })

  test('takes what it is not told from the last hour of a service, durations too', async () => {
    const { body } = await call('GET', '/api/v1/plan?service=steady&weights=50')
    expect(body.requestsPerSecond).toBeCloseTo(0.6, 1)
    expect(body.errorRate).toBeGreaterThan(0.2)
    expect(body.pods).toBe(6)
    expect(body.weights[0].unplanned).not.toContain('latency')
    expect((await call('GET', '/api/v1/plan?service=steady&template=swift')).body.calibration).toEqual(
      expect.any(String),
    )
  })

  test.each<[string, number, object]>([
    ['', 422, { where: 'requestsPerSecond' }],
    ['?requestsPerSecond=12', 422, { where: 'errorRate' }],
    ['?service=nobody', 422, { where: 'service' }],
    ['?requestsPerSecond=12&errorRate=0.01&weights=100', 400, { code: 'VALIDATION', where: '?weights/0' }],
    ['?requestsPerSecond=12&errorRate=0.01&weights=5,', 400, { code: 'VALIDATION', where: '?weights' }],
    ['?requestsPerSecond=12&errorRate=0&increases=0.1', 422, { where: 'increases' }],
    ['?requestsPerSecond=12&errorRate=0.01&template=gold', 422, { where: 'template' }],
    ['?rps=12', 400, { code: 'VALIDATION' }],
  ])('of %s is refused', async (asked, status, problem) => {
    const answer = await call('GET', `/api/v1/plan${asked}`)
    expect(answer.body).toMatchObject({ status, ...problem })
  })
})
