import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { afterEach, expect, test } from 'vitest'
import { type Davy, type RequestSpan, sendSpans, until, untilStored } from '../davy.ts'
import { callerOf } from '../http/client.ts'
import { startReceiver } from '../sinks/receiver.ts'
import { random } from '../stats/random.ts'

const repository = new URL('../../', import.meta.url)
const started: ChildProcess[] = []
const directories: string[] = []
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
  }
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
})

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'davy-system-'))
  directories.push(directory)
  return directory
}

/** `davy serve` as a process of its own, as people run it. */
function serve(directory: string, env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ['src/main.ts', 'serve'], {
    cwd: repository,
    env: {
      PATH: process.env.PATH,
      UV_THREADPOOL_SIZE: '16',
      DAVY_STORAGE_URL: `chdb:${join(directory, 'data')}`,
      DAVY_PORT: '0',
      DAVY_OTLP_HTTP_PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push(child)
  const logs: string[] = []
  let text = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    const lines = (text + chunk).split('\n')
    text = lines.pop()!
    logs.push(...lines)
  })
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    errors += chunk
  })
  const ended = new Promise<{ code: number | null; signal: string | null; errors: string }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, errors }))
  })
  return { child, logs, ended }
}

async function ready(directory: string, env: Readonly<Record<string, string>> = {}) {
  const { child, logs, ended } = serve(directory, env)
  const line = await until(
    async () => {
      if (child.exitCode !== null) throw new Error(`Davy ended: ${(await ended).errors}`)
      return logs.find((each) => each.includes('Davy is ready'))
    },
    'Davy is ready',
    60_000,
  )
  const { address, otlp, otlpGrpc } = JSON.parse(line) as { address: string; otlp: string; otlpGrpc: string }
  const stop = async () => void child.kill('SIGTERM')
  const davy: Davy = { url: address, otlpUrl: otlp, otlpGrpcUrl: otlpGrpc, logs, stop }
  return { ...davy, child, ended, call: callerOf(davy) }
}

function spans(service: string, count: number): RequestSpan[] {
  return Array.from({ length: count }, (_, index) => ({ service, version: '1', endAt: Date.now() - 1000 - index }))
}

test('at SIGTERM everything that waits is answered, and it ends with 0 and nothing left behind', async () => {
  const davy = await ready(newDirectory())
  const { body } = await davy.call('POST', '/api/v1/deployments', { service: 'shop', canary: { version: '2' } })
  const one = `/api/v1/deployments/${body.id}/verdict`
  await until(async () => davy.logs.length > 0 && (await davy.call('GET', `${one}s`)).body.items.length > 0, 'look 0')
  const first = await davy.call('GET', one)
  const known = { 'if-none-match': first.headers.get('etag')! }
  const polls = Array.from({ length: 20 }, () => davy.call('GET', `${one}?wait=5m`, undefined, known))
  const stream = fetch(`${davy.url}/api/v1/events`).then((response) => response.text())
  // Who connects and says nothing, or half of something, holds up nothing.
  const port = Number(new URL(davy.url).port)
  const silent = connect(port, '127.0.0.1').on('error', () => {})
  const half = connect(port, '127.0.0.1', () => half.write('GET /api/v1/deploy')).on('error', () => {})
  await until(async () => silent.readyState === 'open' && half.readyState === 'open', 'both connections')
  await davy.call('GET', '/livez')
  davy.child.kill('SIGTERM')
  for (const { status } of await Promise.all(polls)) expect(status).toBe(304)
  expect(await stream).toContain('retry: 2000')
  expect(await davy.ended).toEqual({ code: 0, signal: null, errors: '' })
  expect(davy.logs.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error')).toEqual([])
  expect(davy.logs.at(-1)).toContain('"stopped"')
  silent.destroy()
  half.destroy()
})

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'what was answered with 200 is there after %s and a restart',
  async (signal) => {
    const directory = newDirectory()
    const first = await ready(directory, { DAVY_INGEST_SEGMENT_MAX_AGE_MS: '60000' })
    await sendSpans(first, spans('kept', 3000))
    first.child.kill(signal)
    await first.ended
    const second = await ready(directory)
    await untilStored(second, 'kept', 3000)
    const { body } = await second.call('GET', '/api/v1/services/kept')
    expect(body.versions).toMatchObject([{ version: '1', requests: 3000 }])
    second.child.kill('SIGTERM')
    expect((await second.ended).code).toBe(0)
  },
)

