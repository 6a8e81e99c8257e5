import { type AddressInfo, connect } from 'node:net'
import fastify, { type FastifyInstance, type InjectOptions } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import { type AccessOptions, registerAccess } from '../../src/http/access.ts'
import { registerProblems } from '../../src/http/problem.ts'
import { hashToken, type Role, roles, type Token } from '../../src/platform/tokens.ts'

const secretOf = (role: Role) => `davy_${role}-token`
const tokens: readonly Token[] = roles.map((role) => ({ name: `my-${role}`, role, hash: hashToken(secretOf(role)) }))
const local: AccessOptions = {
  tokens: null,
  loopback: true,
  publicUrl: 'https://davy.example.com',
  allowedHosts: ['davy.monitoring.svc', 'proxy.example.com:8443'],
  allowedOrigins: ['https://console.example.com'],
}
const guarded: AccessOptions = { ...local, tokens: { current: tokens }, loopback: false }

const opened: FastifyInstance[] = []
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close()
})

function serve(options: AccessOptions): FastifyInstance {
  const app = fastify()
  opened.push(app)
  registerProblems(app)
  registerAccess(app, options)
  app.addContentTypeParser(['application/x-protobuf', 'text/plain'], { parseAs: 'buffer' }, (_, body, done) =>
    done(null, body),
  )
  app.addContentTypeParser('application/junit+xml', { parseAs: 'string' }, (_, body, done) => done(null, body))
  for (const role of roles) {
    app.route({
      method: ['GET', 'POST', 'DELETE'],
      url: `/${role}`,
      config: { role },
      handler: async ({ caller }) => caller ?? {},
    })
  }
  app.get('/livez', { config: { role: 'open' } }, async () => 'ok')
  app.post('/checks', { config: { role: 'gate', contentTypes: ['application/junit+xml'] } }, async () => 'ok')
  return app
}

const asRole = (role: Role) => ({ authorization: `Bearer ${secretOf(role)}` })
const post = (url: string, headers: Record<string, string> = {}): InjectOptions => ({
  method: 'POST',
  url,
  headers: { host: 'localhost:8080', 'content-type': 'application/json', ...headers },
  payload: '{}',
})

describe('start', () => {
  test('a route that does not say who may use it stops the start', () => {
    const app = serve(local)
    expect(() => app.get('/forgotten', async () => 'secret')).toThrow('the route GET /forgotten needs config.role')
    expect(() => app.get('/boss', { config: { role: 'boss' as Role } }, async () => '')).toThrow('it has boss')
  })

  test('the same holds inside plugins', async () => {
    const app = serve(local)
    await expect(
      app.register(async (inner) => void inner.get('/forgotten', async () => 'secret')).ready(),
    ).rejects.toThrow('needs config.role')
  })

  test('a route that was added before is not served', async () => {
    const app = fastify()
    opened.push(app)
    registerProblems(app)
    app.get('/early', async () => 'secret')
    registerAccess(app, local)
    const response = await app.inject({ url: '/early' })
    expect(response.statusCode).toBe(403)
    expect(response.body).not.toContain('secret')
  })

  test('beyond loopback tokens are needed, and an empty list is none', () => {
    expect(() => serve({ ...local, loopback: false })).toThrow('DAVY_TOKENS_FILE')
    expect(() => serve({ ...guarded, tokens: { current: [] } })).toThrow('DAVY_TOKENS_FILE')
    expect(() => serve({ ...local, tokens: { current: [] } })).toThrow('DAVY_TOKENS_FILE')
  })
})

