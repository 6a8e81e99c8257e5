import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashToken, type Role, roles } from '../../src/platform/tokens.ts'
import { type Davy, protobufTraces, startDavy, until } from '../davy.ts'
import { type Caller, callerOf } from './client.ts'

const secretOf = (role: Role) => `davy_${role}-token-of-this-test`
const as = (role: Role) => ({ authorization: `Bearer ${secretOf(role)}` })
const secretOfNamesake = 'davy_namesake-token-of-this-test'
const directory = mkdtempSync(join(tmpdir(), 'davy-tokens-'))
const tokensFile = join(directory, 'tokens.yaml')

let davy: Davy
let call: Caller
beforeAll(async () => {
  const lines = roles.map((role) => `- {name: my-${role}, role: ${role}, hash: "${hashToken(secretOf(role))}"}`)
  const namesake = `- {name: davy, role: gate, hash: "${hashToken(secretOfNamesake)}"}`
  writeFileSync(tokensFile, `${[...lines, namesake].join('\n')}\n`)
  davy = await startDavy({
    DAVY_HOST: '0.0.0.0',
    DAVY_TOKENS_FILE: tokensFile,
    DAVY_PUBLIC_URL: 'https://davy.example.com',
    DAVY_ALLOWED_ORIGINS: 'https://console.example.com',
  })
  call = callerOf(davy)
})
afterAll(async () => {
  await davy?.stop()
  rmSync(directory, { recursive: true, force: true })
})

test('beyond loopback without tokens it does not start, and says what is needed', async () => {
  const start = startDavy({ DAVY_HOST: '0.0.0.0' })
  await expect(start).rejects.toThrow(/DAVY_HOST.*expected a loopback address, or DAVY_TOKENS_FILE/s)
})

