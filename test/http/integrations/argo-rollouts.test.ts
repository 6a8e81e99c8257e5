import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Davy, startDavy, until } from '../../davy.ts'
import { type Caller, callerOf } from '../client.ts'
import { sendPods } from './kubernetes-spans.ts'

let davy: Davy
let call: Caller
beforeAll(async () => {
  davy = await startDavy()
  call = callerOf(davy)
})
afterAll(() => davy?.stop())

const measurePath = '/integrations/argo-rollouts/measure'
let names = 0

/** A measurement of a rollout that no other test knows, whose service is written down. */
function rollout(more: object = {}) {
  const name = `rollout${++names}`
  const sides = { canary: { podTemplateHash: `${name}new` }, stable: { podTemplateHash: `${name}old` } }
  return { kind: 'argo-rollouts', namespace: 'shop', name, ...sides, service: name, environment: 'production', ...more }
}

const measure = (body: object) => call('POST', measurePath, body)
const override = (id: string, decision: string) =>
  call('POST', `/api/v1/deployments/${id}/override`, { decision, reason: 'a test says so' })
const answers = (body: object, verdict: string) =>
  until(async () => {
    const answer = await measure(body)
    return answer.body.gate.verdict === verdict && answer.body
  }, `${verdict} at the gate`)

describe('a measurement', () => {
  test('opens the deployment of the pair, and waits', async () => {
    const body = rollout()
    const answer = await measure(body)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    const { id } = answer.body.deployment
    expect(answer.body).toEqual({
      gate: {
        verdict: 'wait',
        score: 50,
        reason: expect.any(String),
        url: `${davy.url.replace('127.0.0.1', 'localhost')}/deployments/${id}`,
        deploymentId: id,
      },
      deployment: { id, service: body.service, environment: 'production', attempt: 1 },
    })
    expect((await call('GET', `/api/v1/deployments/${id}`)).body).toMatchObject({
      ...{ status: 'open', mode: 'enforce', strategy: 'canary', baselineFrom: 'controller' },
      canary: { match: { replicaSet: [`${body.name}new`] } },
      baseline: { match: { replicaSet: [`${body.name}old`] } },
    })
  })

  test('is about one deployment, twenty times at once', async () => {
    const body = rollout()
    const all = await Promise.all(Array.from({ length: 20 }, () => measure(body)))
    expect(new Set(all.map((answer) => answer.body.deployment.id)).size).toBe(1)
    expect((await call('GET', `/api/v1/deployments?service=${body.service}`)).body.items).toHaveLength(1)
  })

  test('learns from telemetry whose pods these are', async () => {
    const { service: _unknown, environment: _default, ...body } = rollout()
    await sendPods(davy, { service: 'learnt', owner: body.name, hash: body.stable.podTemplateHash })
    const { deployment } = (await measure({ ...body, service: '', environment: '', template: '', weight: '' })).body
    expect(deployment).toMatchObject({ service: 'learnt', environment: 'default' })
  })

  test('that nobody can place waits and asks, in less than a kilobyte', async () => {
    const { service: _unknown, ...body } = rollout({ namespace: 'n'.repeat(253) })
    const { status, body: answer } = await measure({ ...body, name: `${body.name}-"\u0001é`.padEnd(253, 'é') })
    expect(status).toBe(200)
    expect(answer.deployment).toBeUndefined()
    expect(answer.gate).toMatchObject({ verdict: 'wait', score: 50, reason: expect.stringContaining('Which service') })
    expect(Buffer.byteLength(JSON.stringify(answer.gate))).toBeLessThan(1024)
  })

  test.each([
    ['an unknown template', { template: 'gold' }, /gold/],
    ['a canary without a hash', { canary: { podTemplateHash: '' } }, /Which one is the canary/],
    ['the same hash twice', { canary: { podTemplateHash: 'x' }, stable: { podTemplateHash: 'x' } }, /the same cohort/],
  ])('of %s waits and says why', async (_name, more, reason) => {
    const { status, body } = await measure(rollout(more))
    expect(status).toBe(200)
    expect(body.gate).toMatchObject({ verdict: 'wait', reason: expect.stringMatching(reason) })
  })

  test.each([
    ['no name', { name: undefined }, '/name'],
    ['no canary', { canary: undefined }, '/canary'],
    ['an unknown key', { gates: '10' }, '/gates'],
    ['a weight that is none', { weight: '10%' }, '/weight'],
  ])('with %s is refused', async (_name, more, where) => {
    const answer = await measure(rollout(more))
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION', where } })
  })

  test("answers a person's promote, at a step and in the background", async () => {
    const body = rollout({ gate: '10%', weight: '10' })
    const { id } = (await measure(body)).body.deployment
    expect((await call('GET', `/api/v1/deployments/${id}`)).body.progress).toMatchObject([{ step: '10%', weight: 10 }])
    await override(id, 'promote')
    expect((await answers(body, 'promote')).gate).toMatchObject({ verdict: 'promote', deploymentId: id })
    expect((await measure({ ...body, gate: undefined })).body.gate.verdict).toBe('promote')
  })

  test('answers a rollback at every gate, again and again', async () => {
    const body = rollout({ gate: '10%' })
    const { id } = (await measure(body)).body.deployment
    await override(id, 'rollback')
    const { gate } = await answers(body, 'rollback')
    expect(gate).toMatchObject({ verdict: 'rollback', deploymentId: id })
    for (const step of ['10%', '50%', '']) {
      expect((await measure({ ...body, gate: step })).body.gate).toMatchObject({
        verdict: 'rollback',
        deploymentId: id,
      })
    }
  })

  test('after somebody finished it opens the next attempt', async () => {
    const body = rollout()
    const first = (await measure(body)).body.deployment
    await call('POST', `/api/v1/deployments/${first.id}/finish`, { outcome: 'aborted' })
    const second = (await measure(body)).body.deployment
    expect(second).toMatchObject({ attempt: 2 })
    expect(second.id).not.toBe(first.id)
  })

  test('waits while the kill switch is on', async () => {
    const body = rollout()
    const { id } = (await measure(body)).body.deployment
    await override(id, 'promote')
    await answers(body, 'promote')
    await call('PUT', '/api/v1/kill-switch', { on: true, reason: 'a test says so' })
    expect((await measure(body)).body.gate).toMatchObject({
      verdict: 'wait',
      reason: expect.stringContaining('kill switch'),
    })
    await call('PUT', '/api/v1/kill-switch', { on: false, reason: 'a test says so' })
    expect((await measure(body)).body.gate.verdict).toBe('promote')
  })

  test('of what is only observed waits', async () => {
    const template = (await call('GET', '/api/v1/templates/default')).body
    const { digest: _digest, origin: _origin, ...document } = template
    const put = await call('PUT', '/api/v1/templates/watching', { ...document, name: 'watching', mode: 'observe' })
    expect(put.status).toBeLessThan(300)
    const body = rollout({ template: 'watching' })
    const { id } = (await measure(body)).body.deployment
    await override(id, 'rollback')
    await until(async () => (await call('GET', `/api/v1/deployments/${id}`)).body.status === 'closed', 'the rollback')
    expect((await measure(body)).body.gate).toMatchObject({
      verdict: 'wait',
      reason: expect.stringContaining('observed'),
    })
  })
})

