import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { AccountApi } from '../../src/sources/account-api.ts'
import { JsonServer } from './json-server.ts'

const server = new JsonServer()
let [url, directory, token] = ['', '', '']
beforeAll(async () => {
  url = await server.listen()
  directory = await mkdtemp(join(tmpdir(), 'davy-account-'))
  token = join(directory, 'token')
})
afterAll(async () => {
  await server.close()
  await rm(directory, { recursive: true })
})
beforeEach(async () => {
  server.asked.length = 0
  server.says = () => ({ body: { fine: true } })
  await writeFile(token, 'hunter2\n')
})

const signal = () => AbortSignal.timeout(5000)
async function get(more: object = {}, options: object = {}): Promise<unknown> {
  const api = new AccountApi(
    { url: `${url}/base/`, timeoutSeconds: 1, concurrency: 2, ...more },
    { name: 'It', ...options },
  )
  try {
    return await api.get('/query', new URLSearchParams({ q: 'a&b=c' }), signal())
  } finally {
    await api.close()
  }
}

describe('a server of one’s own', () => {
  test('is asked below its URL, with parameters that stay values', async () => {
    expect(await get()).toEqual({ fine: true })
    expect(server.asked).toMatchObject([{ method: 'GET', path: '/base/query', parameters: { q: 'a&b=c' } }])
    expect(server.asked[0]!.headers.authorization).toBeUndefined()
  })

  test('is told who asks, by a token that is read anew, or a user with a password', async () => {
    await get({ bearerTokenFile: token })
    await writeFile(token, 'changed')
    await get({ bearerTokenFile: token }, { tokenScheme: 'Token' })
    await get({ userName: 'davy', passwordFile: token })
    const said = server.asked.map(({ headers }) => headers.authorization)
    expect(said).toEqual(['Bearer hunter2', 'Token changed', `Basic ${btoa('davy:changed')}`])
  })

  test('is not asked without the secret that it needs', async () => {
    const asked = get({ bearerTokenFile: join(directory, 'none') })
    await expect(asked).rejects.toMatchObject({ code: 'SOURCE_DOWN', message: expect.stringContaining('no such file') })
    expect(server.asked).toEqual([])
  })

  test.each([
    {
      name: 'words',
      said: { status: 400, body: 'parse error\n at line 1' },
      words: 'status 400, parse error at line 1',
    },
    { name: 'an error in JSON', said: { status: 401, body: { error: 'who?' } }, words: 'status 401, who?' },
    { name: 'a page', said: { status: 502, body: '<html><h1>Bad</h1> gateway' }, words: 'status 502, Bad gateway' },
    { name: 'nothing', said: { status: 503, body: '' }, words: 'status 503' },
    {
      name: 'a redirect',
      said: { status: 302, body: '', headers: { location: 'http://127.0.0.1:1/' } },
      words: 'redirects are not followed',
    },
    { name: 'no JSON', said: { body: '<html>' }, words: 'its answer is no JSON' },
    { name: 'more than it may', said: { body: '1'.repeat(16 * 2 ** 20 + 1) }, words: 'larger than' },
    { name: 'the secret', said: { status: 403, body: 'no hunter2 here' }, words: 'no [redacted] here' },
  ])('that answers with $name cannot be asked', async ({ said, words }) => {
    server.says = () => said
    const asked = get({ bearerTokenFile: token })
    await expect(asked).rejects.toMatchObject({ code: 'SOURCE_DOWN', message: expect.stringContaining(words) })
    await expect(asked).rejects.toMatchObject({ message: expect.not.stringContaining('hunter2') })
  })

  test('that does not answer in time cannot be asked', async () => {
    server.says = () => new Promise(() => {})
    await expect(get()).rejects.toMatchObject({
      code: 'SOURCE_DOWN',
      message: expect.stringContaining('no answer in time'),
    })
  })

  test('is asked no more at a time than it may', async () => {
    let [now, most] = [0, 0]
    server.says = async () => {
      now += 1
      most = Math.max(most, now)
      await new Promise((resolve) => setImmediate(resolve))
      now -= 1
      return { body: {} }
    }
    const api = new AccountApi({ url, timeoutSeconds: 5, concurrency: 2 }, { name: 'It' })
    await Promise.all(Array.from({ length: 8 }, () => api.post('/', new URLSearchParams(), signal())))
    await api.close()
    expect([server.asked.length, most]).toEqual([8, 2])
  })
})

test('a server of one’s own is known by its authority, and shown a certificate', async () => {
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(directory, name)) as [string, string]
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...subject]
  await promisify(execFile)('openssl', [...made, '-days', '2', '-keyout', key, '-out', cert])
  const pem = await readFile(cert)
  const options = { key: await readFile(key), cert: pem, ca: pem, requestCert: true, rejectUnauthorized: true }
  const secure = createServer(options, (_, response) => response.end('[1]')).listen(0, '127.0.0.1')
  await once(secure, 'listening')
  try {
    const own = { url: `https://127.0.0.1:${(secure.address() as AddressInfo).port}` }
    expect(await get({ ...own, caFile: cert, certificateFile: cert, keyFile: key })).toEqual([1])
    await expect(get(own)).rejects.toMatchObject({
      code: 'SOURCE_DOWN',
      message: expect.stringContaining('SELF_SIGNED'),
    })
    await expect(get({ ...own, caFile: cert })).rejects.toMatchObject({ code: 'SOURCE_DOWN' })
    const missing = get({ ...own, caFile: join(directory, 'none') })
    await expect(missing).rejects.toMatchObject({ code: 'SOURCE_DOWN', message: expect.stringContaining('ENOENT') })
  } finally {
    secure.closeAllConnections()
    secure.close()
  }
})
