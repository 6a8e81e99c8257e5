import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashToken, roles } from '../../../src/platform/tokens.ts'
import { type Davy, startDavy } from '../../davy.ts'
import { fakeConfig, requestUntil } from '../../engine/kayenta/kayenta-lab.ts'
import { type Caller, callerOf } from '../client.ts'

const secretOf = (role: string) => `davy_${role}-token-of-this-test`
const directory = mkdtempSync(join(tmpdir(), 'davy-tokens-'))

let davy: Davy
let call: Caller
let as: (role: string) => Caller
beforeAll(async () => {
  const file = join(directory, 'tokens.yaml')
  writeFileSync(
    file,
    roles.map((role) => `- {name: my-${role}, role: ${role}, hash: "${hashToken(secretOf(role))}"}\n`).join(''),
  )
  davy = await startDavy({ DAVY_TOKENS_FILE: file })
  const open = callerOf(davy)
  as = (role) => (method, path, body, headers) =>
    open(method, `/kayenta${path}`, body, { authorization: `Bearer ${secretOf(role)}`, ...headers })
  call = as('operator')
})
afterAll(async () => {
  await davy?.stop()
  rmSync(directory, { recursive: true, force: true })
})

const query = { type: 'davy', metricName: 'error-rate', service: 'shop' }
const config = (name: string, change: object = {}) => fakeConfig(name, change, { query })

describe('canary configs', () => {
  test('are stored, listed by application, read, replaced and deleted', async () => {
    const stored = await call(
      'POST',
      '/canaryConfig',
      config('golden', { applications: ['shop', 'till'], owner: null }),
    )
    expect(stored).toMatchObject({ status: 200, body: { canaryConfigId: expect.stringMatching(/^[0-9a-f-]{36}$/) } })
    const path = `/canaryConfig/${stored.body.canaryConfigId}`
    const listed = await as('gate')('GET', '/canaryConfig?application=till&configurationAccountName=some-bucket')
    expect(listed.body).toEqual([
      {
        ...{ id: stored.body.canaryConfigId, name: 'golden', applications: ['shop', 'till'] },
        ...{ updatedTimestamp: expect.any(Number), updatedTimestampIso: expect.stringMatching(/Z$/) },
      },
    ])
    expect(Number.isInteger(listed.body[0].updatedTimestamp)).toBe(true)
    expect((await call('GET', '/canaryConfig?application=nobody')).body).toEqual([])
    const read = await call('GET', path)
    expect(read.body).toMatchObject({
      name: 'golden',
      metrics: [{ name: 'level' }],
      createdTimestampIso: expect.any(String),
    })
    expect(read.body).not.toHaveProperty('owner')
    const replaced = await call('PUT', path, { ...read.body, description: 'better' })
    expect(replaced).toMatchObject({ status: 200, body: stored.body })
    expect((await call('GET', path)).body).toMatchObject({ description: 'better', id: stored.body.canaryConfigId })
    expect(await call('DELETE', path)).toMatchObject({ status: 204, text: '' })
    expect(await call('GET', path)).toMatchObject({
      status: 404,
      body: { message: expect.stringContaining('no canary config') },
    })
  })

  test('have names of their own in each application', async () => {
    await call('POST', '/canaryConfig', config('same', { applications: ['one'] }))
    const again = await call('POST', '/canaryConfig', config('same', { applications: ['two', 'one'] }))
    expect(again).toMatchObject({ status: 400, body: { message: expect.stringContaining('[one]') } })
    expect((await call('POST', '/canaryConfig', config('same', { applications: ['two'] }))).status).toBe(200)
    const both = await Promise.all(
      [1, 2, 3].map(() => call('POST', '/canaryConfig', config('race', { applications: ['raced'] }))),
    )
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400, 400])
    expect((await call('GET', '/canaryConfig?application=raced')).body).toHaveLength(1)
  })

  test.each<[string, object, RegExp]>([
    ['no name', { name: '' }, /must specify a name/],
    ['a name with a space', { name: 'a b' }, /cannot be named 'a b'/],
    ['no application', { applications: [] }, /at least one application/],
    ['an id that is taken', { id: 'taken' }, /'taken' already exists/],
    ['two metrics of one name', { metrics: [0, 1].map(() => ({ name: 'm', query })) }, /two metrics named 'm'/],
    ['a metric without a query', { metrics: [{ name: 'm' }] }, /metrics\/0\/query/],
    ['metrics that are no list', { metrics: {} }, /metrics should be a list/],
  ])('with %s are refused with 400', async (_name, change, message) => {
    await call('POST', '/canaryConfig', config('taken', { id: 'taken', applications: ['taken'] }))
    const answer = await call('POST', '/canaryConfig', config('fresh', change))
    expect(answer).toMatchObject({ status: 400, body: { message: expect.stringMatching(message), status: 400 } })
  })

  test('cannot be replaced when there are none', async () => {
    expect(await call('PUT', '/canaryConfig/none', config('x'))).toMatchObject({ status: 400 })
    expect(await call('DELETE', '/canaryConfig/none')).toMatchObject({ status: 404 })
  })
})

