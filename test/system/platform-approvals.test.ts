import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningDavy, startDavy } from '../../load/ingest/start-davy.ts'
import { until } from '../davy.ts'
import { type Answer, callerOf, callOf } from '../http/client.ts'
import { azureCheck, startAzureOrganisation } from '../http/integrations/simulators/azure-organisation.ts'
import { hook, rulePayload, startGithubApp, webhookSecret } from '../http/integrations/simulators/github-app.ts'
import {
  gitlabDeployment,
  gitlabSecret,
  gitlabSha,
  gitlabStatusCheck,
  startGitlabProject,
} from '../http/integrations/simulators/gitlab-project.ts'

/*
 * Platforms that wait for an answer, simulated from their documents: GitHub's deployment protection rule, GitLab's blocked
 * deployment and status check, the callback of Azure Pipelines.
 */

const directory = mkdtempSync(join(tmpdir(), 'davy-approvals-'))
let davy: RunningDavy
let github: Awaited<ReturnType<typeof startGithubApp>>
let gitlab: Awaited<ReturnType<typeof startGitlabProject>>
let azure: Awaited<ReturnType<typeof startAzureOrganisation>>

const start = () =>
  startDavy(directory, {
    DAVY_INTEGRATIONS_GITHUB_SECRET_FILE: join(directory, 'github'),
    DAVY_INTEGRATIONS_GITLAB_SECRET_FILE: join(directory, 'gitlab'),
  })

beforeAll(async () => {
  writeFileSync(join(directory, 'github'), webhookSecret)
  writeFileSync(join(directory, 'gitlab'), gitlabSecret)
  ;[github, gitlab, azure] = await Promise.all([startGithubApp(), startGitlabProject(), startAzureOrganisation()])
  davy = await start()
})
afterAll(async () => {
  await davy?.stop()
  await Promise.all([github?.close(), gitlab?.close(), azure?.close()])
  rmSync(directory, { recursive: true, force: true })
})

let numbers = 100
const call = (method: string, path: string, body?: object): Promise<Answer> => callerOf(davy)(method, path, body)
const post = <T>(path: string, body: object) => callOf<T>(davy, 'POST', path, body)
const register = async (service: string, version: string, more: object = {}) => {
  const registration = { service, environment: 'staging', canary: { version }, ...more }
  return (await post<{ id: string }>('/api/v1/deployments', registration)).id
}
const override = (id: string, decision: string) =>
  post(`/api/v1/deployments/${id}/override`, { decision, reason: 'a test says so' })
const decided = (id: string, decision: string) =>
  until(
    async () => (await call('GET', `/api/v1/deployments/${id}/verdict`)).body.decision === decision,
    `${decision} of ${id}`,
  )