describe('tokens', () => {
  const expected: Record<Role, readonly Role[]> = {
    ingest: ['ingest'],
    gate: ['gate'],
    viewer: ['viewer', 'gate'],
    operator: ['viewer', 'gate', 'operator'],
    admin: roles,
  }

  test.each(roles)('%s may use the routes that it is for and no others', async (role) => {
    const app = serve(guarded)
    const reads = await Promise.all(roles.map((url) => app.inject({ url: `/${url}`, headers: asRole(role) })))
    const readable = roles.filter((_, index) => reads[index]!.statusCode === 200)
    expect(readable.toSorted()).toEqual([...expected[role]].sort())
    const writes = await Promise.all(roles.map((url) => app.inject(post(`/${url}`, asRole(role)))))
    const writable = roles.filter((_, index) => writes[index]!.statusCode === 200)
    expect(writable.toSorted()).toEqual(
      expected[role].filter((each) => role !== 'viewer' || each !== 'gate').toSorted(),
    )
    expect(new Set([...reads, ...writes].map(({ statusCode }) => statusCode))).toEqual(
      role === 'admin' ? new Set([200]) : new Set([200, 403]),
    )
  })

  test('a token that is taken away, or given, counts from the next request on', async () => {
    const known = { current: tokens }
    const app = serve({ ...guarded, tokens: known })
    const ask = async (role: Role) => (await app.inject({ url: '/viewer', headers: asRole(role) })).statusCode
    expect([await ask('viewer'), await ask('admin')]).toEqual([200, 200])
    known.current = tokens.filter(({ role }) => role !== 'viewer')
    expect([await ask('viewer'), await ask('admin')]).toEqual([401, 200])
    known.current = tokens
    expect(await ask('viewer')).toBe(200)
  })

  test('without a token, or with a wrong one, the answer says what is needed', async () => {
    const app = serve(guarded)
    const attempts = [
      {},
      { authorization: 'Bearer nonsense' },
      { authorization: `Bearer ${tokens[4]!.hash}` },
      { authorization: `Digest ${secretOf('admin')}` },
      { authorization: 'Bearer ' },
    ]
    for (const headers of attempts) {
      const response = await app.inject({ url: '/viewer', headers })
      expect(response.statusCode).toBe(401)
      expect(response.headers['www-authenticate']).toMatch(/^Bearer .*Basic/)
      expect(response.json()).toMatchObject({ code: 'UNAUTHENTICATED', where: 'header authorization' })
      expect(response.body).not.toMatch(/nonsense|davy_admin/)
    }
  })

  test('a token as the password of Basic works, whatever the user is called', async () => {
    const app = serve(guarded)
    const authorization = `Basic ${Buffer.from(`me:${secretOf('viewer')}`).toString('base64')}`
    const response = await app.inject({ url: '/viewer', headers: { authorization } })
    expect(response.json()).toEqual({ name: 'my-viewer', role: 'viewer' })
  })

  test('HEAD needs the same token as GET', async () => {
    const app = serve(guarded)
    app.get('/page', { config: { role: 'viewer' } }, async () => 'page')
    expect((await app.inject({ method: 'HEAD', url: '/page' })).statusCode).toBe(401)
    expect((await app.inject({ method: 'HEAD', url: '/page', headers: asRole('viewer') })).statusCode).toBe(200)
  })

  test('probes need none', async () => {
    const app = serve(guarded)
    expect((await app.inject({ url: '/livez' })).statusCode).toBe(200)
  })

  test('the body of a stranger is never read', async () => {
    const app = serve(guarded)
    let isParsed = false
    app.addHook('preParsing', async () => {
      isParsed = true
    })
    app.post('/late', { config: { role: 'gate' } }, async () => 'ok')
    expect((await app.inject(post('/late'))).statusCode).toBe(401)
    expect(isParsed).toBe(false)
    expect((await app.inject(post('/late', asRole('gate')))).statusCode).toBe(200)
    expect(isParsed).toBe(true)
  })

  test('on loopback without tokens everybody on the machine may do everything', async () => {
    const app = serve(local)
    for (const role of roles)
      expect((await app.inject(post(`/${role}`))).json()).toEqual({ name: 'local', role: 'admin' })
  })
})

describe('host', () => {
  const own = ['localhost', 'localhost:8080', '127.0.0.1:4318', '[::1]:8080', '10.1.2.3:8080', 'DAVY.example.com']
  const allowed = ['davy.monitoring.svc:4318', 'davy.monitoring.svc.', 'proxy.example.com:8443']
  const foreign = [
    'evil.example.com',
    'localhost.evil.com',
    'localhost@evil.com',
    'proxy.example.com',
    '127.0.0.1.evil.com',
  ]

  test.each([...own, ...allowed])('%s is ours', async (host) => {
    expect((await serve(local).inject({ url: '/viewer', headers: { host } })).statusCode).toBe(200)
  })

  test.each(foreign)('%j is another machine, for reads, writes, probes and unknown paths alike', async (host) => {
    const app = serve(local)
    const requests = [{ url: '/viewer' }, { url: '/livez' }, { url: '/nowhere' }, post('/gate')]
    for (const request of requests) {
      const response = await app.inject({ ...request, headers: { ...request.headers, host } })
      expect(response.statusCode).toBe(421)
      expect(response.json()).toMatchObject({ code: 'MISDIRECTED', where: 'header host' })
    }
  })
})