describe('a run', () => {
  const now = Date.now()
  const body = (change: object = {}) => ({ ...requestUntil(now, 'version=2'), ...change })
  const scopeOf = (change: object) => {
    const { default: pair } = requestUntil(now, '2').scopes
    return { scopes: { default: { ...pair, controlScope: { ...pair.controlScope, ...change } } } }
  }

  test.each<[string, object, object, RegExp]>([
    ['without the scope of a metric', {}, { scopes: {} }, /scope 'default'/],
    ['without one of its scopes', {}, { scopes: { default: {} } }, /no controlScope/],
    ['without thresholds', {}, { thresholds: null }, /thresholds must be specified/],
    [
      'of a judge that nobody has',
      { judge: { name: 'dredd-v1.0' } },
      {},
      /Unable to resolve canary judge "dredd-v1.0"/,
    ],
    ['of no metrics', { metrics: [] }, {}, /at least one metric/],
    ['of a metric of another source', { metrics: fakeConfig('x').metrics }, {}, /type fake/],
    ['of a start that is no time', {}, scopeOf({ start: 'noon' }), /start is no instant/],
    ['of an end before the start', {}, scopeOf({ end: '2020-01-01T00:00:00Z' }), /ends before it starts/],
    ['of an end far ahead', {}, scopeOf({ end: new Date(now + 90_000_000).toISOString() }), /too far ahead/],
    ['of a million steps', {}, scopeOf({ start: '2026-01-01T00:00:00Z', step: 1 }), /too many steps/],
    ['of a scope that selects nothing', {}, scopeOf({ scope: '' }), /expected a version/],
    [
      'of a metric that Davy has not',
      { metrics: config('x').metrics.map((m) => ({ ...m, query: { ...query, metricName: 'cpu' } })) },
      {},
      /expected metricName/,
    ],
    [
      'by Davy-v1 without room for doubt',
      { judge: { name: 'Davy-v1' } },
      { thresholds: { pass: 75, marginal: 75 } },
      /above the marginal/,
    ],
  ])('%s is refused with 400', async (_name, change, request, message) => {
    const answer = await call('POST', '/canary', { canaryConfig: config('x', change), executionRequest: body(request) })
    expect(answer.body.message).toMatch(message)
    expect(answer.status).toBe(400)
  })

  test('of an account that is not configured is refused: which data is judged is never guessed', async () => {
    const { body: stored } = await call('POST', '/canaryConfig', config('accounts', { applications: ['accounts'] }))
    const answer = await call('POST', `/canary/${stored.canaryConfigId}?metricsAccountName=my-prometheus`, body())
    expect(answer).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining("'my-prometheus'"), expected: 'one of davy' },
    })
  })

  test('of a config that is not there, and one that is not there itself, are 404', async () => {
    expect((await call('POST', '/canary/none', body())).status).toBe(404)
    expect((await call('GET', '/canary/none')).status).toBe(404)
    expect((await call('GET', '/standalone_canary_analysis/none')).status).toBe(404)
    expect((await call('PUT', '/pipelines/none/cancel')).status).toBe(404)
    expect((await call('GET', '/metricSetPairList/none')).status).toBe(404)
  })

  test('is listed among the executions of its application', async () => {
    const { body: stored } = await call('POST', '/canaryConfig', config('listed', { applications: ['listed'] }))
    const path = `/canary/${stored.canaryConfigId}?application=listed&storageAccountName=bucket&configurationAccountName=bucket`
    const started = await as('gate')('POST', path, body())
    expect(started.status).toBe(200)
    const { canaryExecutionId: id } = started.body
    const listed = await call('GET', '/canary/executions?application=listed&limit=5&page=1')
    expect(listed.body).toMatchObject([
      {
        ...{
          pipelineId: id,
          application: 'listed',
          canaryConfigId: stored.canaryConfigId,
          storageAccountName: 'bucket',
        },
        ...{ metricsAccountName: 'davy', parentPipelineExecutionId: 'no-parent-pipeline-execution' },
        stageStatus: { setupContext: expect.any(String), judge: expect.any(String) },
      },
    ])
    expect((await call('GET', '/canary/executions?application=listed&page=2')).body).toEqual([])
    expect((await call('GET', '/canary/executions?application=listed&statuses=')).body).toEqual(listed.body)
    expect(await call('PUT', `/pipelines/${id}/cancel`)).toMatchObject({ status: 202 })
    const canceled = '/canary/executions?application=listed&statuses=TERMINAL,CANCELED'
    expect((await call('GET', canceled)).body).toMatchObject([{ pipelineId: id, status: 'canceled' }])
    expect((await call('GET', '/canary/executions?application=listed&statuses=running')).body).toEqual([])
    expect((await call('GET', `/canary/${id}`)).body.complete).toBe(true)
  })
})

