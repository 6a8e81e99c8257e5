import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { PrometheusAccount } from '../../../src/platform/config-sources.ts'
import { PrometheusClient } from '../../../src/sources/prometheus/client.ts'

type Asked = { readonly path: string; readonly headers: IncomingMessage['headers']; readonly body: string }

const directory = mkdtempSync(join(tmpdir(), 'davy-client-'))
const asked: Asked[] = []
let answer: (response: ServerResponse) => void
let url: string
const server = createServer((request, response) => {
  let body = ''
  request.setEncoding('utf8').on('data', (chunk: string) => {
    body += chunk
  })
  request.on('end', () => {
    asked.push({ path: request.url ?? '', headers: request.headers, body })
    answer(response)
  })
})

const vector = { resultType: 'vector', result: [{ metric: { pod: 'a' }, value: [1795289240.761, '3'] }] }
const json = (status: number, body: unknown) => (response: ServerResponse) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prometheus`
})
beforeEach(() => {
  asked.length = 0
  answer = json(200, { status: 'success', data: vector })
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(directory, { recursive: true, force: true })
})

function client(more: Partial<PrometheusAccount> = {}): PrometheusClient {
  return new PrometheusClient({ name: 'main', url, timeoutSeconds: 1, concurrency: 2, ...more })
}

function file(name: string, text: string): string {
  writeFileSync(join(directory, name), text)
  return join(directory, name)
}

describe('a question to Prometheus', () => {
  test('is posted below the path of the URL, and its samples come with their milliseconds', async () => {
    expect(await client().instant('up', 1_795_289_240_761)).toEqual([
      { labels: { pod: 'a' }, samples: [[1_795_289_240_761, 3]], histograms: [] },
    ])
    expect(asked[0]).toMatchObject({ path: '/prometheus/api/v1/query', body: 'query=up&time=1795289240.761' })
  })

  test('carries the tenant and a token that may change while Davy runs', async () => {
    const bearerTokenFile = file('token', 'first\n')
    const own = client({ bearerTokenFile, tenant: 'shop' })
    await own.instant('up', 1)
    file('token', 'second\n')
    await own.instant('up', 2)
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer second'])
    expect(asked[0]!.headers['x-scope-orgid']).toBe('shop')
  })

  test('carries a user and a password', async () => {
    await client({ userName: 'davy', passwordFile: file('password', 'p:w\n') }).instant('up', 1)
    expect(asked[0]!.headers.authorization).toBe(`Basic ${Buffer.from('davy:p:w').toString('base64')}`)
  })

  test('is asked once by all who ask the same at the same time, and again after a failure', async () => {
    const own = client()
    await Promise.all([own.instant('up', 1), own.instant('up', 1)])
    await own.instant('up', 1)
    expect(asked.length).toBe(1)
    answer = json(503, { status: 'error', error: 'busy' })
    await expect(own.instant('up', 2)).rejects.toMatchObject({ code: 'SOURCE_DOWN' })
    answer = json(200, { status: 'success', data: vector })
    expect((await own.instant('up', 2)).length).toBe(1)
  })

  test('that one of two gives up is still answered for the other', async () => {
    const own = client()
    const stop = new AbortController()
    const [first, second] = [own.instant('up', 3, stop.signal), own.instant('up', 3)]
    stop.abort()
    await expect(first).rejects.toMatchObject({ code: 'SOURCE_DOWN' })
    expect((await second).length).toBe(1)
  })

  test('that nobody waits for any more when its turn comes is not asked: a server that hangs gathers none', async () => {
    const own = client({ concurrency: 1 })
    answer = () => {}
    const first = own.instant('up', 10)
    const stop = new AbortController()
    const all = Promise.allSettled([first, ...[11, 12, 13].map((at) => own.instant('up', at, stop.signal))])
    stop.abort()
    expect((await all).map(({ status }) => status)).toEqual(Array(4).fill('rejected'))
    answer = json(200, { status: 'success', data: vector })
    expect((await own.instant('up', 12)).length).toBe(1)
    expect(asked.map(({ body }) => body)).toEqual(['query=up&time=0.01', 'query=up&time=0.012'])
  })

  test.each([
    { name: 'a refusal', status: 422, body: { status: 'error', error: 'too many samples' }, said: 'too many samples' },
    { name: 'a page', status: 200, body: 'log in', said: 'unexpected' },
    { name: 'something else', status: 200, body: { status: 'success', data: { resultType: 'x' } }, said: 'a vector' },
    { name: 'a refusal of a proxy', status: 502, body: 'bad gateway', said: 'status 502' },
    {
      name: 'a part of the data, as of Thanos when a store is away',
      status: 200,
      body: { status: 'success', data: vector, warnings: ['No StoreAPIs matched for this query'] },
      said: 'it warns "No StoreAPIs matched for this query"',
    },
    {
      name: 'a part of the data, as of VictoriaMetrics when a node is away',
      status: 200,
      body: { status: 'success', isPartial: true, data: vector },
      said: 'it says that it is partial',
    },
    {
      name: 'a broken sample',
      status: 200,
      body: { status: 'success', data: { resultType: 'vector', result: [{ metric: {}, value: [1, 'x'] }] } },
      said: 'a number',
    },
  ])('that gets $name is SOURCE_DOWN and says so, without the secret', async ({ status, body, said }) => {
    answer = json(status, body)
    const own = client({ bearerTokenFile: file('token', 'top-secret') })
    const error = await own.instant('up', 5).catch((each: unknown) => each)
    expect(error).toMatchObject({ code: 'SOURCE_DOWN', message: expect.stringContaining(said) })
    expect(JSON.stringify([error, (error as Error).message, (error as Error).stack])).not.toContain('top-secret')
  })

  test.each([
    { headers: {}, seconds: 10 },
    { headers: { 'retry-after': '90' }, seconds: 90 },
  ])('whose limit of requests is reached and says $headers is asked again after $seconds s', async (given) => {
    let now = 0
    const account = { name: 'main', url, timeoutSeconds: 5, concurrency: 2 }
    const own = new PrometheusClient(account, () => now)
    answer = (response) => void response.writeHead(429, given.headers).end('slow down')
    await expect(own.instant('up', 1)).rejects.toMatchObject({ message: expect.stringContaining('status 429') })
    now = given.seconds * 1000 - 1000
    const again = own.instant('up', 2)
    await expect(again).rejects.toMatchObject({
      message: expect.stringContaining('is reached, and it is asked again in 1 s'),
      retryAfterSeconds: 1,
    })
    expect(asked).toHaveLength(1)
    now += 1000
    answer = json(200, { status: 'success', data: vector })
    expect((await own.instant('up', 3)).length).toBe(1)
  })

  test('may get hints, which leave nothing out', async () => {
    answer = json(200, { status: 'success', isPartial: false, data: vector, warnings: [], infos: ['no counter'] })
    expect((await client().instant('up', 8)).length).toBe(1)
  })

  test('is not redirected, and has an end', async () => {
    answer = (response) => void response.writeHead(302, { location: `${url}/elsewhere` }).end()
    await expect(client().instant('up', 6)).rejects.toMatchObject({ code: 'SOURCE_DOWN' })
    expect(asked.length).toBe(1)
    answer = () => {}
    await expect(client().instant('up', 7)).rejects.toMatchObject({ message: expect.stringContaining('timeout') })
  })
})
