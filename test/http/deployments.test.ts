import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Davy, startDavy, until } from '../davy.ts'
import { type Caller, callerOf } from './client.ts'

let davy: Davy
let call: Caller
beforeAll(async () => {
  davy = await startDavy()
  call = callerOf(davy)
})
afterAll(() => davy?.stop())

const path = '/api/v1/deployments'
let services = 0
/** A registration of a service that no other test knows. */
function registration(more: object = {}) {
  services += 1
  return { service: `shop-${services}`, canary: { version: '2' }, baseline: { version: '1' }, ...more }
}

async function registered(more: object = {}) {
  const body = registration(more)
  const { status, body: deployment } = await call('POST', path, body)
  expect(status).toBe(201)
  return { body, deployment, id: deployment.id as string, one: `${path}/${deployment.id}` }
}

describe('registering', () => {
  test('answers 201 with the place of what it made, and 200 with the same for the same again', async () => {
    const body = registration({ plannedWeight: 20 })
    const first = await call('POST', path, body)
    expect(first.status).toBe(201)
    expect(first.headers.get('location')).toBe(`${path}/${first.body.id}`)
    expect(first.body).toMatchObject({
      ...body,
      namespace: '',
      environment: 'default',
      strategy: 'canary',
      status: 'open',
      mode: 'enforce',
      origin: 'api',
      attempt: 1,
      outcome: null,
      template: { name: 'default', digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) },
      reportUrl: `${davy.url.replace('127.0.0.1', 'localhost')}/deployments/${first.body.id}`,
    })
    const again = await call('POST', path, body)
    expect(again.status).toBe(200)
    expect(again.body).toEqual(first.body)
    expect((await call('GET', `${path}/${first.body.id}`)).body).toEqual(first.body)
  })

  test('twenty at once make one deployment', async () => {
    const body = registration()
    const answers = await Promise.all(Array.from({ length: 20 }, () => call('POST', path, body)))
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1)
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(19)
  })

  test('another environment, strategy or baseline is another deployment', async () => {
    const body = registration()
    const ids = new Set<string>()
    for (const more of [{}, { environment: 'staging' }, { strategy: 'blue-green' }, { namespace: 'team-a' }]) {
      const { status, body: made } = await call('POST', path, { ...body, ...more })
      expect(status).toBe(201)
      ids.add(made.id)
    }
    expect(ids.size).toBe(4)
    const open = await call('GET', `${path}?service=${body.service}&status=open`)
    expect(open.body.items).toHaveLength(4)
  })

  test('an Idempotency-Key is answered with what it made, even after that is over', async () => {
    const body = registration()
    const headers = { 'idempotency-key': `key-${services}` }
    const first = await call('POST', path, body, headers)
    expect(first.status).toBe(201)
    expect((await call('POST', `${path}/${first.body.id}/finish`, { outcome: 'aborted' })).status).toBe(200)
    const replay = await call('POST', path, body, headers)
    expect(replay.status).toBe(200)
    expect(replay.body.id).toBe(first.body.id)
    const other = await call('POST', path, { ...body, canary: { version: '3' } }, headers)
    expect(other.status).toBe(409)
    expect(other.body).toMatchObject({ code: 'CONFLICT', detail: expect.stringContaining('Idempotency-Key') })
    for (const key of ['x'.repeat(256), '']) {
      const refused = await call('POST', path, body, { 'idempotency-key': key })
      expect(refused.body).toMatchObject({ status: 400, where: 'header idempotency-key' })
    }
  })

  test.each<[string, object, number, object]>([
    ['an unknown key', { cannary: {} }, 400, { where: '/cannary', got: 'the unknown key "cannary"' }],
    ['an unknown key within', { canary: { version: '2', vesion: '2' } }, 400, { where: '/canary/vesion' }],
    ['a wrong type', { plannedWeight: 'half' }, 400, { where: '/plannedWeight', got: '"half"' }],
    ['too large a number', { plannedWeight: 101 }, 400, { where: '/plannedWeight', got: '101' }],
    ['an unknown strategy', { strategy: 'yolo' }, 400, { where: '/strategy' }],
    ['no service', { service: undefined }, 400, { where: '/service', got: 'nothing' }],
    ['an empty service', { service: '' }, 400, { where: '/service' }],
    ['a time that is none', { startedAt: 'yesterday' }, 400, { where: '/startedAt', got: '"yesterday"' }],
    ['a match that is no dimension', { canary: { match: { color: 'red' } } }, 422, { where: '/canary/match' }],
    ['a match by a name of every object', { canary: { match: { toString: 'red' } } }, 422, { where: '/canary/match' }],
    ['a match by valueOf', { canary: { match: { valueOf: ['red'] } } }, 422, { where: '/canary/match' }],
    ['a match by constructor', { canary: { match: { constructor: 'red' } } }, 422, { where: '/canary/match' }],
    ['a cohort of nothing', { canary: {} }, 422, { code: 'UNPROCESSABLE' }],
    ['the same version twice', { baseline: { version: '2' } }, 422, { got: '2' }],
    ['an unknown template', { template: 'gold' }, 422, { got: 'gold' }],
    ['a start long ago', { startedAt: '2020-01-01T00:00:00Z' }, 422, { got: '2020-01-01T00:00:00Z' }],
    ['a leap second', { startedAt: '2016-12-31T23:59:60Z' }, 422, { code: 'UNPROCESSABLE' }],
  ])('%s is refused', async (_name, change, status, problem) => {
    const answer = await call('POST', path, registration(change))
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(answer.body).toMatchObject({ status, expected: expect.any(String), instance: path, ...problem })
    expect(answer.status).toBe(status)
  })

  test.each([
    ['no JSON', '{"service":', 400],
    ['a list', '[]', 400],
    ['nothing', '', 400],
    ['text', 'service=checkout', 400],
  ])('%s is refused', async (_name, body, status) => {
    const answer = await call('POST', path, body, { 'content-type': 'application/json' })
    expect(answer).toMatchObject({ status, body: { code: 'VALIDATION' } })
  })

  test('a match by the OpenTelemetry name is a match by the dimension', async () => {
    const { deployment } = await registered({
      canary: { match: { 'k8s.pod.name': ['a', 'b'] } },
      baseline: { match: { pod: 'c' } },
    })
    expect(deployment.canary).toEqual({ match: { pod: ['a', 'b'] } })
    expect(deployment.baseline).toEqual({ match: { pod: ['c'] } })
  })

  test('a replica set is matched by its hash, as it is stored, however it was named', async () => {
    const { deployment } = await registered({
      canary: { match: { 'k8s.replicaset.name': 'checkout-web-7d9f8c' } },
      baseline: { match: { 'k8s.pod.label.pod-template-hash': ['5b6c4d'] } },
    })
    expect(deployment.canary).toEqual({ match: { replicaSet: ['7d9f8c'] } })
    expect(deployment.baseline).toEqual({ match: { replicaSet: ['5b6c4d'] } })
  })

  test('cohorts of one version that are matched apart are two cohorts, and two deployments', async () => {
    const canary = { version: '2', match: { pod: ['a', 'b'] } }
    const first = await registered({ canary, baseline: { version: '2', match: { pod: ['z'] } } })
    const other = await call('POST', path, { ...first.body, canary: { version: '2', match: { pod: 'c' } } })
    expect(other.status).toBe(201)
    expect(other.body.id).not.toBe(first.id)
    const reordered = { version: '2', match: { version: '2', pod: ['d', 'c'] } }
    const third = await call('POST', path, { ...first.body, canary: reordered })
    const again = { match: { pod: ['c', 'd'], version: '2' }, version: '2' }
    expect((await call('POST', path, { ...first.body, canary: again })).body.id).toBe(third.body.id)
  })

  test('an unknown template is refused where a deployment is open already, too', async () => {
    const { body } = await registered()
    expect((await call('POST', path, { ...body, template: 'gold' })).body).toMatchObject({ status: 422, got: 'gold' })
    expect((await call('POST', path, { ...body, template: 'default' })).status).toBe(200)
  })

  test('without telemetry there is no baseline to choose, and that is no error', async () => {
    const { deployment } = await registered({ baseline: undefined })
    expect(deployment).toMatchObject({ baseline: null, baselineFrom: 'none' })
  })
})