describe('judging at once', () => {
  const points = (level: number) => Array.from({ length: 40 }, (_, i) => level + ((i * 7) % 10))
  const pairs = (level: number) => [
    { name: 'level', id: 'p1', tags: {}, values: { control: [...points(100), 'NaN'], experiment: points(level) } },
  ]
  const asked = (judge: object, level: number) => ({
    canaryConfig: config('remote', { judge }),
    scoreThresholds: { pass: 95, marginal: 75 },
    metricSetPairList: pairs(level),
  })

  test('as the remote judge of a Kayenta, with exactly its fields', async () => {
    const { status, body } = await as('gate')('POST', '/judge', asked({ name: 'RemoteJudge-v1.0' }, 300))
    expect(status).toBe(200)
    expect(Object.keys(body).sort()).toEqual(['groupScores', 'judgeName', 'results', 'score'])
    expect(Object.keys(body.results[0]).sort()).toEqual([
      'classification',
      'classificationReason',
      'controlMetadata',
      'critical',
      'experimentMetadata',
      'groups',
      'id',
      'muted',
      'name',
      'resultMetadata',
      'tags',
    ])
    expect(body).toMatchObject({ judgeName: 'NetflixACAJudge-v1.0', score: { score: 0, classification: 'Fail' } })
  })

  test("by Davy's own judge, which a Kayenta names beside its remote one", async () => {
    const judge = { name: 'RemoteJudge-v1.0', judgeConfigurations: { judge: 'Davy-v1' } }
    expect((await call('POST', '/judge', asked(judge, 300))).body).toMatchObject({
      judgeName: 'Davy-v1',
      score: { score: 0 },
    })
    expect((await call('POST', '/judge', asked({ name: 'Davy-v1' }, 100))).body).toMatchObject({
      score: { score: 100 },
    })
    const unknown = { name: 'RemoteJudge-v1.0', judgeConfigurations: { judge: 'other' } }
    expect(await call('POST', '/judge', asked(unknown, 100))).toMatchObject({
      status: 400,
      body: { where: '/judge/judgeConfigurations/judge' },
    })
  })

  test('of figures that are not finite answers with strings', async () => {
    const flat = {
      ...asked({}, 0),
      metricSetPairList: [
        {
          name: 'level',
          id: 'p',
          tags: {},
          values: { control: points(0).map(() => 0), experiment: [1, 'Infinity', 2] },
        },
      ],
    }
    const { body, text } = await call('POST', '/judge', flat)
    expect(text).not.toContain('null')
    expect(body.results[0].resultMetadata.ratio).toBe('NaN')
  })

  test.each([
    [
      'a metric that the config has not',
      { metricSetPairList: [{ name: 'other', values: { control: [1], experiment: [1] } }] },
    ],
    ['a value that is none', { metricSetPairList: [{ name: 'level', values: { control: ['one'], experiment: [1] } }] }],
    ['no thresholds', { scoreThresholds: undefined }],
  ])('%s is refused with 400', async (_name, change) => {
    const answer = await call('POST', '/judge', { ...asked({}, 100), ...change })
    expect(answer).toMatchObject({ status: 400, body: { message: expect.any(String) } })
  })

  test('of a list that is stored', async () => {
    const { body: list } = await call('POST', '/metricSetPairList', pairs(300))
    const { body: stored } = await call('POST', '/canaryConfig', config('again', { applications: ['again'] }))
    const path = `/judges/judge?canaryConfigId=${stored.canaryConfigId}&metricSetPairListId=${list.metricSetPairListId}`
    const judged = await call('POST', `${path}&passThreshold=95&marginalThreshold=75`)
    expect(judged).toMatchObject({ status: 200, body: { score: { score: 0, classification: 'Fail' } } })
    expect((await call('GET', `/metricSetPairList/${list.metricSetPairListId}`)).body[0].values.control.at(-1)).toBe(
      'NaN',
    )
    expect((await call('GET', `/metricSetPairList/${list.metricSetPairListId}/p1`)).body).toMatchObject({ id: 'p1' })
    expect((await call('DELETE', `/metricSetPairList/${list.metricSetPairListId}`)).status).toBe(204)
    expect((await call('GET', `/metricSetPairList/${list.metricSetPairListId}`)).status).toBe(404)
  })
})