describe('a notification', () => {
  const path = '/integrations/argo-rollouts/notifications'
  const about = (body: ReturnType<typeof rollout>, more: object) =>
    call('POST', path, {
      ...{ namespace: body.namespace, name: body.name, canaryHash: body.canary.podTemplateHash, phase: 'Progressing' },
      ...more,
    })

  test('of a step is progress, once', async () => {
    const body = rollout()
    const { id } = (await measure(body)).body.deployment
    const step = { event: 'step', step: 2, weight: 20, stableHash: body.stable.podTemplateHash }
    for (let times = 0; times < 2; times += 1) {
      expect(await about(body, step)).toMatchObject({ status: 200, body: { deploymentId: id, status: 'open' } })
    }
    const { progress } = (await call('GET', `/api/v1/deployments/${id}`)).body
    expect(progress).toMatchObject([{ step: 'step 2', weight: 20 }])
  })

  test.each([
    [{ event: 'completed', phase: 'Healthy' }, 'promoted'],
    [{ event: 'aborted', phase: 'Degraded', message: null }, 'aborted'],
    [{ phase: 'Degraded', abort: true, step: null, weight: null }, 'aborted'],
  ])('%j ends the deployment as %s', async (more, outcome) => {
    const body = rollout()
    const { id } = (await measure(body)).body.deployment
    expect((await about(body, more)).body).toEqual({ deploymentId: id, status: 'closed' })
    expect((await call('GET', `/api/v1/deployments/${id}`)).body).toMatchObject({ status: 'closed', outcome })
  })

  test('of a rollout that Davy does not know changes nothing', async () => {
    expect((await about(rollout(), { event: 'completed' })).body).toEqual({ deploymentId: null, status: null })
    expect((await about(rollout(), { event: 'step', step: 1 })).body).toEqual({ deploymentId: null, status: null })
  })

  test('without a hash is refused', async () => {
    expect(await about(rollout(), { canaryHash: '' })).toMatchObject({ status: 400, body: { where: '/canaryHash' } })
  })
})
