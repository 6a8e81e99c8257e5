import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashToken } from '../../../src/platform/tokens.ts'
import { type Davy, startDavy, until } from '../../davy.ts'
import { callerOf } from '../client.ts'
import { sendPods } from './kubernetes-spans.ts'

const secret = 'davy_flagger-token-of-this-test'
const directory = mkdtempSync(join(tmpdir(), 'davy-flagger-'))
const admin = { authorization: `Bearer ${secret}-admin` }
const basic = { authorization: `Basic ${Buffer.from(`flagger:${secret}`).toString('base64')}` }

let davy: Davy
beforeAll(async () => {
  const tokensFile = join(directory, 'tokens.yaml')
  const line = (name: string, role: string, token: string) =>
    `- {name: ${name}, role: ${role}, hash: "${hashToken(token)}"}\n`
  const ingest = line('telemetry', 'ingest', `${secret}-ingest`)
  writeFileSync(tokensFile, line('flagger', 'gate', secret) + line('me', 'admin', `${secret}-admin`) + ingest)
  davy = await startDavy({ DAVY_TOKENS_FILE: tokensFile })
})
afterAll(async () => {
  await davy?.stop()
  rmSync(directory, { recursive: true, force: true })
})

let names = 0
const freshName = () => `canary${++names}`
const api = (method: string, path: string, body?: object) => callerOf(davy)(method, path, body, admin)

/** Calls a hook as Flagger does, with the token from the URL's userinfo. */
async function hook(
  hookName: string,
  name: string,
  phase = 'Progressing',
  metadata?: Record<string, string>,
  headers: object = basic,
) {
  const body = {
    name,
    namespace: 'shop',
    phase,
    checksum: '85d557f47b',
    ...(metadata === undefined ? {} : { metadata }),
  }
  const answer = await callerOf(davy)('POST', `/integrations/flagger/${hookName}`, body, { ...headers })
  expect(answer.headers.get('retry-after')).toBeNull()
  return answer
}

const event = (name: string, eventMessage: string, phase = 'Progressing') =>
  hook('event', name, phase, { eventMessage, eventType: 'Normal', timestamp: String(Date.now()) })

async function deploymentsOf(service: string) {
  return (await api('GET', `/api/v1/deployments?service=${service}`)).body.items
}

/** A run at 10%: its canary and its primary answer, and Davy has a deployment of them. */
async function runAtTen() {
  const name = freshName()
  await hook('confirm-rollout', name, 'Succeeded')
  await event(name, `New revision detected! Scaling up ${name}.shop`)
  await hook('pre-rollout', name)
  await hook('confirm-traffic-increase', name)
  await event(name, `Advance ${name}.shop canary weight 10`)
  await release(name, 'bbb')
  return { name, id: await opened(name) }
}

/** Asks until Davy has a deployment of the run. What it did not know it looks for again after a second. */
async function opened(name: string): Promise<string> {
  return until(async () => {
    expect((await hook('confirm-traffic-increase', name)).status).toBe(403)
    return (await deploymentsOf(name))[0]?.id as string | undefined
  }, 'the deployment of the run')
}

async function release(name: string, hash: string) {
  const tokens = { ingest: `${secret}-ingest`, viewer: `${secret}-admin` }
  await sendPods(davy, { service: name, owner: `${name}-primary`, hash: 'aaa' }, tokens)
  await sendPods(davy, { service: name, owner: name, hash }, tokens)
}

const override = (id: string, decision: string) =>
  api('POST', `/api/v1/deployments/${id}/override`, { decision, reason: 'a test says so' })

describe('who asks', () => {
  test('is known by the userinfo of the URL, or by metadata.token', async () => {
    const name = freshName()
    expect((await hook('pre-rollout', name)).status).toBe(200)
    expect((await hook('pre-rollout', name, 'Progressing', { token: secret }, {})).status).toBe(200)
  })

  test.each([
    ['no token', undefined, {}, 401],
    ['a wrong token in the body', { token: 'x' }, {}, 401],
    ['a token of another role in the body', { token: `${secret}-ingest` }, {}, 403],
    ['a wrong header beside a right body', { token: secret }, { authorization: 'Bearer x' }, 401],
  ])('with %s is refused, and no secret is repeated', async (_name, metadata, headers, status) => {
    const answer = await hook('rollback', freshName(), 'Progressing', metadata, headers)
    expect(answer.status).toBe(status)
    expect(answer.text).not.toContain(secret)
    expect(davy.logs.join('')).not.toContain(secret)
  })

  test('a body that is no hook is a problem, an unknown hook is at no path', async () => {
    const call = callerOf(davy)
    expect(await call('POST', '/integrations/flagger/rollback', { name: 'a' }, basic)).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION', where: '/namespace' },
    })
    expect((await call('POST', '/integrations/flagger/confirm-everything', {}, basic)).status).toBe(404)
  })
})

