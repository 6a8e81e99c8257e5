import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CheckState } from '../../src/domain/check.ts'
import { type Davy, startDavy } from '../davy.ts'
import { callOf } from './client.ts'

let davy: Davy
let id: string
const call = <T>(method: string, path: string, body?: object): Promise<T> => callOf<T>(davy, method, path, body)
const register = async (service: string, canary: string, baseline: string): Promise<string> => {
  const registration = { service, canary: { version: canary }, baseline: { version: baseline } }
  return (await call<{ id: string }>('POST', '/api/v1/deployments', registration)).id
}
const send = (path: string, type: string, body: string): Promise<Response> =>
  fetch(`${davy.url}${path}`, { method: 'POST', headers: { 'content-type': type }, body })
const checks = async (of = id) => (await call<{ items: CheckState[] }>('GET', `/api/v1/deployments/${of}/checks`)).items

beforeAll(async () => {
  davy = await startDavy()
  id = await register('checkout', '2', '1')
})
afterAll(() => davy.stop())

describe('checks of a deployment', () => {
  test('may be JUnit XML', async () => {
    const body = '<testsuite><testcase name="pays"/><testcase name="refunds"><failure/></testcase></testsuite>'
    const response = await send(
      `/api/v1/deployments/${id}/checks?name=smoke&url=https://ci.test/7`,
      'application/xml',
      body,
    )
    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject({
      name: 'smoke',
      passed: false,
      summary: '1 of 2 tests failed: refunds.',
    })
    expect(await checks()).toMatchObject([{ name: 'smoke', kind: 'tests', url: 'https://ci.test/7' }])
  })

  test('may be a scan, compared with the one of the version that runs beside it', async () => {
    const scan = (...ids: string[]) => ({
      matches: ids.map((cve) => ({ vulnerability: { id: cve, severity: 'Critical' }, artifact: { name: 'zlib' } })),
    })
    const before = await register('cart', '1', '0')
    await call('POST', `/api/v1/deployments/${before}/checks?name=image`, scan('CVE-1'))
    const after = await register('cart', '2', '1')
    expect(await call('POST', `/api/v1/deployments/${after}/checks?name=image`, scan('CVE-1'))).toMatchObject({
      passed: true,
    })
    expect(await call('POST', `/api/v1/deployments/${after}/checks?name=image`, scan('CVE-2'))).toMatchObject({
      summary: '1 new critical vulnerability: CVE-2 in zlib.',
    })
  })

  test('may be a plain result, and the newest one counts', async () => {
    await call('POST', `/api/v1/deployments/${id}/checks?name=manual`, { passed: false, summary: 'The cart is empty.' })
    expect((await checks()).find(({ name }) => name === 'manual')).toMatchObject({ passed: false })
    await call('POST', `/api/v1/deployments/${id}/checks?name=manual`, { passed: true })
    expect((await checks()).find(({ name }) => name === 'manual')).toMatchObject({ passed: true })
  })

  test.each([
    ['name=a', 'application/json', '{"passed": "yes"}', 400],
    ['name=a', 'application/json', '{"hello": 1}', 422],
    ['name=a', 'application/xml', '<html/>', 422],
    ['name=%3Cb%3E', 'application/json', '{"passed": true}', 400],
    ['name=a&arm=third', 'application/json', '{"passed": true}', 400],
    ['name=a', 'text/plain', 'passed', 415],
  ])('?%s with %s %s answers %i', async (query, type, body, status) => {
    const response = await send(`/api/v1/deployments/${id}/checks?${query}`, type, body)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ code: expect.any(String), expected: expect.any(String) })
  })

  test('are named by their tool and what it tested when nobody names them', async () => {
    const of = await register('unnamed', '2', '1')
    const failed = '<testsuite name="pay.spec.ts"><testcase name="pays"><failure/></testcase></testsuite>'
    await send(`/api/v1/deployments/${of}/checks`, 'application/xml', failed)
    const passed = '<testsuite name="cart.spec.ts"><testcase name="adds"/></testsuite>'
    await send(`/api/v1/deployments/${of}/checks`, 'application/xml', passed)
    expect((await checks(of)).map(({ name, passed: isPassed }) => [name, isPassed])).toEqual([
      ['junit pay.spec.ts', false],
      ['junit cart.spec.ts', true],
    ])
  })

  test('of a deployment that is closed are refused', async () => {
    const closed = await register('stock', '2', '1')
    await call('POST', `/api/v1/deployments/${closed}/finish`, { outcome: 'promoted' })
    const response = await send(`/api/v1/deployments/${closed}/checks?name=a`, 'application/json', '{"passed": true}')
    expect(response.status).toBe(409)
  })
})

