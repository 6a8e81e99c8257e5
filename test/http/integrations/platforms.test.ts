import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Davy, startDavy, until } from '../../davy.ts'
import { type Caller, callerOf } from '../client.ts'
import { azureCheck } from './simulators/azure-organisation.ts'
import { gitlabDeployment, gitlabSecret, gitlabSha } from './simulators/gitlab-project.ts'
import { spinnakerStage } from './simulators/spinnaker-stage.ts'

const fluxSecret = 'a-token-of-flux-that-signs'
const directory = mkdtempSync(join(tmpdir(), 'davy-platforms-'))
let davy: Davy
let call: Caller
beforeAll(async () => {
  writeFileSync(join(directory, 'gitlab'), gitlabSecret)
  writeFileSync(join(directory, 'flux'), fluxSecret)
  davy = await startDavy({
    DAVY_INTEGRATIONS_GITLAB_SECRET_FILE: join(directory, 'gitlab'),
    DAVY_INTEGRATIONS_FLUX_SECRET_FILE: join(directory, 'flux'),
  })
  call = callerOf(davy)
})
afterAll(async () => {
  await davy?.stop()
  rmSync(directory, { recursive: true, force: true })
})

const deployments = async (service: string) => (await call('GET', `/api/v1/deployments?service=${service}`)).body.items
const override = (id: string, decision: string) =>
  call('POST', `/api/v1/deployments/${id}/override`, { decision, reason: 'a test says so' })
const decided = (id: string, decision: string) =>
  until(async () => (await call('GET', `/api/v1/deployments/${id}/verdict`)).body.decision === decision, decision)

describe('GitLab', () => {
  const tell = (payload: object, query = '', headers: Record<string, string> = { 'x-gitlab-token': gitlabSecret }) =>
    call('POST', `/integrations/gitlab${query}`, payload, headers)

  test.each([
    ['no secret', {}],
    ['another token', { 'x-gitlab-token': 'another-secret-of-gitlab' }],
    ['another signature', { 'x-gitlab-signature': '0'.repeat(64) }],
  ])('with %s is refused', async (_name, headers) => {
    expect((await tell(gitlabDeployment(1, 'running'), '', headers)).status).toBe(401)
  })

  test('starts and ends deployments, each once', async () => {
    const first = await tell(gitlabDeployment(2, 'running'))
    expect(await deployments('basket')).toMatchObject([{ environment: 'production', canary: { version: gitlabSha } }])
    expect((await tell(gitlabDeployment(2, 'failed'))).body.outcome).toBe('aborted')
    expect((await tell(gitlabDeployment(2, 'running'))).body.deploymentId).toBe(first.body.deploymentId)
    expect(await deployments('basket')).toHaveLength(1)
  })

  test.each(['created', 'blocked'])(
    'that is %s, and asks nobody who is configured, changes nothing',
    async (status) => {
      const answer = await tell(gitlabDeployment(3, status), '?service=unasked')
      expect(answer).toMatchObject({ status: 202, body: { ignored: expect.any(String) } })
      expect(await deployments('unasked')).toEqual([])
    },
  )
})

describe('Flux', () => {
  const event = (reason: string, more: object = {}) => ({
    involvedObject: { kind: 'HelmRelease', namespace: 'shop', name: 'search' },
    metadata: { 'helm.toolkit.fluxcd.io/revision': '2.4.1', 'event.toolkit.fluxcd.io/environment': 'staging' },
    ...{ severity: 'info', reason, message: 'done', timestamp: '2026-11-21T10:00:00Z', reportingController: 'helm' },
    ...more,
  })

  test('tells by a signature what begins and what went back', async () => {
    const signed = (payload: object, secret: string) => {
      const body = JSON.stringify(payload)
      const signature = createHmac('sha256', secret).update(body).digest('hex')
      return call('POST', '/integrations/flux/hmac', body, { 'x-signature': `sha256=${signature}` })
    }
    expect((await signed(event('UpgradeSucceeded'), 'another-token-of-somebody')).status).toBe(401)
    expect((await call('POST', '/integrations/flux/hmac', event('UpgradeSucceeded'))).status).toBe(401)
    expect(await deployments('search')).toEqual([])
    const first = await signed(event('UpgradeSucceeded'), fluxSecret)
    expect(await deployments('search')).toMatchObject([{ environment: 'staging', canary: { version: '2.4.1' } }])
    expect((await signed(event('UpgradeSucceeded'), fluxSecret)).body).toEqual(first.body)
    expect((await signed(event('RollbackSucceeded'), fluxSecret)).body.outcome).toBe('rolled-back')
  })

  test('tells the same by a token, and what names no revision is ignored', async () => {
    const answer = await call(
      'POST',
      '/integrations/flux?service=finder',
      event('UpgradeFailed', { severity: 'error' }),
    )
    expect(answer.body).toMatchObject({ ignored: expect.stringContaining('knows no deployment') })
    const nameless = await call('POST', '/integrations/flux', event('UpgradeSucceeded', { metadata: null }))
    expect(nameless.body).toMatchObject({ ignored: 'the event names no revision' })
  })
})