describe('an unknown id', () => {
  test.each([
    ['GET', ''],
    ['GET', '/verdict'],
    ['GET', '/verdicts'],
    ['GET', '/evidence'],
    ['POST', '/finish', { outcome: 'aborted' }],
    ['POST', '/override', { decision: 'hold', reason: 'because' }],
    ['POST', '/feedback', { verdictWas: 'right' }],
    ['POST', '/progress', { weight: 5 }],
  ])('%s …%s is 404', async (method, rest, body?: object) => {
    const answer = await call(method, `${path}/01JUNKNOWN${rest}`, body)
    expect(answer.body).toMatchObject({ status: 404, code: 'NOT_FOUND', detail: expect.stringContaining('01JUNKNOWN') })
  })
})

describe.concurrent('the end', () => {
  test('is told once: the same outcome again is fine, another one is a conflict', async () => {
    const { one } = await registered()
    const finished = await call('POST', `${one}/finish`, { outcome: 'promoted' })
    expect(finished).toMatchObject({ status: 200, body: { status: 'closed', outcome: 'promoted' } })
    expect(Date.parse(finished.body.endedAt)).toBeGreaterThan(0)
    expect((await call('POST', `${one}/finish`, { outcome: 'promoted' })).status).toBe(200)
    const other = await call('POST', `${one}/finish`, { outcome: 'rolled-back' })
    expect(other).toMatchObject({ status: 409, body: { code: 'CONFLICT', got: 'rolled-back' } })
    expect((await call('POST', `${one}/finish`, { outcome: 'expired' })).status).toBe(400)
    const verdict = await until(async () => {
      const { body } = await call('GET', `${one}/verdict`)
      return body.final === true && body
    }, 'a final verdict')
    expect(verdict).toMatchObject({ decision: 'hold', final: true })
  })

  test('after a rollback only the rollback can be told', async () => {
    const { one } = await registered()
    expect((await call('POST', `${one}/override`, { decision: 'rollback', reason: 'smoke' })).status).toBe(200)
    await until(async () => (await call('GET', one)).body.outcome === 'rolled-back', 'the rollback')
    expect((await call('POST', `${one}/finish`, { outcome: 'rolled-back' })).status).toBe(200)
    expect((await call('POST', `${one}/finish`, { outcome: 'promoted' })).status).toBe(409)
    expect((await call('GET', `${one}/verdict`)).body).toMatchObject({ decision: 'rollback', final: true })
    expect((await call('POST', `${one}/progress`, { weight: 50 })).status).toBe(409)
    expect((await call('POST', `${one}/override`, { decision: 'promote', reason: 'please' })).status).toBe(409)
  })

  test('makes room for the next attempt, with less budget', async () => {
    const { one, id, body } = await registered()
    const budget = (await call('GET', `${one}/verdict`)).body.confidence.falseRollbackRate
    await call('POST', `${one}/finish`, { outcome: 'aborted' })
    const second = await call('POST', path, body)
    expect(second).toMatchObject({ status: 201, body: { attempt: 2 } })
    expect(second.body.id).not.toBe(id)
    const next = (await call('GET', `${path}/${second.body.id}/verdict`)).body
    expect(next).toMatchObject({ attempt: 2 })
    expect(next.confidence.falseRollbackRate).toBeCloseTo((budget * 6) / Math.PI ** 2, 10)
  })

  test('comes with a newer version: the older deployment is superseded', async () => {
    const { one, id, body } = await registered()
    const newer = await call('POST', path, { ...body, canary: { version: '3' } })
    expect(newer.status).toBe(201)
    expect((await call('GET', one)).body).toMatchObject({
      status: 'closed',
      outcome: 'superseded',
      supersededBy: newer.body.id,
    })
    expect((await call('GET', `${path}/${newer.body.id}`)).body.status).toBe('open')
    const verdict = await until(async () => {
      const answer = await call('GET', `${one}/verdict`)
      return answer.body.final === true && answer.body
    }, 'the last word')
    expect(verdict).toMatchObject({ deploymentId: id, decision: 'hold', reason: { code: 'SUPERSEDED' } })
    expect((await call('GET', `${one}/verdict?format=gate`)).body.verdict).toBe('wait')
  })
})