describe('a probe', () => {
  test('of the canary is a check of its name, which fails after three failures and passes again', async () => {
    let status = 200
    const server = createServer((_request, response) => response.writeHead(status).end('all is well'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`
    const of = await register('probed', '2', '1')
    const state = async () => (await checks(of)).find(({ name }) => name === 'health')
    const until = async (passed: boolean) => {
      while ((await state())?.passed !== passed) await sleep(100)
    }
    try {
      const probe = { url, contains: 'well', everySeconds: 1, withinSeconds: 2 }
      expect(await call('PUT', `/api/v1/deployments/${of}/probes/health`, probe)).toMatchObject({ status: 200 })
      expect(await checks(of)).toMatchObject([{ name: 'health' }])
      await until(true)
      status = 503
      await until(false)
      expect(await state()).toMatchObject({
        summary: 'The canary answers 503 instead of 200, 3 times in a row.',
      })
    } finally {
      server.close()
    }
  }, 60_000)

  test('has failed as long as the canary has not answered as expected', async () => {
    const of = await register('unanswered', '2', '1')
    const probe = { url: 'http://127.0.0.1:9/health', everySeconds: 3600 }
    await call('PUT', `/api/v1/deployments/${of}/probes/health`, probe)
    expect(await checks(of)).toMatchObject([{ name: 'health', passed: false }])
  })

  test.each([
    [{ url: 'ftp://canary/' }],
    [{ url: 'http://user:password@canary/' }],
    [{ url: 'http://canary/', everySeconds: 0 }],
    [{}],
  ])('%j is refused', async (probe) => {
    const response = await fetch(`${davy.url}/api/v1/deployments/${id}/probes/health`, {
      ...{ method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(probe) },
    })
    expect(response.status).toBe(400)
  })
})

describe('alerts of an Alertmanager', () => {
  const alert = (status: string, labels: Record<string, string>, startsAt: string) => ({
    ...{ status, labels, startsAt, endsAt: '0001-01-01T00:00:00Z', fingerprint: 'x' },
    annotations: { summary: `${labels.alertname} says so` },
  })
  const message = (...alerts: object[]) => ({
    version: '4',
    receiver: 'davy',
    status: 'firing',
    groupLabels: {},
    alerts,
  })
  const alerts = async (of: string) => (await checks(of)).filter(({ kind }) => kind === 'alert').map(({ name }) => name)

  test('that fire for the canary or its service are checks that fail, until they are resolved', async () => {
    const of = await register('payments', '2', '1')
    const startsAt = new Date(Date.now() + 1000).toISOString()
    const burn = { alertname: 'Burn', service: 'payments', version: '2' }
    const slow = { alertname: 'Slow', service: 'payments' }
    const both = { alertname: 'Both', service: 'payments' }
    expect(
      await call('POST', '/integrations/alertmanager', {
        ...message(
          alert('firing', burn, startsAt),
          alert('firing', slow, startsAt),
          alert('firing', both, startsAt),
          alert('firing', { ...both, version: '1' }, startsAt),
          alert('firing', { alertname: 'Old', service: 'payments' }, '2026-01-01T00:00:00Z'),
          alert('firing', { alertname: 'Other', service: 'cart' }, startsAt),
          alert('firing', { alertname: 'DeploymentRolledBack', service: 'payments', team: 'davy' }, startsAt),
        ),
      }),
    ).toEqual({ received: 6, ignored: 1 })
    expect((await alerts(of)).sort()).toEqual(['Burn', 'Slow'])
    await call('POST', '/integrations/alertmanager', message(alert('resolved', burn, startsAt)))
    // A message that was under way for long does not light it again.
    await call('POST', '/integrations/alertmanager', message(alert('firing', burn, startsAt)))
    expect(await alerts(of)).toEqual(['Slow'])
  })

  test('may have texts of any length, since a message that is refused does not come again', async () => {
    const of = await register('long', '2', '1')
    const long = alert('firing', { alertname: 'Long', service: 'long', version: '2', stack: 'a'.repeat(9000) }, 'now')
    const more = { annotations: { summary: 'b'.repeat(9000) }, generatorURL: `http://prometheus/${'c'.repeat(9000)}` }
    const sent = message({ ...long, ...more, startsAt: new Date().toISOString() })
    expect(await call('POST', '/integrations/alertmanager', sent)).toEqual({ received: 1, ignored: 0 })
    expect(await checks(of)).toMatchObject([{ name: 'Long', passed: false, summary: 'b'.repeat(500), url: null }])
  })

  test('are evidence of a metric with a weight of its own, whose rows the page names', async () => {
    const metric = {
      ...{ name: 'alerts', kind: 'count', source: 'alerts', direction: 'increase', group: 'alerts' },
      ...{ weight: 0.2, margin: 1, promoteMargin: 2, critical: false },
    }
    const { metrics } = await call<{ metrics: { name: string; weight: number }[] }>('GET', '/api/v1/templates/default')
    const kept = metrics.filter(({ name }) => name === 'error-rate')
    await call('PUT', '/api/v1/templates/alerted', { metrics: [...kept, metric] })
    const registration = { service: 'told', canary: { version: '2' }, baseline: { version: '1' }, template: 'alerted' }
    const { id: of } = await call<{ id: string }>('POST', '/api/v1/deployments', registration)
    await call('POST', `/api/v1/deployments/${of}/checks?name=manual`, { passed: false })
    const page = await (await fetch(`${davy.url}/deployments/${of}`)).text()
    expect(page).toContain('facts: Kind = &#39;alert&#39;, whose labels are of the canary or of the baseline of told')
    expect(page).toContain('rollup_traces_10s: Service = &#39;told&#39;')
    expect(page).toContain(`<a href="/api/v1/deployments/${of}/checks">As JSON</a>`)
  })

  test('of another version of the message are refused', async () => {
    const response = await send('/integrations/alertmanager', 'application/json', '{"version": "3", "alerts": []}')
    expect(response.status).toBe(400)
  })
})