const endpoint = async (service: string, more: object) => {
  const settings = { services: [service], environments: ['staging'], ...more }
  return (await post<{ id: string }>('/api/v1/endpoints', settings)).id
}
const killSwitch = (on: boolean) => callOf(davy, 'PUT', '/api/v1/kill-switch', { on, reason: 'a test says so' })
const attemptsOf = async (deploymentId: string) => {
  type Listed = { readonly items: readonly { readonly deploymentId: string; readonly attempts: readonly unknown[] }[] }
  const { items } = await callOf<Listed>(davy, 'GET', '/api/v1/deliveries?limit=100')
  return items.filter((each) => each.deploymentId === deploymentId).flatMap(({ attempts }) => attempts).length
}
const passing = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe("GitHub's deployment protection rule", () => {
  const reviewer = (service: string) =>
    endpoint(service, {
      ...{ format: 'github', url: github.url, secret: github.pem },
      options: {
        repository: 'shop/checkout',
        kind: 'review',
        environment: service,
        appId: '4711',
        installationId: '99',
      },
    })
  const ask = (run: number, environment: string) => {
    const { body, headers } = hook('deployment_protection_rule', { ...rulePayload(run), environment })
    return callerOf(davy)('POST', '/integrations/github', body, headers)
  }
  const reviewsOf = (run: number) => github.reviews.filter((review) => review.run === String(run))
  const answered = (run: number) => until(async () => reviewsOf(run)[0], `a review of run ${run}`)

  test('that no endpoint answers for is refused with what is missing', async () => {
    const answer = await ask(++numbers, 'nowhere')
    expect(answer).toMatchObject({ status: 422, body: { expected: expect.stringContaining('kind: review') } })
  })

  const answersOnce = async (decision: string, state: string) => {
    const service = `gated-${decision}`
    const asked = await reviewer(service)
    const [run, later] = [++numbers, ++numbers]
    for (let time = 0; time < 3; time++)
      expect(await ask(run, service)).toMatchObject({ status: 202, body: { asked: [asked] } })
    const id = await register(service, '2.4.1')
    await passing(1_500)
    expect(reviewsOf(run)).toEqual([])
    await override(id, decision)
    const review = { state, environment: service, comment: expect.stringContaining(service) }
    expect(await answered(run)).toMatchObject(review)
    await ask(run, service)
    // A question that comes when the answer is known.
    await ask(later, service)
    expect(await answered(later)).toMatchObject(review)
    expect(reviewsOf(run)).toHaveLength(1)
  }

  test('is approved by a promote and rejected by a rollback, once; before that nothing is said', async () => {
    await Promise.all([answersOnce('promote', 'approved'), answersOnce('rollback', 'rejected')])
  })

  test('is not answered for what is only observed, nor while the kill switch is on', async () => {
    await Promise.all([reviewer('seen'), reviewer('switched')])
    await callOf(davy, 'PUT', '/api/v1/templates/look-on', { name: 'look-on', mode: 'observe' })
    const [seen, switched] = [
      await register('seen', '2.4.1', { template: 'look-on' }),
      await register('switched', 'v2.4.1'),
    ]
    await killSwitch(true)
    const [seenRun, switchedRun] = [++numbers, ++numbers]
    await Promise.all([
      ask(seenRun, 'seen'),
      ask(switchedRun, 'switched'),
      override(seen, 'promote'),
      override(switched, 'promote'),
    ])
    await Promise.all([decided(seen, 'promote'), decided(switched, 'promote')])
    await passing(2_500)
    expect([...reviewsOf(seenRun), ...reviewsOf(switchedRun)]).toEqual([])
    await killSwitch(false)
    expect(await answered(switchedRun)).toMatchObject({ state: 'approved' })
    expect(reviewsOf(seenRun)).toEqual([])
  })

  test('gets the answer of now by the next start when Davy is killed before it could bring one', async () => {
    await Promise.all([reviewer('late'), reviewer('crashed')])
    const [late, crashed] = [await register('late', '2.4.1'), await register('crashed', '2.4.1')]
    const [lateRun, before, asked] = [++numbers, ++numbers, ++numbers]
    github.state.isDown = true
    await Promise.all([
      ask(lateRun, 'late'),
      ask(before, 'crashed'),
      override(late, 'promote'),
      override(crashed, 'promote'),
    ])
    await until(async () => (await attemptsOf(late)) > 0 && (await attemptsOf(crashed)) > 0, 'attempts that failed')
    await override(late, 'rollback')
    await decided(late, 'rollback')
    await ask(asked, 'crashed')
    await davy.kill()
    github.state.isDown = false
    davy = await start()
    expect(await answered(lateRun)).toMatchObject({ state: 'rejected' })
    for (const run of [asked, before]) expect(await answered(run)).toMatchObject({ state: 'approved' })
    await passing(1_500)
    for (const run of [lateRun, asked, before]) expect(reviewsOf(run)).toHaveLength(1)
  })
})

test.concurrent('GitLab gets approvals of blocked deployments and answers to status checks', async () => {
  const settings = { format: 'gitlab', url: gitlab.url, secret: 'glpat-token' }
  await endpoint('basket', { ...settings, act: true, options: { project: '15', kind: 'approval' } })
  const check = { project: 'shop/basket', kind: 'status-check', statusCheckId: '3' }
  await endpoint('basket', { ...settings, options: check })
  const id = await register('basket', gitlabSha)
  const blocked = await callerOf(davy)('POST', '/integrations/gitlab', gitlabDeployment(9, 'blocked'), {
    'x-gitlab-token': gitlabSecret,
  })
  expect(blocked).toMatchObject({ status: 202, body: { asked: [expect.any(String)] } })
  const body = JSON.stringify(gitlabStatusCheck(7, 3))
  const signature = createHmac('sha256', gitlabSecret).update(body).digest('hex')
  const asked = await callerOf(davy)('POST', '/integrations/gitlab', body, { 'x-gitlab-signature': signature })
  expect(asked).toMatchObject({ status: 202, body: { asked: [expect.any(String)] } })
  await passing(1_500)
  expect(gitlab.answers).toEqual([])
  await override(id, 'promote')
  await until(async () => gitlab.answers.length >= 2, 'both answers')
  expect(gitlab.answers).toContainEqual({ path: '/deployments/9/approval', status: 'approved' })
  expect(gitlab.answers).toContainEqual({ path: '/merge_requests/7/status_check_responses', status: 'passed' })
})

test.concurrent('Azure Pipelines is called back at the configured organisation, and nowhere else', async () => {
  await endpoint('stock', { format: 'azure', url: azure.url, secret: 'personal-access-token' })
  const about = { service: 'stock', environment: 'staging', version: '2.4.1' }
  const path = '/integrations/azure/callback'
  expect((await call('POST', path, azureCheck(azure.url, 'plan-1', about))).status).toBe(404)
  const id = await register('stock', '2.4.1')
  const elsewhere = await call('POST', path, azureCheck('http://169.254.169.254', 'plan-1', about))
  expect(elsewhere).toMatchObject({ status: 422, body: { where: '/VstsUrl' } })
  expect((await call('POST', path, azureCheck(azure.url, 'plan-1', about))).status).toBe(202)
  await override(id, 'rollback')
  await until(async () => azure.completed.length > 0, 'the end of the check')
  const end = { path: '/p-1/_apis/distributedtask/hubs/checks/plans/plan-1/events', result: 'failed' }
  expect(azure.completed).toEqual([end])
})