test('Argo CD tells of what was synced, and again of the same only after it failed', async () => {
  const tell = (more: object) =>
    call('POST', '/integrations/argo-cd/notifications', {
      ...{ event: 'deployed', application: 'stock', revision: 'abc', images: ['registry:5000/shop/stock:2.4.1'] },
      ...{ finishedAt: '2026-11-21T10:00:00Z', environment: '', version: null, ...more },
    })
  const first = await tell({})
  expect(await deployments('stock')).toMatchObject([{ canary: { version: '2.4.1' }, status: 'open' }])
  expect((await tell({ finishedAt: '2026-11-21T11:00:00Z' })).body).toEqual(first.body)
  expect((await tell({ event: 'failed' })).body).toMatchObject({ outcome: 'aborted' })
  expect((await tell({})).body).toMatchObject({ outcome: 'aborted' })
  const again = await tell({ finishedAt: '2026-11-21T12:00:00Z' })
  expect(again.body.deploymentId).not.toBe(first.body.deploymentId)
  await call('POST', `/api/v1/deployments/${again.body.deploymentId}/finish`, { outcome: 'promoted' })
  expect((await tell({ finishedAt: '2026-11-21T13:00:00Z' })).body.deploymentId).toBe(again.body.deploymentId)
  expect((await tell({ images: null, revision: '' })).status).toBe(422)
})

describe('CloudEvents', () => {
  const attributes = { specversion: '1.0', id: 'e-1', source: 'https://ci.example.com/', subject: 'run-7' }
  const send = (type: string, data: object, more: object = {}) =>
    call('POST', '/integrations/cloudevents', JSON.stringify({ ...attributes, type, data, ...more }), {
      'content-type': 'application/cloudevents+json; charset=utf-8',
    })
  const sendBinary = (type: string, data: object, headers: Record<string, string> = {}) => {
    const named = Object.entries({ ...attributes, type }).map(([name, value]) => [`ce-${name}`, value])
    return call('POST', '/integrations/cloudevents', data, { ...Object.fromEntries(named), ...headers })
  }

  test('register, step and finish a deployment, structured or binary', async () => {
    const data = { service: 'orders', version: '2.4.1', baseline: '2.4.0' }
    const { body } = await send('com.example.deployment.started', data)
    expect((await sendBinary('com.example.deployment.started', data)).body).toEqual(body)
    await send('com.example.deployment.progressed', { ...data, weight: 25 })
    await sendBinary('com.example.deployment.progressed', { ...data, weight: 25 })
    const [deployment] = await deployments('orders')
    expect(deployment).toMatchObject({ baseline: { version: '2.4.0' }, progress: [{ step: 'weight 25', weight: 25 }] })
    const end = await sendBinary('com.example.deployment.finished', { ...data, outcome: 'rolled-back' })
    expect(end.body).toMatchObject({ deploymentId: deployment.id, outcome: 'rolled-back' })
  })

  test("of CDEvents' services register what is deployed and finish what is rolled back", async () => {
    const cdEvent = (artifactId: string) => ({
      context: { version: '0.4.1', id: 'c-1', source: '/cd', type: 'x', timestamp: '2026-11-21T10:00:00Z' },
      subject: { id: '/services/mail', type: 'service', content: { environment: { id: 'blue' }, artifactId } },
    })
    const purl = 'pkg:oci/mail@sha256%3A0123?repository_url=ghcr.io/shop&tag=2.4.1'
    const first = await sendBinary('dev.cdevents.service.deployed.0.2.0', cdEvent(purl))
    expect(await deployments('mail')).toMatchObject([{ environment: 'blue', canary: { version: '2.4.1' } }])
    expect((await sendBinary('dev.cdevents.service.deployed.0.2.0', cdEvent(purl))).body).toEqual(first.body)
    const back = await sendBinary('dev.cdevents.service.rolledback.0.2.0', cdEvent('pkg:oci/mail?tag=2.4.0'))
    expect(back.body).toMatchObject({ deploymentId: first.body.deploymentId, outcome: 'rolled-back' })
    expect((await sendBinary('dev.cdevents.service.deployed.0.2.0', cdEvent('mail'), { 'ce-id': 'e-2' })).status).toBe(
      422,
    )
  })

  test.each([
    ['of another type', 'com.example.build.finished', {}, 202],
    ["of Davy's own", 'dev.davy.deployment.finished', { source: 'OWN' }, 202],
    ['without an id', 'com.example.deployment.started', { id: undefined }, 400],
    ['of another version of CloudEvents', 'com.example.deployment.started', { specversion: '0.3' }, 400],
    ['that do not say what', 'com.example.deployment.started', {}, 400],
    ['that name no deployment', 'com.example.deployment.started', { subject: undefined }, 400],
  ])('%s open nothing', async (_name, type, more, status) => {
    const own = davy.url.replace('127.0.0.1', 'localhost')
    const sent = JSON.parse(JSON.stringify(more).replace('OWN', own))
    const before = (await call('GET', '/api/v1/deployments')).body.items.length
    const data = status === 400 && 'id' in more ? { service: 'x', version: '1' } : {}
    expect((await send(type, data, 'id' in more ? { ...sent, id: undefined } : sent)).status).toBe(status)
    expect((await call('GET', '/api/v1/deployments')).body.items).toHaveLength(before)
  })
})

