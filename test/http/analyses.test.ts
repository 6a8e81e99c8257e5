import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Davy, type RequestSpan, sendSpans, startDavy, untilStored } from '../davy.ts'
import { random } from '../stats/random.ts'
import { type Caller, callerOf } from './client.ts'

const minuteMs = 60_000
const tickMs = 10_000
const to = Math.floor((Date.now() - 2 * minuteMs) / tickMs) * tickMs
const from = to - 15 * minuteMs
const iso = (at: number) => new Date(at).toISOString()
const path = '/api/v1/analyses'

let davy: Davy
let call: Caller

/** Both versions on three pods each for the whole time, 20 requests a second together. */
function traffic(service: string, canaryErrors: number): RequestSpan[] {
  const { uniform } = random(7)
  const spans: RequestSpan[] = []
  for (let at = from; at < to; at += 50) {
    const version = uniform() < 0.5 ? '2' : '1'
    const pod = `${service}-${version}-${Math.floor(uniform() * 3)}`
    const error = uniform() < (version === '2' ? canaryErrors : 0.02)
    spans.push({
      service,
      version,
      pod,
      endAt: at,
      route: 'POST /pay',
      error,
      seconds: 0.02 * Math.exp(uniform() - 0.5),
    })
  }
  return spans
}

beforeAll(async () => {
  davy = await startDavy()
  call = callerOf(davy)
  const bad = traffic('bad', 0.12)
  const good = traffic('good', 0.02)
  await sendSpans(davy, [...bad, ...good])
  await untilStored(davy, 'bad', bad.length)
  await untilStored(davy, 'good', good.length)
})
afterAll(() => davy?.stop())

const versions = { canary: { version: '2' }, baseline: { version: '1' } }
const window = { from: iso(from), to: iso(to) }
const template = {
  blockSeconds: 30,
  minimum: { seconds: 30, requests: 100 },
  metrics: [{ name: 'errors', kind: 'proportion', promoteMargin: 3, weight: 0.5 }],
}

