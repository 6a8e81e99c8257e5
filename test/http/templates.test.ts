import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Davy, startDavy } from '../davy.ts'
import { type Caller, callerOf } from './client.ts'

let davy: Davy
let call: Caller
beforeAll(async () => {
  davy = await startDavy()
  call = callerOf(davy)
})
afterAll(() => davy?.stop())

const path = '/api/v1/templates'

describe('templates', () => {
  test('are made with 201, changed with 200, and read as they were written', async () => {
    expect((await call('GET', `${path}/gold`)).body).toMatchObject({ status: 404, code: 'NOT_FOUND' })
    const { body: whole } = await call('GET', `${path}/default`)
    expect(whole).toMatchObject({ name: 'default', alpha: 0.01, alphaPromote: 0.05, lookSeconds: 10 })
    const gold = { ...whole, name: 'gold', alpha: 0.001 }
    const made = await call('PUT', `${path}/gold`, gold)
    expect(made).toMatchObject({ status: 201, body: gold })
    const changed = await call('PUT', `${path}/gold`, { ...gold, deadlineSeconds: 600 })
    expect(changed).toMatchObject({ status: 200, body: { deadlineSeconds: 600 } })
    expect((await call('PUT', `${path}/gold`, { ...gold, deadlineSeconds: 600 })).status).toBe(200)
    expect((await call('GET', `${path}/gold`)).body).toEqual({ ...gold, deadlineSeconds: 600 })
    const { items } = (await call('GET', path)).body
    expect(items).toMatchObject([
      { name: 'default', origin: 'file', updatedAt: null, digest: expect.stringMatching(/^sha256:/) },
      { name: 'gold', origin: 'api', template: { alpha: 0.001 } },
    ])
  })

  test('what is left out comes from the default', async () => {
    const { body } = await call('PUT', `${path}/quick`, { deadlineSeconds: 900 })
    const { body: base } = await call('GET', `${path}/default`)
    expect(body).toEqual({ ...base, name: 'quick', deadlineSeconds: 900 })
  })

  test('a deployment keeps the template that it opened with', async () => {
    await call('PUT', `${path}/kept`, { alpha: 0.02 })
    const registration = { service: 'shop', canary: { version: '2' }, baseline: { version: '1' }, template: 'kept' }
    const { body: deployment } = await call('POST', '/api/v1/deployments', registration)
    await call('PUT', `${path}/kept`, { alpha: 0.03 })
    const { body: evidence } = await call('GET', `/api/v1/deployments/${deployment.id}/evidence`)
    expect(evidence.template).toMatchObject({ name: 'kept', alpha: 0.02 })
    expect(evidence.deployment.template).toEqual(deployment.template)
  })

  const metric = { name: 'errors', kind: 'proportion' }
  test.each<[string, object, number, string]>([
    ['an unknown key', { alhpa: 0.01 }, 400, '/alhpa'],
    ['an unknown key of a metric', { metrics: [{ ...metric, wieght: 1 }] }, 400, '/metrics/0/wieght'],
    ['a wrong type', { alpha: '1%' }, 400, '/alpha'],
    ['too much', { alpha: 0.5 }, 400, '/alpha'],
    ['an unknown word', { onDeadline: 'pray' }, 400, '/onDeadline'],
    ['another name', { name: 'silver' }, 422, '/name'],
    ['a look off the tick', { lookSeconds: 15 }, 422, '/lookSeconds'],
    ['half a look in a block', { lookSeconds: 20, blockSeconds: 50 }, 422, '/blockSeconds'],
    [
      'more than all the budget',
      {
        metrics: [
          { ...metric, weight: 0.7 },
          { ...metric, name: 'b', weight: 0.7 },
        ],
      },
      422,
      '/metrics',
    ],
    [
      'a name twice',
      {
        metrics: [
          { ...metric, weight: 0.1 },
          { ...metric, weight: 0.1 },
        ],
      },
      422,
      '/metrics/1/name',
    ],
    ['margins that cross', { metrics: [{ ...metric, margin: 3, promoteMargin: 2 }] }, 422, '/metrics/0/promoteMargin'],
  ])('%s is refused at its place', async (_name, body, status, where) => {
    const answer = await call('PUT', `${path}/bad`, body)
    expect(answer.body).toMatchObject({ status, where, expected: expect.any(String), got: expect.any(String) })
    expect(answer.status).toBe(status)
    expect((await call('GET', `${path}/bad`)).status).toBe(404)
  })

  test('a name that is none', async () => {
    expect((await call('PUT', `${path}/${encodeURIComponent('Größe 1')}`, {})).status).toBe(422)
  })
})