describe('a webhook stage of Spinnaker', () => {
  const payload = (service: string) => ({ service, canary: { version: '2' }, baseline: { version: '1' } })

  test('runs until there is a promote or a rollback, and ends when there will be none', async () => {
    const stage = spinnakerStage(call)
    const names = ['promote', 'rollback', 'cancelled'] as const
    const urls = await Promise.all(names.map(async (name) => (await stage.create(payload(`spin-${name}`))).statusUrl))
    expect(await Promise.all(urls.map((url) => stage.monitor(url)))).toEqual(['RUNNING', 'RUNNING', 'RUNNING'])
    const ids = urls.map((url) => new URL(url).pathname.split('/').at(-1) ?? '')
    await Promise.all([override(ids[0]!, 'promote'), override(ids[1]!, 'rollback')])
    expect((await call('POST', `/integrations/spinnaker/runs/${ids[2]}/cancel`)).body.outcome).toBe('aborted')
    const ends = ['SUCCEEDED', 'TERMINAL', 'TERMINAL']
    for (const [index, url] of urls.entries())
      await until(async () => (await stage.monitor(url)) === ends[index], `${ends[index]} at ${names[index]}`)
    expect((await call('GET', new URL(urls[2]!).pathname)).body).toMatchObject({ status: 'INCONCLUSIVE' })
    await call('PUT', '/api/v1/kill-switch', { on: true, reason: 'a test says so' })
    expect(await stage.monitor(urls[0]!)).toBe('RUNNING')
    await call('PUT', '/api/v1/kill-switch', { on: false, reason: 'a test says so' })
  })

  test('opens one deployment for one execution, and none that cannot be judged', async () => {
    const stage = spinnakerStage(call)
    const body = { ...payload('spin-again'), executionId: '01J', step: 'ten', weight: 10 }
    const [first, again] = [await stage.create(body), await stage.create(body)]
    expect(first.statusUrl).toMatch(/\?step=ten$/)
    expect(again).toEqual(first)
    expect((await stage.create({ service: 'x', canary: {} })).end).toBe('TERMINAL')
    expect(await stage.monitor(`${davy.url}/integrations/spinnaker/runs/unknown`)).toBe('TERMINAL')
  })
})

test('a check of Azure Pipelines gets the gate, and of what is unknown an error', async () => {
  const about = { service: 'azure', environment: 'production', version: '2.4.1' }
  const ask = (more: object = {}) =>
    call('POST', '/integrations/azure/check', azureCheck('https://dev.azure.com/shop', 'plan', { ...about, ...more }))
  const unknown = await ask()
  expect(unknown).toMatchObject({ status: 404, body: { detail: expect.stringContaining('azure 2.4.1 in production') } })
  expect(unknown.text).not.toContain('job-secret')
  const registration = { service: 'azure', environment: 'production', canary: { version: '2.4.1' } }
  const { id } = (await call('POST', '/api/v1/deployments', registration)).body
  expect((await ask()).body).toMatchObject({ verdict: 'wait', deploymentId: id })
  await override(id, 'promote')
  await decided(id, 'promote')
  expect((await ask()).body).toMatchObject({ verdict: 'promote' })
  const { askDavy } = await import(new URL('../../../deploy/aws/ask-davy.mjs', import.meta.url).href)
  expect(await askDavy(about, 'ecs/1', { DAVY_URL: davy.url, DAVY_TOKEN: 'none' })).toMatchObject({
    hookStatus: 'SUCCEEDED',
  })
  expect((await ask({ version: '2.4.2' })).status).toBe(404)
  const callback = await call(
    'POST',
    '/integrations/azure/callback',
    azureCheck('https://dev.azure.com/shop', 'p', about),
  )
  expect(callback).toMatchObject({ status: 422, body: { where: '/VstsUrl' } })
})