test.each<[string, Record<string, string>, RegExp]>([
  ['beyond loopback without tokens', { DAVY_HOST: '0.0.0.0' }, /DAVY_HOST.*loopback.*DAVY_TOKENS_FILE/],
  [
    'with itself as the place for its traces',
    { DAVY_OTLP_HTTP_PORT: '18943', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:18943' },
    /another OTLP endpoint than Davy itself/,
  ],
  ['with an unknown setting', { DAVY_PROT: '1' }, /DAVY_PROT.*DAVY_PORT/],
  ['with a storage that is none', { DAVY_STORAGE_URL: 'mysql://localhost' }, /chdb:<directory>/],
  ['with a tokens file that is not there', { DAVY_TOKENS_FILE: '/nowhere/tokens.yaml' }, /nowhere/],
])('it does not start %s: 1, and words on standard error', async (_name, env, words) => {
  const { code, errors } = await serve(newDirectory(), env).ended
  expect(code).toBe(1)
  expect(errors).toMatch(words)
  expect(errors).not.toContain('    at ')
})

test('it does not start where something listens already, and says which setting that is', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const port = String((taken.address() as AddressInfo).port)
  for (const variable of ['DAVY_PORT', 'DAVY_OTLP_HTTP_PORT']) {
    const { code, errors } = await serve(newDirectory(), { [variable]: port }).ended
    expect(code).toBe(1)
    expect(errors).toBe(
      `davy: ${variable}: expected a port that can be listened on, got ${port}, where something listens already\n`,
    )
  }
  taken.close()
})

test('a second one on the same data says who has it and ends', async () => {
  const directory = newDirectory()
  await ready(directory)
  const { code, errors } = await serve(directory).ended
  expect(code).toBe(1)
  expect(errors).toContain('cannot be opened')
})

test('a bad release: from spans to the signed rollback, the gate and the closed deployment', async () => {
  const received = await startReceiver((response) => response.writeHead(204).end())
  const davy = await ready(newDirectory())
  const { body: endpoint } = await davy.call('POST', '/api/v1/endpoints', {
    url: received.url,
    events: ['verdict.decided'],
  })
  const { uniform } = random(11)
  const startedAt = Math.floor(Date.now() / 10_000) * 10_000 - 600_000
  const traffic: RequestSpan[] = []
  for (let at = startedAt; at < Date.now() - 1000; at += 50) {
    const version = uniform() < 0.5 ? '2' : '1'
    const error = uniform() < (version === '2' ? 0.12 : 0.02)
    const pod = `shop-${version}-${Math.floor(uniform() * 3)}`
    traffic.push({ service: 'shop', version, pod, endAt: at, route: 'POST /pay', error })
  }
  await sendSpans(davy, traffic)
  await untilStored(davy, 'shop', traffic.length)
  const { status, body: deployment } = await davy.call('POST', '/api/v1/deployments', {
    service: 'shop',
    canary: { version: '2' },
    baseline: { version: '1' },
    startedAt: new Date(startedAt).toISOString(),
  })
  expect(status).toBe(201)
  const one = `/api/v1/deployments/${deployment.id}`
  let tag = ''
  const verdict = await until(
    async () => {
      const answer = await davy.call('GET', `${one}/verdict?wait=10s`, undefined, { 'if-none-match': tag })
      tag = answer.headers.get('etag')!
      return answer.status === 200 && answer.body.final && answer.body
    },
    'a final verdict',
    120_000,
  )
  expect(verdict).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' }, score: 0 })
  expect((await davy.call('GET', `${one}/verdict?format=gate`)).body.verdict).toBe('rollback')
  expect((await davy.call('GET', `${one}/verdict?format=ecs-hook`)).body.hookStatus).toBe('FAILED')
  await until(async () => (await davy.call('GET', one)).body.outcome === 'rolled-back', 'the closing')
  await until(async () => received.received.length > 0, 'the webhook')
  const [{ body, headers }] = received.received as [(typeof received.received)[number]]
  const message = new Webhook(endpoint.secret).verify(body, headers as Record<string, string>)
  expect(message).toMatchObject({ data: { deploymentId: deployment.id, decision: 'rollback', final: true } })
  expect((await davy.call('GET', `/deployments/${deployment.id}`, undefined, { accept: 'text/html' })).text).toMatch(
    /Roll back|Rolled back/,
  )
  davy.child.kill('SIGTERM')
  expect((await davy.ended).code).toBe(0)
  await received.close()
})