test.each(['GET /viewer HTTP/1.0', 'GET /viewer HTTP/1.1\r\nHost:'])(
  '%j names no host and is refused',
  async (request) => {
    const app = serve(local)
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    let answer = ''
    for await (const chunk of connect(port, '127.0.0.1').end(`${request}\r\n\r\n`)) answer += chunk
    expect(answer).toMatch(/^HTTP\/1\.1 421 /)
  },
)

describe('origin', () => {
  test.each([
    [{}],
    [{ origin: 'http://localhost:8080' }],
    [{ origin: 'http://localhost:8080', 'sec-fetch-site': 'same-origin' }],
    [{ origin: 'https://davy.example.com', 'sec-fetch-site': 'same-origin' }],
    [{ origin: 'https://console.example.com', 'sec-fetch-site': 'same-site' }],
    [{ 'sec-fetch-site': 'none' }],
  ])('a write with %j is taken', async (headers) => {
    expect((await serve(local).inject(post('/gate', headers))).statusCode).toBe(200)
  })

  test.each([
    [{ origin: 'https://evil.example.com' }],
    [{ origin: 'http://localhost:3000' }],
    [{ origin: 'null' }],
    [{ origin: 'https://console.example.com.evil.com' }],
    [{ origin: 'http://localhost:8080', 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
  ])('a write with %j is refused, with a token too', async (headers) => {
    const requests = [
      post('/gate', { ...headers, ...asRole('admin') }),
      { ...post('/gate', headers), method: 'DELETE' as const },
    ]
    for (const app of [serve(local), serve(guarded)]) {
      for (const request of requests) {
        const response = await app.inject(request)
        expect(response.statusCode).toBe(403)
        expect(response.json().code).toBe('CROSS_ORIGIN')
      }
    }
  })

  test('reads do not ask for the origin', async () => {
    const headers = { origin: 'https://evil.example.com', 'sec-fetch-site': 'cross-site' }
    const response = await serve(local).inject({ url: '/viewer', headers })
    expect(response.statusCode).toBe(200)
    expect(response.headers).not.toHaveProperty('access-control-allow-origin')
  })

  test('browsers are told that pages of an allowed origin may write, and of no other', async () => {
    const ask = (origin: string) =>
      serve(guarded).inject({
        method: 'OPTIONS',
        url: '/gate',
        headers: { host: 'localhost', origin, 'access-control-request-method': 'POST' },
      })
    const allowed = await ask('https://console.example.com')
    const methods = allowed.headers['access-control-allow-methods']
    expect(`${methods}`.split(', ').sort()).toEqual(['DELETE', 'GET', 'HEAD', 'PATCH', 'POST', 'PUT'])
    expect(allowed.statusCode).toBe(204)
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': 'https://console.example.com',
      vary: 'Origin',
    })
    const refused = await ask('https://evil.example.com')
    expect(refused.statusCode).toBe(405)
    expect(refused.headers).not.toHaveProperty('access-control-allow-origin')
  })
})

describe('content type', () => {
  test.each([
    'application/json; charset=utf-8',
    'application/x-protobuf',
    'application/x-protobuf;proto=io.prometheus.write.v2.Request',
  ])('%s is taken', async (type) => {
    expect((await serve(local).inject(post('/ingest', { 'content-type': type }))).statusCode).toBe(200)
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain; x=application/json',
    '',
  ])('what a page can send unasked, %j, is refused', async (type) => {
    const response = await serve(local).inject(post('/ingest', { 'content-type': type }))
    expect(response.statusCode).toBe(415)
    expect(response.json()).toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE', where: 'header content-type' })
  })

  test('a body needs a content type, no body needs none', async () => {
    const app = serve(local)
    const headers = { host: 'localhost' }
    expect((await app.inject({ method: 'POST', url: '/gate', headers, payload: Buffer.from('{}') })).statusCode).toBe(
      415,
    )
    expect((await app.inject({ method: 'POST', url: '/gate', headers })).statusCode).toBe(200)
    expect((await app.inject({ method: 'DELETE', url: '/gate', headers })).statusCode).toBe(200)
  })

  test('a route may take more types, for itself alone', async () => {
    const app = serve(local)
    const headers = { 'content-type': 'application/junit+xml' }
    expect((await app.inject(post('/checks', headers))).statusCode).toBe(200)
    const response = await app.inject(post('/gate', headers))
    expect(response.statusCode).toBe(415)
  })
})