test.each([
  ['GET', '/pipelines', 404, null],
  ['POST', '/judges/comparison', 404, null],
  ['GET', '/canaryResultArchive', 404, null],
  ['DELETE', '/judges', 405, 'GET, HEAD'],
  ['PUT', '/canary/x', 405, 'GET, HEAD, POST'],
])('%s %s is not there, which is said in its shape', async (method, path, status, allow) => {
  const answer = await call(method, path)
  expect(answer).toMatchObject({ status, body: { message: expect.any(String), status, timestamp: expect.any(Number) } })
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
  expect(answer.headers.get('allow')).toBe(allow)
  const browser = await call(method, path, undefined, { accept: 'text/html' })
  expect(browser.body.message).toBe(answer.body.message)
})

test('judges, accounts and metrics are told', async () => {
  expect((await call('GET', '/judges')).body).toEqual(
    ['NetflixACAJudge-v1.0', 'Davy-v1'].map((name) => ({ name, visible: true })),
  )
  expect((await call('GET', '/credentials')).body).toMatchObject([
    { name: 'davy', type: 'davy', supportedTypes: ['METRICS_STORE', 'OBJECT_STORE', 'CONFIGURATION_STORE'] },
  ])
  expect((await call('GET', '/metricsServices')).body).toMatchObject([{ name: 'davy' }])
  const { body } = await call('GET', '/metadata/metricsService?filter=rate&metricsAccountName=davy')
  expect(body.map(({ name }: { name: string }) => name)).toEqual(['request-rate', 'error-rate'])
  const times = `start=${new Date(Date.now() - 600_000).toISOString()}&end=${new Date().toISOString()}&step=60`
  const dry = await call(
    'POST',
    `/fetch/davy/query?metricSetName=e&metricName=error-rate&service=shop&scope=2&location=prod&${times}&dryRun=true`,
  )
  expect(dry.body).toEqual({ query: 'error-rate{service=shop, environment=prod, version=2}' })
  const kept = await call('POST', `/fetch/davy/query?metricName=error-rate&service=shop&scope=2&${times}`, '', {
    'content-type': 'application/json',
  })
  expect((await call('GET', `/metricSetList/${kept.body.metricSetListId}`)).body).toEqual([])
})

describe('access', () => {
  test('a client that knows only an address gets in by the user part of it', async () => {
    // As Go's http client makes it of http://argo:TOKEN@host/kayenta: basic authentication, and nothing else.
    const url = new URL(`${davy.url}/kayenta/canaryConfig?application=shop&configurationAccountName=x`)
    const status = await new Promise((resolve, reject) => {
      const asked = httpRequest(url, { auth: `argo:${secretOf('gate')}` }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      asked.on('error', reject).end()
    })
    expect(status).toBe(200)
  })

  test('nobody gets in without a token, and what a gate may not write it may not write', async () => {
    const nobody = await callerOf(davy)('GET', '/kayenta/canaryConfig')
    expect(nobody).toMatchObject({ status: 401, body: { message: expect.any(String), code: 'UNAUTHENTICATED' } })
    expect((await as('ingest')('GET', '/canaryConfig')).status).toBe(403)
    expect((await as('viewer')('GET', '/canaryConfig')).status).toBe(200)
    expect((await as('viewer')('POST', '/canary', {})).status).toBe(403)
    expect((await as('gate')('POST', '/canaryConfig', config('y'))).status).toBe(403)
  })
})