describe('an analysis of stored telemetry', () => {
  test('rolls back a bad release, and says where', async () => {
    const { status, body } = await call('POST', path, { service: 'bad', ...versions, ...window })
    expect(status).toBe(200)
    expect(body.verdict).toMatchObject({
      decision: 'rollback',
      final: true,
      service: 'bad',
      reason: { code: 'HARM_SHOWN', summary: expect.stringContaining('bad 2') },
      score: 0,
    })
    expect(body.verdict.metrics[0]).toMatchObject({ name: 'error-rate', finding: 'harm-shown' })
    const last = body.looks.at(-1)
    expect(last).toMatchObject({ decision: 'rollback', code: 'HARM_SHOWN' })
    expect(last.eValue).toBeGreaterThanOrEqual(100)
    expect(body.looks.map(({ look }: { look: number }) => look)).toEqual(
      Array.from({ length: body.looks.length }, (_, index) => index + 1),
    )
    expect(body.looks.slice(0, -1).every(({ decision }: { decision: string }) => decision !== 'rollback')).toBe(true)
    expect(body.looks.length).toBeLessThan(90)
  })

  test('promotes a good one when tripling is all that is to be ruled out', async () => {
    const { status, body } = await call('POST', path, { service: 'good', ...versions, ...window, template })
    expect(status).toBe(200)
    expect(body.verdict).toMatchObject({ decision: 'promote', reason: { code: 'HARM_RULED_OUT' }, score: 100 })
    expect(body.looks).toHaveLength((to - from) / tickMs)
  })

  test('is the same when asked again, and leaves nothing behind', async () => {
    const request = { service: 'bad', ...versions, ...window }
    const [first, second] = await Promise.all([call('POST', path, request), call('POST', path, request)])
    expect(second!.text).toBe(first!.text)
    expect((await call('GET', '/api/v1/deployments?service=bad')).body.items).toEqual([])
    expect((await call('GET', `/api/v1/deployments/${first!.body.verdict.deploymentId}`)).status).toBe(404)
  })

  test.each([
    ['a service that nobody knows', { service: 'unknown', ...versions }],
    ['a canary that sent nothing', { service: 'good', ...versions, canary: { version: '9' } }],
    ['a baseline that sent nothing', { service: 'good', ...versions, baseline: { version: '0' } }],
  ])('%s is a hold with a reason, not an error', async (_name, request) => {
    const { status, body } = await call('POST', path, { ...request, ...window })
    expect(status).toBe(200)
    expect(body.verdict).toMatchObject({ decision: 'hold', reason: { code: expect.stringMatching(/^NO_/) } })
  })

  const apart = {
    canary: { version: '2', from: iso(from + 8 * minuteMs) },
    baseline: { version: '1', to: iso(from + 7 * minuteMs) },
  }
  test.each<[string, object, number, object]>([
    ['windows that share no time', { ...apart, ...window }, 422, { code: 'WINDOWS_DISJOINT' }],
    ['an end before the start', { ...versions, from: iso(to), to: iso(from) }, 422, { code: 'WINDOWS_DISJOINT' }],
    ['two days', { ...versions, from: iso(to - 2 * 86_400_000), to: iso(to) }, 422, { code: 'TOO_MANY_LOOKS' }],
    [
      'one version',
      { canary: { version: '1' }, baseline: { version: '1' }, ...window },
      422,
      { code: 'UNPROCESSABLE' },
    ],
    ['no baseline', { canary: { version: '2' }, ...window }, 400, { where: '/baseline' }],
    ['an unknown key', { ...versions, ...window, untl: 1 }, 400, { where: '/untl' }],
    ['no time', { ...versions, from: 'monday', to: iso(to) }, 400, { where: '/from' }],
    ['a leap second', { ...versions, from: '2016-12-31T23:59:60Z', to: iso(to) }, 400, { where: '/from' }],
    [
      'a leap second of the canary',
      { ...versions, ...window, canary: { version: '2', to: '2016-12-31T23:59:60Z' } },
      400,
      { where: '/canary/to' },
    ],
    ['an unknown template', { ...versions, ...window, template: 'gold' }, 422, { where: '/template' }],
    [
      'a template with a fault',
      { ...versions, ...window, template: { lookSeconds: 15 } },
      422,
      { where: '/template/lookSeconds' },
    ],
    [
      'a match that is no dimension',
      { ...versions, ...window, canary: { match: { color: 'red' } } },
      422,
      { where: '/canary/match' },
    ],
  ])('%s is refused', async (_name, request, status, problem) => {
    const answer = await call('POST', path, { service: 'good', ...request })
    expect(answer.body).toMatchObject({ status, ...problem })
    expect(answer.status).toBe(status)
  })
})

describe('services', () => {
  test('are listed with their versions, counted from what is stored', async () => {
    const { items } = (await call('GET', '/api/v1/services')).body
    expect(items.map(({ name }: { name: string }) => name).sort()).toEqual(['bad', 'good'])
    const { body } = await call('GET', '/api/v1/services/bad')
    expect(body.name).toBe('bad')
    const [one, two] = body.versions.toSorted((a: { version: string }, b: { version: string }) =>
      a.version < b.version ? -1 : 1,
    )
    expect(one).toMatchObject({ version: '1', environment: 'default', pods: 3 })
    expect(two).toMatchObject({ version: '2', pods: 3 })
    expect(one.requests + two.requests).toBe((to - from) / 50)
    expect(two.errors / two.requests).toBeGreaterThan(0.08)
    expect(one.errors / one.requests).toBeLessThan(0.05)
    expect(Date.parse(one.firstSeen)).toBeGreaterThanOrEqual(from)
    expect(Date.parse(one.lastSeen)).toBeLessThanOrEqual(to)
  })

  test('an unknown one is 404 and says what would have been right', async () => {
    const { body } = await call('GET', '/api/v1/services/unknown')
    expect(body).toMatchObject({ status: 404, expected: expect.stringContaining('service.name') })
  })
})
