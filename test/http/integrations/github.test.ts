import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Davy, startDavy } from '../../davy.ts'
import { type Caller, callerOf } from '../client.ts'
import {
  deploymentPayload,
  type GithubApp,
  hook,
  sha,
  startGithubApp,
  statusPayload,
  webhookSecret,
} from './simulators/github-app.ts'

let davy: Davy
let call: Caller
let github: GithubApp
const directory = mkdtempSync(join(tmpdir(), 'davy-github-'))
beforeAll(async () => {
  const file = join(directory, 'secret')
  writeFileSync(file, `${webhookSecret}\nthe-secret-that-was-before\n`)
  github = await startGithubApp()
  davy = await startDavy({ DAVY_INTEGRATIONS_GITHUB_SECRET_FILE: file })
  call = callerOf(davy)
})
afterAll(async () => {
  await davy?.stop()
  await github?.close()
  rmSync(directory, { recursive: true, force: true })
})

let numbers = 100
const tell = (event: string, payload: object, query = '', secret = webhookSecret) => {
  const { body, headers } = hook(event, payload, secret)
  return call('POST', `/integrations/github${query}`, body, headers)
}
const deployments = async (service: string) =>
  (await call('GET', `/api/v1/deployments?service=${service}`)).body.items as Record<string, unknown>[]

describe('who calls', () => {
  test.each([
    ['no signature', { 'x-hub-signature-256': undefined }],
    ['another signature', { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }],
    ['SHA-1', { 'x-hub-signature-256': `sha1=${'0'.repeat(40)}` }],
  ])('with %s is refused and changes nothing', async (_name, change) => {
    const { body, headers } = hook('deployment', deploymentPayload(1, { payload: { davy: { service: 'forged' } } }))
    const sent = Object.fromEntries(Object.entries({ ...headers, ...change }).filter(([, value]) => value)) as Record<
      string,
      string
    >
    const answer = await call('POST', '/integrations/github', body, sent)
    expect(answer).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } })
    expect(answer.text).not.toContain(webhookSecret)
    expect(await deployments('forged')).toEqual([])
  })

  test('with a body that was changed on its way is refused', async () => {
    const { body, headers } = hook('deployment', deploymentPayload(1))
    const answer = await call('POST', '/integrations/github', body.replace('production', 'elsewhere '), headers)
    expect(answer.status).toBe(401)
  })

  test('with the secret of before is let in while both are in the file', async () => {
    expect((await tell('ping', { zen: 'Keep it simple.' }, '', 'the-secret-that-was-before')).status).toBe(202)
  })
})

describe('a deployment of GitHub', () => {
  test('is registered once, and finished by its statuses, however often they come', async () => {
    const id = ++numbers
    const told = { payload: { davy: { service: `service${id}` } } }
    const first = await tell('deployment', deploymentPayload(id, told))
    expect(first).toMatchObject({ status: 202, body: { status: 'open' } })
    expect(await deployments(`service${id}`)).toMatchObject([
      { id: first.body.deploymentId, environment: 'production', canary: { version: sha }, origin: 'api', attempt: 1 },
    ])
    expect((await tell('deployment_status', statusPayload(id, 'in_progress', told))).body).toEqual(first.body)
    const end = await tell('deployment_status', statusPayload(id, 'success', told))
    expect(end.body).toMatchObject({ deploymentId: first.body.deploymentId, outcome: 'promoted' })
    for (const replay of [
      tell('deployment', deploymentPayload(id, told)),
      tell('deployment_status', statusPayload(id, 'in_progress', told)),
    ])
      expect((await replay).body).toEqual(end.body)
    expect(await deployments(`service${id}`)).toHaveLength(1)
  })

  test('is judged after its success when that is what its address says', async () => {
    const id = ++numbers
    const query = `?service=service${id}&judge=after&version={tag}`
    await tell('deployment_status', statusPayload(id, 'success'), query)
    expect(await deployments(`service${id}`)).toMatchObject([{ canary: { version: '2.4.1' }, status: 'open' }])
  })

  test('of which Davy hears only the end opens nothing', async () => {
    const answer = await tell('deployment_status', statusPayload(1, 'success'), '?service=unheard')
    expect(answer).toMatchObject({ status: 202, body: { ignored: expect.stringContaining('knows no deployment') } })
    expect(await deployments('unheard')).toEqual([])
  })

  test.each([
    ['no deployment', { repository: { name: 'a', full_name: 'a/a' } }, '/deployment'],
    [
      'a payload of another shape',
      deploymentPayload(1, { payload: { davy: { service: 7 } } }),
      '/deployment/payload/davy/service',
    ],
  ])('with %s is refused', async (_name, payload, where) => {
    expect(await tell('deployment', payload)).toMatchObject({ status: 400, body: { code: 'VALIDATION', where } })
  })
})