describe('with tokens', () => {
  const deployment = { service: 'guarded', canary: { version: '2' }, baseline: { version: '1' } }

  test.each<[string, string, object | undefined, readonly Role[]]>([
    ['GET', '/', undefined, ['viewer', 'operator', 'admin']],
    ['GET', '/metrics', undefined, ['viewer', 'operator', 'admin']],
    ['GET', '/openapi.json', undefined, ['viewer', 'operator', 'admin']],
    ['GET', '/api/v1/deployments', undefined, ['viewer', 'operator', 'admin']],
    ['GET', '/api/v1/events', undefined, ['viewer', 'operator', 'admin']],
    ['POST', '/api/v1/deployments', deployment, ['gate', 'operator', 'admin']],
    ['PUT', '/api/v1/templates/default', {}, ['operator', 'admin']],
    ['POST', '/api/v1/endpoints', { url: 'https://a.example' }, ['operator', 'admin']],
    ['GET', '/api/v1/plan?requestsPerSecond=12&errorRate=0.01', undefined, ['viewer', 'operator', 'admin']],
    ['POST', '/api/v1/plan', { requestsPerSecond: 12, errorRate: 0.01 }, ['viewer', 'operator', 'admin']],
    ['PUT', '/api/v1/kill-switch', { on: false, reason: 'a test' }, ['admin']],
  ])('%s %s is for the roles that it is for', async (method, path, body, expected) => {
    const allowed: Role[] = []
    for (const role of roles) {
      const leave = new AbortController()
      const response = await fetch(davy.url.replace('0.0.0.0', '127.0.0.1') + path, {
        method,
        headers: { ...as(role), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: leave.signal,
      })
      if (response.status < 300) allowed.push(role)
      else expect(response.status).toBe(403)
      leave.abort()
    }
    expect(allowed.toSorted()).toEqual([...expected].sort())
    const nobody = await call(method, path, body)
    expect(nobody.body).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' })
    expect(nobody.headers.get('www-authenticate')).toMatch(/^Bearer .*Basic /)
  })

  test('telemetry needs the role ingest, on both ports, and Basic does as well as Bearer', async () => {
    const body = new Uint8Array(protobufTraces([{ service: 'guarded', version: '1', endAt: Date.now() - 1000 }]))
    const send = (base: string, headers: Record<string, string>) =>
      fetch(`${base.replace('0.0.0.0', '127.0.0.1')}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf', ...headers },
        body,
      })
    for (const base of [davy.url, davy.otlpUrl]) {
      expect((await send(base, {})).status).toBe(401)
      expect((await send(base, as('viewer'))).status).toBe(403)
      expect((await send(base, as('ingest'))).status).toBe(200)
      const basic = Buffer.from(`any:${secretOf('ingest')}`).toString('base64')
      expect((await send(base, { authorization: `Basic ${basic}` })).status).toBe(200)
    }
  })

  test('probes, the style and unknown paths need none', async () => {
    for (const path of ['/livez', '/readyz', '/assets/davy.css']) expect((await call('GET', path)).status).toBe(200)
    expect((await call('GET', '/wp-login.php')).status).toBe(404)
  })

  test('an override names the token that made it', async () => {
    const { body } = await call('POST', '/api/v1/deployments', { ...deployment, service: 'named' }, as('gate'))
    const said = await call(
      'POST',
      `/api/v1/deployments/${body.id}/override`,
      { decision: 'hold', reason: 'let us look' },
      as('operator'),
    )
    expect(said.body.override).toMatchObject({ by: 'my-operator' })
    const refused = await call(
      'POST',
      `/api/v1/deployments/${body.id}/override`,
      { decision: 'promote', reason: 'me too' },
      as('gate'),
    )
    expect(refused.body).toMatchObject({ status: 403, code: 'FORBIDDEN', got: 'the role gate' })
  })

  test('a token of the name davy reports checks as anybody does, and lifts the hold of no probe', async () => {
    const headers = { authorization: `Bearer ${secretOfNamesake}` }
    const { body } = await call('POST', '/api/v1/deployments', { ...deployment, service: 'namesake' }, headers)
    const path = `/api/v1/deployments/${body.id}`
    await call('PUT', `${path}/probes/health`, { url: 'http://canary.test/', everySeconds: 3600 }, headers)
    const report = await call('POST', `${path}/checks?name=health`, { passed: true }, headers)
    expect(report.body).toMatchObject({ kind: 'result', passed: true })
    const { items } = (await call('GET', `${path}/checks`, undefined, as('viewer'))).body
    expect(items).toMatchObject([
      { name: 'health', kind: 'probe', passed: false },
      { name: 'health', kind: 'result', passed: true },
    ])
  })

  test('an allowed origin may call from its page, any other may not write', async () => {
    const origin = 'https://console.example.com'
    const preflight = await call('OPTIONS', '/api/v1/deployments', undefined, {
      origin,
      'access-control-request-method': 'POST',
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin)
    const write = (from: string) =>
      call('PUT', '/api/v1/kill-switch', { on: false, reason: 'a test' }, { ...as('admin'), origin: from })
    expect((await write(origin)).status).toBe(200)
    expect((await write('https://evil.example')).body).toMatchObject({ status: 403, code: 'CROSS_ORIGIN' })
  })

  test('a token that is taken out of the file is refused within seconds', async () => {
    const rest = readFileSync(tokensFile, 'utf8').replace(/^.*name: my-ingest,.*\n/m, '')
    const refused = async () => {
      const url = `${davy.otlpUrl.replace('0.0.0.0', '127.0.0.1')}/v1/traces`
      const headers = { 'content-type': 'application/x-protobuf', ...as('ingest') }
      return (await fetch(url, { method: 'POST', headers, body: '' })).status === 401
    }
    expect(await refused()).toBe(false)
    writeFileSync(`${tokensFile}.new`, rest)
    renameSync(`${tokensFile}.new`, tokensFile)
    await until(refused, 'the refusal', 30_000)
    expect((await call('GET', '/api/v1/deployments', undefined, as('viewer'))).status).toBe(200)
    const told = davy.logs.map((line) => JSON.parse(line)).find(({ msg }) => msg === 'the tokens file has changed')
    expect(told).toMatchObject({ added: [], removed: ['my-ingest'], changed: [] })
  })

  test('no token is in the log', () => {
    expect(davy.logs.filter((line) => roles.some((role) => line.includes(secretOf(role))))).toEqual([])
  })
})
