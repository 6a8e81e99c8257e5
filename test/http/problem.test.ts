import { Type, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import fastify, { type FastifyInstance } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import { DavyError, type ErrorCode } from '../../src/domain/errors.ts'
import { registerProblems, sendProblem } from '../../src/http/problem.ts'
import { inSpan, spanIds, startContext } from '../platform/span-context.ts'

const closed = { additionalProperties: false }
const body = Type.Object(
  {
    service: Type.String({ minLength: 1 }),
    token: Type.Optional(Type.Integer()),
    weight: Type.Optional(Type.Number({ maximum: 1 })),
  },
  closed,
)
const querystring = Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })) }, closed)

const opened: FastifyInstance[] = []
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close()
})

function serve(validator: 'ajv' | 'typebox' = 'typebox') {
  const codes: ErrorCode[] = []
  const app = fastify({
    bodyLimit: 200,
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply),
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, allErrors: true } },
  })
  if (validator === 'typebox') app.setValidatorCompiler(TypeBoxValidatorCompiler)
  opened.push(app)
  registerProblems(app, (code) => codes.push(code))
  app.post('/api/v1/deployments', { schema: { body } }, async () => 'ok')
  app.get('/api/v1/deployments', { schema: { querystring } }, async () => 'ok')
  app.get('/api/v1/deployments/:id', async () => 'ok')
  app.get('/busy', async () => {
    throw new DavyError('OVERLOADED', 'The backlog is full.', { expected: 'less', got: 'more', retryAfterSeconds: 1.2 })
  })
  app.get('/broken', async () => {
    throw new Error('password hunter2 at 10.0.0.1')
  })
  app.get('/leaky', async () => {
    throw Object.assign(new Error('password hunter2'), { statusCode: 400 })
  })
  return { app, codes }
}

const create = (app: FastifyInstance, payload: string | object) =>
  app.inject({
    method: 'POST',
    url: '/api/v1/deployments?key=hunter2',
    headers: { 'content-type': 'application/json' },
    payload,
  })

describe.each(['typebox', 'ajv'] as const)('a body that does not fit (%s)', (validator) => {
  test('one fault is told with its place, the words of the schema and what came', async () => {
    const response = await create(serve(validator).app, { service: 'checkout', weight: 50 })
    expect(response.statusCode).toBe(400)
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/)
    expect(response.json()).toEqual({
      type: 'urn:davy:problem:validation',
      title: 'The request does not fit its schema',
      status: 400,
      code: 'VALIDATION',
      detail: 'The body does not fit: /weight should be a number of at most 1, got 50.',
      expected: 'a number of at most 1',
      got: '50',
      where: '/weight',
      instance: '/api/v1/deployments',
    })
  })

  test('of many faults all are told', async () => {
    const problem = (await create(serve(validator).app, { servise: 'x', weight: 'heavy' })).json()
    const places = problem.errors.map(({ where }: { where: string }) => where)
    expect(places.toSorted()).toEqual(['/service', '/servise', '/weight'])
  })

  test('secrets are not repeated', async () => {
    const response = await create(serve(validator).app, { service: 'x', token: 'hunter2' })
    expect(response.json()).toMatchObject({ where: '/token', got: 'a string of 7 characters' })
    expect(response.body).not.toContain('hunter2')
  })

  test('a body that is no object at all is told as the body', async () => {
    expect((await create(serve(validator).app, '[]')).json()).toMatchObject({ where: 'body', got: 'a list of 0' })
  })
})

test('a query that does not fit names its parameter', async () => {
  const response = await serve().app.inject({ url: '/api/v1/deployments?limit=900' })
  expect(response.json()).toMatchObject({ code: 'VALIDATION', where: '?limit', expected: 'an integer from 1 to 500' })
})

test.each([
  ['{"service": hunter2}', 400, 'VALIDATION'],
  ['', 400, 'VALIDATION'],
  ['{"__proto__": {"hunter2": 1}}', 400, 'VALIDATION'],
  [JSON.stringify({ service: 'hunter2'.repeat(50) }), 413, 'BODY_TOO_LARGE'],
])('the body %j is %i %s and is not repeated', async (payload, status, code) => {
  const { app, codes } = serve()
  const response = await create(app, payload)
  expect(response.statusCode).toBe(status)
  expect(response.json()).toMatchObject({ status, code })
  expect(response.body).not.toContain('hunter2')
  expect(codes).toEqual([code])
})

test('an error of the table keeps its words and says when to come back', async () => {
  const response = await serve().app.inject({ url: '/busy' })
  expect(response.statusCode).toBe(429)
  expect(response.headers['retry-after']).toBe('2')
  expect(response.json()).toMatchObject({
    code: 'OVERLOADED',
    detail: 'The backlog is full.',
    expected: 'less',
    got: 'more',
  })
})

test.each(['/broken', '/leaky'])('any other error (%s) tells nothing of its cause', async (url) => {
  const { app, codes } = serve()
  const response = await app.inject({ url })
  expect(response.statusCode).toBe(500)
  expect(response.json()).toMatchObject({ code: 'INTERNAL', title: 'Davy failed; this says nothing about the release' })
  expect(response.body).not.toMatch(/hunter2|10\.0\.0\.1/)
  expect(codes).toEqual(['INTERNAL'])
})

test('an unknown path names the one that was perhaps meant', async () => {
  const { app } = serve()
  const near = await app.inject({ url: '/api/v1/deployment?x=hunter2' })
  expect(near.statusCode).toBe(404)
  expect(near.json()).toMatchObject({
    code: 'NOT_FOUND',
    expected: '/api/v1/deployments',
    instance: '/api/v1/deployment',
  })
  const far = await app.inject({ url: '/wp-login.php' })
  expect(far.json()).toMatchObject({ code: 'NOT_FOUND', detail: 'Nothing is at this path.' })
})

test('a path that cannot be decoded is a problem too', async () => {
  const response = await serve().app.inject({ url: '/api/%zz' })
  expect(response.statusCode).toBe(400)
  expect(response.json()).toMatchObject({ code: 'VALIDATION', instance: '/api/%zz' })
})

test('a wrong method says which are right', async () => {
  const { app } = serve()
  const response = await app.inject({ method: 'DELETE', url: '/api/v1/deployments/01J' })
  expect(response.statusCode).toBe(405)
  expect(response.headers.allow).toBe('GET, HEAD')
  expect(response.json()).toMatchObject({ code: 'METHOD_NOT_ALLOWED', expected: 'GET, HEAD', got: 'DELETE' })
})

test('a problem inside a span names the trace', async () => {
  const tracing = startContext()
  const response = await inSpan(1, async () => await serve().app.inject({ url: '/broken' }))
  expect(response.json().traceId).toBe(spanIds.traceId)
  await tracing.stop()
})