type Operation = {
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> }
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: object }[]
  readonly responses: object
}

describe('the OpenAPI document', () => {
  let document: { openapi: string; info: object; paths: Record<string, Record<string, Operation>> }
  beforeAll(async () => {
    document = (await call('GET', '/openapi.json')).body
  })

  test('is OpenAPI 3.1 with what that demands', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d$/)
    expect(document.info).toMatchObject({ title: 'Davy', version: expect.stringMatching(/^\d+\.\d+\.\d+/) })
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    )
    expect(operations.length).toBeGreaterThan(25)
    for (const { path, method, operation } of operations) {
      expect(['get', 'put', 'patch', 'post', 'delete', 'head'], `${method} ${path}`).toContain(method)
      expect(Object.keys(operation.responses).length, `${method} ${path}`).toBeGreaterThan(0)
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      const declared = (operation.parameters ?? []).filter((each) => each.in === 'path').map(({ name }) => name)
      expect(declared, `${method} ${path}`).toEqual(inPath)
      for (const { schema } of operation.parameters ?? []) expect(Object.keys(schema)).not.toEqual([])
    }
  })

  test('has every call of the API', () => {
    const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(calls).toEqual(
      expect.arrayContaining([
        'POST /v1/traces',
        'POST /v1/metrics',
        'POST /v1/logs',
        'POST /api/v1/deployments',
        'GET /api/v1/services/{name}/calibration',
        'POST /api/v1/services/{name}/calibration',
        'GET /api/v1/plan',
        'POST /api/v1/plan',
        'GET /api/v1/deployments',
        'GET /api/v1/deployments/{id}',
        'GET /api/v1/deployments/{id}/verdict',
        'GET /api/v1/deployments/{id}/verdicts',
        'POST /api/v1/deployments/{id}/override',
        'POST /api/v1/deployments/{id}/finish',
        'POST /api/v1/deployments/{id}/progress',
        'POST /api/v1/deployments/{id}/feedback',
        'GET /api/v1/deployments/{id}/evidence',
        'POST /api/v1/analyses',
        'GET /api/v1/templates',
        'GET /api/v1/templates/{name}',
        'PUT /api/v1/templates/{name}',
        'GET /api/v1/services',
        'GET /api/v1/services/{name}',
        'GET /api/v1/events',
        'GET /api/v1/endpoints',
        'POST /api/v1/endpoints',
        'DELETE /api/v1/endpoints/{id}',
        'POST /api/v1/endpoints/{id}/test',
        'GET /api/v1/deliveries',
        'POST /api/v1/deliveries/{id}/replay',
        'GET /api/v1/kill-switch',
        'PUT /api/v1/kill-switch',
        'GET /livez',
        'GET /readyz',
        'GET /metrics',
      ]),
    )
  })

  test('forgets no route that a file of the room declares', () => {
    const folder = new URL('../../src/http/', import.meta.url)
    const declared = readdirSync(folder)
      .filter((file) => file.endsWith('-routes.ts'))
      .flatMap((file) => [...readFileSync(new URL(file, folder), 'utf8').matchAll(/^\s+'(\/api\/[^']+)'/gm)])
      .map(([, path]) => path!.replace(/:(\w+)/g, '{$1}'))
    expect(declared.length).toBeGreaterThan(10)
    expect(declared.filter((path) => document.paths[path] === undefined)).toEqual([])
  })

  test('describes bodies with all their keys and refuses further ones', () => {
    const body = document.paths['/api/v1/deployments']!.post!.requestBody!.content['application/json']!.schema
    expect(body).toMatchObject({
      type: 'object',
      additionalProperties: false,
      required: ['service', 'canary'],
      properties: { service: { type: 'string' }, strategy: { enum: expect.arrayContaining(['canary', 'blue-green']) } },
    })
  })
})
