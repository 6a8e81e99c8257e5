import { afterAll, beforeAll, expect, test } from 'vitest'
import { JsonApi } from '../../src/sources/json-api.ts'
import { JsonServer } from './json-server.ts'

const start = Date.parse('2026-11-21T10:00:00Z')
const server = new JsonServer()
let url = ''
beforeAll(async () => {
  url = await server.listen()
})
afterAll(() => server.close())

test.each([
  { headers: { 'retry-after': '7' }, seconds: 7 },
  { headers: { 'retry-after': 'Sat, 21 Nov 2026 10:00:09 GMT' }, seconds: 9 },
  { headers: { 'x-ratelimit-reset': '5' }, seconds: 5 },
  { headers: { 'x-ratelimit-reset': String(start / 1000 + 20) }, seconds: 20 },
  { headers: { 'retry-after': '90000' }, seconds: 3600 },
  { headers: { 'retry-after': 'soon' }, seconds: 10 },
  { headers: { 'retry-after': '0' }, seconds: 10 },
  { headers: { 'x-ratelimit-reset': String(start / 1000 - 20) }, seconds: 10 },
  { headers: {}, seconds: 10 },
])('a service whose limit is reached and says $headers is asked again after $seconds s', async (given) => {
  let now = start
  server.says = () => ({ status: 429, body: '', headers: given.headers as Record<string, string> })
  const options = { name: 'It', url, timeoutSeconds: 30, concurrency: 2, wordsOf: () => null, now: () => now }
  const api = new JsonApi(options)
  const ask = () => api.get(async () => ({ headers: {}, secrets: [] }), AbortSignal.timeout(30_000))
  await expect(ask()).rejects.toThrow('status 429')
  server.says = () => ({ body: { fine: true } })
  now += given.seconds * 1000 - 1
  await expect(ask()).rejects.toMatchObject({ code: 'SOURCE_DOWN', retryAfterSeconds: 1 })
  now += 1
  expect(await ask()).toEqual({ fine: true })
  await api.close()
})
