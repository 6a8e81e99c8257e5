import { spawnSync } from 'node:child_process'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Davy, sendSpans, startDavy, untilStored } from '../davy.ts'
import { type Caller, callerOf } from './client.ts'

let davy: Davy
let call: Caller
beforeAll(async () => {
  davy = await startDavy()
  call = callerOf(davy)
})
afterAll(() => davy?.stop())

const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }
const policy = /^default-src 'none'; style-src 'self';.* frame-ancestors 'none'$/

describe('probes', () => {
  test('say that it is alive and ready', async () => {
    expect((await call('GET', '/livez')).body).toEqual({ status: 'alive' })
    expect((await call('GET', '/readyz')).body).toEqual({ status: 'ready' })
    expect((await call('HEAD', '/readyz')).status).toBe(200)
  })
})

describe('metrics', () => {
  const promtool = process.env.PROMTOOL ?? 'promtool'
  const hasPromtool = spawnSync(promtool, ['--version']).status === 0

  test('come as text 0.0.4, or as OpenMetrics to who asks for it', async () => {
    const text = await call('GET', '/metrics')
    expect(text.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(text.text).toMatch(/^davy_build_info\{version="[\d.]+",node_version="v\d+[^"]*",public_url="[^"]+"\} 1$/m)
    const accept = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5'
    const open = await call('GET', '/metrics', undefined, { accept })
    expect(open.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    expect(open.text.endsWith('# EOF\n')).toBe(true)
    expect(text.text).not.toContain('# EOF')
    // Both have the same families.
    const families = (body: string) => body.match(/^# TYPE \S+/gm)?.map((line) => line.replace(/_total$/, ''))
    expect(families(open.text)).toEqual(families(text.text))
  })

  test('have a label pattern instead of each path, and every line is a sample', async () => {
    await call('GET', '/api/v1/deployments/01JUNKNOWN')
    await call('GET', '/wp-login.php')
    const { text } = await call('GET', '/metrics')
    expect(text).toMatch(
      /^http_server_request_duration_seconds_count\{.*http_route="\/api\/v1\/deployments\/:id",http_response_status_code="404"/m,
    )
    expect(text).not.toMatch(/01JUNKNOWN|wp-login/)
    expect(text).toMatch(/^davy_request_errors_total\{code="NOT_FOUND"\} [1-9]/m)
    const sample = /^[a-zA-Z_:][\w:]*(\{([a-z_]+="([^"\\]|\\.)*",?)*\})? (-?[\d.]+(e[+-]?\d+)?|[+-]Inf|NaN)$/
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('# '))
    expect(lines.length).toBeGreaterThan(50)
    expect(lines.filter((line) => !sample.test(line))).toEqual([])
  })

  test.skipIf(!hasPromtool)('promtool finds nothing to complain about', async () => {
    const { text } = await call('GET', '/metrics')
    const { stderr } = spawnSync(promtool, ['check', 'metrics'], { input: text, encoding: 'utf8' })
    // Those three are prom-client's own names.
    expect(stderr.split('\n').filter((line) => !/^(nodejs_active_\w+_total non-counter .*)?$/.test(line))).toEqual([])
  })
})

describe('gauges of deployments', () => {
  test('follow a deployment from its opening to its end', async () => {
    const opened = await call('POST', '/api/v1/deployments', {
      service: 'gauged',
      canary: { version: '2' },
      baseline: { version: '1' },
    })
    const { id } = opened.body
    const during = (await call('GET', '/metrics')).text
    expect(during).toContain(
      `davy_deployment_info{service="gauged",environment="default",deployment_id="${id}",version="2",baseline_version="1",strategy="canary"} 1`,
    )
    expect(during).toContain('davy_deployment_state{service="gauged",environment="default"} 1')
    await call('POST', `/api/v1/deployments/${id}/finish`, { outcome: 'aborted' })
    const after = (await call('GET', '/metrics')).text
    expect(after).not.toContain(id)
    expect(after).toContain('davy_deployment_state{service="gauged",environment="default"} 0')
  })

  test('show the open one of a unit, also beside a newer one that is closed', async () => {
    const body = { service: 'gauged-twice', canary: { version: '2' }, baseline: { version: '1' } }
    await call('POST', '/api/v1/deployments', body)
    const newer = await call('POST', '/api/v1/deployments', { ...body, strategy: 'blue-green' })
    await call('POST', `/api/v1/deployments/${newer.body.id}/finish`, { outcome: 'aborted' })
    const { text } = await call('GET', '/metrics')
    expect(text).toContain('davy_deployment_state{service="gauged-twice",environment="default"} 1')
  })
})

describe('pages', () => {
  test('an empty fleet is a page too', async () => {
    expect((await call('GET', '/', undefined, browser)).text).toMatch(/<h1>/)
  })

  test('the fleet and a deployment are pages without script, under a strict policy', async () => {
    const now = Date.now()
    await sendSpans(davy, [{ service: 'paged', version: '1', endAt: now - 5000 }])
    await untilStored(davy, 'paged', 1)
    const registration = { service: 'paged<b>', canary: { version: '2' }, baseline: { version: '1' } }
    const { body: deployment } = await call('POST', '/api/v1/deployments', registration)
    for (const path of ['/', `/deployments/${deployment.id}`]) {
      const page = await call('GET', path, undefined, browser)
      expect(page.status).toBe(200)
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(page.headers.get('content-security-policy')).toMatch(policy)
      expect(page.headers.get('x-content-type-options')).toBe('nosniff')
      expect(page.text).toMatch(/^<!doctype html>/)
      expect(page.text).toContain('paged&lt;b&gt;')
      expect(page.text).not.toContain('<script')
    }
    const style = await call('GET', '/assets/davy.css')
    expect(style.headers.get('content-type')).toBe('text/css; charset=utf-8')
  })

  test('an unknown deployment is a page to a person and a problem to a program', async () => {
    const page = await call('GET', '/deployments/01JUNKNOWN', undefined, browser)
    expect(page.status).toBe(404)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('content-security-policy')).toMatch(policy)
    expect(page.text).toContain('01JUNKNOWN')
    expect(page.text).toContain('href="/"')
    expect(page.text).not.toContain('http-equiv="refresh"')
    for (const accept of ['*/*', 'application/json']) {
      const problem = await call('GET', '/deployments/01JUNKNOWN', undefined, { accept })
      expect(problem.headers.get('content-type')).toMatch(/^application\/problem\+json/)
      expect(problem.body).toMatchObject({ status: 404, code: 'NOT_FOUND' })
    }
  })

  test('what a stranger writes into the path is not markup', async () => {
    const page = await call('GET', `/deployments/${encodeURIComponent('<img src=x>')}`, undefined, browser)
    expect(page.status).toBe(404)
    expect(page.text).not.toContain('<img')
    expect((await call('GET', '/no/such/page', undefined, browser)).text).toMatch(/^<!doctype html>/)
  })

  test('under /api even a browser gets a problem', async () => {
    const problem = await call('GET', '/api/v1/deployments/01JUNKNOWN', undefined, browser)
    expect(problem.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  })
})

describe('the connection', () => {
  const send = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(davy.url).port), '127.0.0.1', () => socket.write(text))
      let answer = ''
      socket.setEncoding('utf8').on('data', (chunk) => {
        answer += chunk
      })
      socket.on('end', () => resolve(answer)).on('error', reject)
      socket.setTimeout(5000, () => socket.end())
    })

  test('a name that is not ours is refused, so that no page can rebind one to us', async () => {
    const answer = await send('GET /api/v1/deployments HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1.1 421 /)
    expect(answer).toContain('"code":"MISDIRECTED"')
    const own = await send('GET /livez HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n')
    expect(own).toMatch(/^HTTP\/1.1 200 /)
  })

  test('a page of another origin may not write, and its form may not either', async () => {
    const body = { service: 'x', canary: { version: '1' } }
    const foreign = await call('POST', '/api/v1/deployments', body, { origin: 'https://evil.example' })
    expect(foreign.body).toMatchObject({ status: 403, code: 'CROSS_ORIGIN' })
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await call('POST', '/api/v1/deployments', 'service=x', form)).status).toBe(415)
    expect((await call('GET', '/api/v1/deployments?service=x')).body.items).toEqual([])
  })

  test.each([
    ['no HTTP', 'hello\r\n\r\n', /^HTTP\/1.1 400 /],
    ['too many headers', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1.1 431 /],
    ['a path that cannot be decoded', 'GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', / 400 /],
  ])('%s is answered as what it is', async (_name, text, status) => {
    expect(await send(text)).toMatch(status)
  })

  test('a body beyond 1 MiB', async () => {
    const answer = await call('POST', '/api/v1/deployments', JSON.stringify({ service: 'x'.repeat(2 ** 20) }))
    expect(answer.body).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' })
  })

  test('a path that takes other methods says which', async () => {
    const answer = await call('DELETE', '/api/v1/deployments')
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST')
  })
})