/** Side by side, since each waits for looks; on a busy machine that takes its time. */
describe.concurrent('a run', { timeout: 120_000 }, () => {
  test('begins, gets its first share without evidence, and waits with the next', async () => {
    const { name, id } = await runAtTen()
    const waits = await hook('confirm-traffic-increase', name)
    expect(waits.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(waits.text).toMatch(/^waiting: .+ \(score 50\)$/)
    expect(await hook('rollback', name)).toMatchObject({ status: 409, text: expect.stringMatching(/^no rollback: /) })
    expect((await hook('confirm-promotion', name)).status).toBe(403)
    expect((await api('GET', `/api/v1/deployments/${id}`)).body).toMatchObject({
      ...{ plannedWeight: 10, strategy: 'canary', baselineFrom: 'controller', attempt: 1 },
      canary: { match: { replicaSet: ['bbb'] } },
      baseline: { match: { replicaSet: ['aaa'] } },
      progress: [{ step: 'weight 10' }, { step: 'promotion' }],
    })
  })

  test('asks a second time before there is telemetry, and is not let in again', async () => {
    const name = freshName()
    await hook('confirm-rollout', name, 'Succeeded')
    await hook('pre-rollout', name)
    expect((await hook('confirm-traffic-increase', name)).status).toBe(200)
    await event(name, `Advance ${name}.shop canary weight 10`)
    for (let times = 0; times < 2; times += 1) {
      const answer = await hook('confirm-traffic-increase', name)
      expect(answer).toMatchObject({ status: 403, text: expect.stringContaining('Which service is shop/canary') })
    }
  })

  test('is promoted at every gate by a promote, and answers 200 with a body', async () => {
    const { name, id } = await runAtTen()
    await override(id, 'promote')
    const yes = await until(async () => {
      const answer = await hook('confirm-traffic-increase', name)
      return answer.status === 200 && answer
    }, 'the promote at the gate')
    expect(yes.body).toEqual({ verdict: 'promote' })
    expect((await hook('confirm-promotion', name)).status).toBe(200)
    expect((await hook('rollback', name)).status).toBe(409)
    await event(name, `Advance ${name}.shop canary weight 20`)
    expect((await api('GET', `/api/v1/deployments/${id}`)).body.progress).toMatchObject([
      { step: 'weight 10' },
      { step: 'promotion' },
      { step: 'weight 20', weight: 20 },
    ])
    const promoted = await event(name, `Promotion completed! Scaling down ${name}.shop`)
    expect(promoted).toMatchObject({ status: 202, text: '{}' })
    expect(await hook('post-rollout', name, 'Succeeded')).toMatchObject({ status: 202, text: '{}' })
    expect((await api('GET', `/api/v1/deployments/${id}`)).body).toMatchObject({
      status: 'closed',
      outcome: 'promoted',
    })
  })

  test('is rolled back again and again until it is over, and the next one is not', async () => {
    const { name, id } = await runAtTen()
    await override(id, 'rollback')
    await until(async () => (await hook('rollback', name)).status === 200, 'the rollback')
    expect(await hook('rollback', name)).toMatchObject({ status: 200, body: { verdict: 'rollback' } })
    expect(await hook('confirm-promotion', name)).toMatchObject({
      status: 403,
      text: expect.stringMatching(/^rollback: /),
    })
    await event(name, `Rolling back ${name}.shop manual webhook invoked`)
    await event(name, `Canary failed! Scaling down ${name}.shop`, 'Failed')
    await hook('post-rollout', name, 'Failed')
    expect((await api('GET', `/api/v1/deployments/${id}`)).body).toMatchObject({ outcome: 'rolled-back' })
    await hook('confirm-rollout', name, 'Failed')
    await release(name, 'bbb')
    await until(async () => {
      expect((await hook('rollback', name)).status).toBe(409)
      return (await deploymentsOf(name)).length === 2
    }, 'the next attempt')
    const [second, first] = await deploymentsOf(name)
    expect([first.id, second?.attempt]).toEqual([id, 2])
  })

  test('that ended without a word is closed by the next confirm-rollout, as its phase says', async () => {
    const { name, id } = await runAtTen()
    expect((await hook('confirm-rollout', name, 'Failed')).status).toBe(200)
    expect((await api('GET', `/api/v1/deployments/${id}`)).body).toMatchObject({ outcome: 'rolled-back' })
  })

  test('of another revision in the middle is not answered with the promote of the one before', async () => {
    const { name, id } = await runAtTen()
    await override(id, 'promote')
    await until(async () => (await hook('confirm-promotion', name)).status === 200, 'the promote')
    await event(name, `New revision detected! Restarting analysis for ${name}.shop`)
    expect((await api('GET', `/api/v1/deployments/${id}`)).body.outcome).toBe('superseded')
    await hook('confirm-traffic-increase', name)
    expect((await hook('confirm-promotion', name)).status).toBe(403)
  })

  test('rollout and pre-rollout never count against the release', async () => {
    const { name, id } = await runAtTen()
    await override(id, 'rollback')
    await until(async () => (await hook('rollback', name)).status === 200, 'the rollback')
    expect((await hook('rollout', name)).status).toBe(200)
    expect((await hook('pre-rollout', freshName())).status).toBe(200)
  })

  test('without events asks anew after each increase', async () => {
    const name = freshName()
    await hook('confirm-rollout', name, 'Succeeded')
    expect((await hook('confirm-traffic-increase', name)).status).toBe(200)
    await release(name, 'bbb')
    const id = await opened(name)
    await override(id, 'promote')
    await until(async () => (await hook('confirm-traffic-increase', name)).status === 200, 'the promote')
    const { progress } = (await api('GET', `/api/v1/deployments/${id}`)).body
    expect(progress.map(({ step }: { step: string }) => step)).toEqual(['traffic-increase 1', 'traffic-increase 2'])
  })
})

test('a run waits at every gate while the kill switch is on', async () => {
  const { name, id } = await runAtTen()
  await override(id, 'rollback')
  await until(async () => (await hook('rollback', name)).status === 200, 'the rollback')
  await api('PUT', '/api/v1/kill-switch', { on: true, reason: 'a test says so' })
  expect((await hook('rollback', name)).status).toBe(409)
  const begins = freshName()
  for (const gate of ['confirm-rollout', 'confirm-traffic-increase', 'confirm-promotion']) {
    expect((await hook(gate, begins)).status).toBe(403)
  }
  await api('PUT', '/api/v1/kill-switch', { on: false, reason: 'a test says so' })
  expect((await hook('rollback', name)).status).toBe(200)
})

describe('the Prometheus facade', () => {
  const query = async (text: string, headers: object = basic) =>
    callerOf(davy)('GET', `/integrations/prometheus/api/v1/query?query=${encodeURIComponent(text)}`, undefined, {
      ...headers,
    })
  const vector = (value: string, metric: object = {}) => ({
    status: 'success',
    data: {
      resultType: 'vector',
      result: [{ metric: expect.objectContaining(metric), value: [expect.any(Number), value] }],
    },
  })

  test('answers what Flagger asks at the start, also as a form', async () => {
    expect(await query('vector(1)')).toMatchObject({ status: 200, body: vector('1') })
    const form = { ...basic, 'content-type': 'application/x-www-form-urlencoded' }
    const path = '/integrations/prometheus/api/v1/query'
    const posted = await callerOf(davy)('POST', path, 'query=vector%281%29&time=1700000000.5', form)
    expect(posted).toMatchObject({ status: 200, body: vector('1') })
  })

  test('tells score and verdict of the newest deployment, and nothing of an unknown one', async () => {
    const { name, id } = await runAtTen()
    const labels = `{controller="flagger",namespace="shop",name="${name}"}`
    expect((await query(`davy_score${labels}`)).body).toEqual(vector('50', { id, verdict: 'wait', service: name }))
    expect((await query(`davy_rollback${labels}`)).body).toEqual(vector('0'))
    await override(id, 'rollback')
    await until(
      async () => (await query(`davy_rollback${labels}`)).body.data.result[0]?.value[1] === '1',
      'the rollback',
    )
    expect((await query(`davy_promote{service="${name}"}`)).body).toEqual(vector('0', { verdict: 'rollback' }))
    const nobody = { status: 'success', data: { resultType: 'vector', result: [] } }
    expect((await query('davy_score{namespace="shop",name="nobody"}')).body).toEqual(nobody)
  })

  test('refuses what it does not understand, and who has no token', async () => {
    expect(await query('up')).toMatchObject({ status: 400, body: { status: 'error', errorType: 'bad_data' } })
    expect((await query('vector(1)', {})).status).toBe(401)
  })
})