describe('the list', () => {
  test('is filtered, cut into pages, and complete', async () => {
    const service = 'listed'
    const ids: string[] = []
    for (let index = 0; index < 5; index += 1) {
      const environment = index < 3 ? 'production' : 'staging'
      const answer = await call('POST', path, {
        ...{ service, environment, canary: { version: String(index + 2) }, baseline: { version: '1' } },
        strategy: (['canary', 'rolling', 'shadow'] as const)[index % 3],
      })
      ids.unshift(answer.body.id)
    }
    await call('POST', `${path}/${ids[0]}/finish`, { outcome: 'promoted' })
    const list = async (query: string) => (await call('GET', `${path}?service=${service}&${query}`)).body
    expect((await list('')).items.map(({ id }: { id: string }) => id)).toEqual(ids)
    expect((await list('environment=staging')).items).toHaveLength(2)
    expect((await list('status=closed')).items.map(({ id }: { id: string }) => id)).toEqual([ids[0]])
    expect(await list('environment=nowhere')).toEqual({ items: [], nextCursor: null })
    const seen: string[] = []
    let cursor = ''
    do {
      const page = await list(`limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
      expect(page.items.length).toBeLessThanOrEqual(2)
      seen.push(...page.items.map(({ id }: { id: string }) => id))
      cursor = page.nextCursor ?? ''
    } while (cursor !== '')
    expect(seen).toEqual(ids)
  })

  test.each([
    ['limit=0', '?limit'],
    ['limit=1000', '?limit'],
    ['limit=1&limit=2', '?limit'],
    ['status=running', '?status'],
    ['sevice=x', '?sevice'],
  ])('a query %s is refused at its place', async (query, where) => {
    expect((await call('GET', `${path}?${query}`)).body).toMatchObject({ status: 400, code: 'VALIDATION', where })
  })
})

describe.concurrent('what happens meanwhile', () => {
  test('progress is kept in its order', async () => {
    const { one } = await registered()
    expect((await call('POST', `${one}/progress`, { weight: 20, step: 'first' })).status).toBe(200)
    const { body } = await call('POST', `${one}/progress`, { weight: 50 })
    expect(body.progress).toMatchObject([
      { weight: 20, step: 'first' },
      { weight: 50, step: null },
    ])
    expect(Date.parse(body.progress[0].at)).toBeGreaterThan(Date.now() - 60_000)
  })

  test('progress that says nothing but itself is a step, too', async () => {
    const { one } = await registered()
    const { status, body } = await call('POST', `${one}/progress`, {})
    expect([status, body.progress]).toEqual([200, [{ at: expect.any(String), weight: null, step: null }]])
    expect(Date.parse(body.progress[0].at)).toBeGreaterThan(Date.now() - 60_000)
  })

  test.each<[string, object, string]>([
    ['too much weight', { weight: 101 }, '/weight'],
    ['an unknown key', { wieght: 5 }, '/wieght'],
    ['a leap second', { weight: 5, at: '2016-12-31T23:59:60Z' }, '/at'],
    ['a time that is none', { weight: 5, at: '12:00' }, '/at'],
  ])('progress of %s is refused', async (_name, body, where) => {
    const { one } = await registered()
    expect((await call('POST', `${one}/progress`, body)).body).toMatchObject({ status: 400, where })
  })

  test('progress at a time that cannot be is refused', async () => {
    const { one } = await registered()
    for (const at of ['2001-01-01T00:00:00Z', '2101-01-01T00:00:00Z']) {
      expect((await call('POST', `${one}/progress`, { weight: 5, at })).body).toMatchObject({ status: 422, got: at })
    }
  })

  test('a person can say otherwise; it is a verdict at once, the gate follows, and the log has it', async () => {
    const { one, id } = await registered()
    const said = await call('POST', `${one}/override`, { decision: 'promote', reason: 'hotfix for the outage' })
    expect(said.body.override).toMatchObject({ decision: 'promote', reason: 'hotfix for the outage', by: 'local' })
    const verdict = await until(async () => {
      const { body } = await call('GET', `${one}/verdict`)
      return body.reason.code === 'OVERRIDDEN' && body
    }, 'the override as a verdict')
    expect(verdict).toMatchObject({ decision: 'promote', final: false })
    expect(verdict.reason.summary).toContain('local')
    expect(verdict.reason.detail).toContain('hotfix for the outage')
    expect((await call('GET', `${one}/verdict?format=gate`)).body.verdict).toBe('promote')
    const line = davy.logs.map((each) => JSON.parse(each)).find((each) => each.deploymentId === id && each.by)
    expect(line).toMatchObject({ level: 'warn', decision: 'promote', reason: 'hotfix for the outage', by: 'local' })
    await call('POST', `${one}/override`, { decision: 'hold', reason: 'no, wait' })
    await until(async () => {
      const { body } = await call('GET', `${one}/verdict?format=gate`)
      return body.verdict === 'wait'
    }, 'the second word')
  })

  test('an override needs a reason', async () => {
    const { one } = await registered()
    const answer = await call('POST', `${one}/override`, { decision: 'promote' })
    expect(answer.body).toMatchObject({ status: 400, where: '/reason', got: 'nothing' })
    expect((await call('POST', `${one}/override`, { decision: 'wait', reason: 'because' })).status).toBe(400)
  })

  test('feedback is taken, after the end too', async () => {
    const { one } = await registered()
    await call('POST', `${one}/finish`, { outcome: 'aborted' })
    const answer = await call('POST', `${one}/feedback`, { verdictWas: 'false-alarm', note: 'a holiday' })
    expect(answer).toMatchObject({ status: 204, text: '' })
    expect((await call('POST', `${one}/feedback`, { verdictWas: 'wrong' })).status).toBe(400)
  })

  test('the evidence holds the whole template and every look', async () => {
    const { one, id } = await registered()
    await until(async () => (await call('GET', `${one}/verdicts`)).body.items.length > 0, 'look 0')
    const { body, headers } = await call('GET', `${one}/evidence`)
    expect(headers.get('content-disposition')).toBe(`attachment; filename="davy-${id}.json"`)
    expect(body).toMatchObject({
      format: 'davy-evidence/1',
      engine: expect.stringMatching(/^davy\//),
      deployment: { id },
      template: { name: 'default', alpha: 0.01 },
      looks: [{ look: 0, evidence: { slice: null }, verdict: { deploymentId: id, reason: { code: 'WARMING_UP' } } }],
    })
    const names = body.template.metrics.map(({ name }: { name: string }) => name)
    expect(names).toEqual(['error-rate', 'latency', 'cpu', 'memory', 'restarts'])
  })
})
