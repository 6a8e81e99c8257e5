import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorTable } from '../../src/domain/errors.ts'
import { type Davy, startDavy } from '../davy.ts'
import { callerOf } from './client.ts'

type Response = {
  readonly description: string
  readonly headers?: Readonly<Record<string, object>>
  readonly content?: Readonly<Record<string, { readonly schema: object }>>
}
type Operation = {
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly required: boolean }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> }
  readonly security: readonly object[]
  readonly responses: Readonly<Record<string, Response>>
}

let davy: Davy
let document: {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>>; readonly securitySchemes: object }
}
beforeAll(async () => {
  davy = await startDavy()
  document = (await callerOf(davy)('GET', '/openapi.json')).body
})
afterAll(() => davy?.stop())

const operation = (method: string, path: string) => document.paths[path]![method]!
const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, each]) => ({ name: `${method} ${path}`, ...each })),
  )
const statusesOf = (method: string, path: string) => Object.keys(operation(method, path).responses).sort()

/** That what is answered is declared, every test over a whole Davy asserts: `test/declared-answers.ts`. */
describe('answers', () => {
  test.each([
    ['post', '/api/v1/deployments', ['200', '201']],
    ['post', '/api/v1/deployments/{id}/feedback', ['204']],
    ['get', '/api/v1/deployments/{id}/verdict', ['200', '304']],
    ['put', '/api/v1/templates/{name}', ['200', '201']],
    ['post', '/api/v1/quarantine/{id}/retry', ['200', '202']],
    ['post', '/api/v1/write', ['204']],
    ['post', '/integrations/flagger/rollback', ['200', '409']],
    ['post', '/integrations/flagger/event', ['202']],
    ['post', '/integrations/github', ['202']],
    ['put', '/kayenta/pipelines/{id}/cancel', ['202']],
  ])('%s %s declares %j', (method, path, statuses) => {
    expect(statusesOf(method, path)).toEqual([...statuses, '4XX', '5XX'])
  })

  test('all say what they mean, and those without a body have none', () => {
    for (const { name, responses } of operations()) {
      for (const [status, { description, content }] of Object.entries(responses)) {
        expect(description, `${name} ${status}`).not.toBe('Default Response')
        if (status === '204' || status === '304') expect(content, `${name} ${status}`).toBeUndefined()
      }
    }
  })

  test('that are errors are problems, but where others have a form of their own', () => {
    const schemaOf = (method: string, path: string) => operation(method, path).responses['4XX']!.content
    const ref = (name: string) => ({ schema: { $ref: `#/components/schemas/${name}` } })
    expect(schemaOf('get', '/api/v1/deployments')).toEqual({ 'application/problem+json': ref('Problem') })
    expect(schemaOf('get', '/kayenta/judges')).toEqual({ 'application/json': ref('KayentaError') })
    expect(schemaOf('post', '/v1/logs')).toHaveProperty(['application/x-protobuf'], ref('RpcStatus'))
    expect(document.components.schemas.Problem).toMatchObject({
      required: expect.arrayContaining(['code', 'detail']),
      properties: { code: { enum: Object.keys(errorTable) } },
    })
    const refs = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)
    const known = Object.keys(document.components.schemas)
    expect([...refs].filter(([, name]) => !known.includes(name!))).toEqual([])
  })

  test('with a header declare it', () => {
    expect(operation('get', '/api/v1/deployments/{id}/verdict').responses['200']!.headers).toHaveProperty('etag')
    expect(operation('get', '/api/v1/deployments/{id}/verdict').responses['304']!.headers).toHaveProperty('etag')
    expect(operation('post', '/api/v1/endpoints').responses['201']!.headers).toHaveProperty('location')
  })
})

describe('requests', () => {
  test.each([
    ['/v1/traces', ['application/json', 'application/protobuf', 'application/x-protobuf']],
    ['/api/v1/write', ['application/x-protobuf']],
    ['/api/v1/deployments/{id}/checks', ['application/json', 'application/junit+xml', 'application/xml', 'text/xml']],
    ['/integrations/prometheus/api/v1/query', ['application/json', 'application/x-www-form-urlencoded']],
    ['/api/v1/judgements/rollout', ['application/json']],
  ])('of %s may have a body of %j', (path, types) => {
    expect(Object.keys(operation('post', path).requestBody!.content).sort()).toEqual(types)
  })

  test('may have the headers that are read', () => {
    const headersOf = (method: string, path: string) =>
      operation(method, path).parameters!.filter((p) => p.in === 'header')
    expect(headersOf('post', '/api/v1/deployments')).toMatchObject([{ name: 'idempotency-key', required: false }])
    expect(headersOf('get', '/api/v1/deployments/{id}/verdict')).toMatchObject([
      { name: 'if-none-match', required: false },
    ])
  })

  test('prove who sends them, by a token of a role or by a signature', () => {
    const schemes = Object.keys(document.components.securitySchemes)
    for (const { name, security } of operations()) {
      expect(schemes, name).toEqual(expect.arrayContaining(security.flatMap((each) => Object.keys(each))))
    }
    expect(operation('put', '/api/v1/kill-switch').security).toEqual([{ bearer: ['admin'] }, { basic: ['admin'] }])
    expect(operation('get', '/livez').security).toEqual([])
    expect(operation('post', '/integrations/github').security).toEqual([{ github: [] }])
    const open = operations().filter(({ security }) => security.length === 0)
    expect(open.map(({ name }) => name).sort()).toEqual(['get /livez', 'get /readyz'])
  })
})
