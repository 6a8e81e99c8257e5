import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Deployment } from '../../src/domain/deployment.ts'
import { type Davy, sendSpans, startDavy, until, untilStored } from '../davy.ts'
import { quick } from '../engine/lab.ts'
import { callOf } from '../http/client.ts'
import { keepSending, type Release, requestsOf } from './rollout-controllers/shop.ts'
import { type MetricRules, runAnalysis } from './rollout-controllers/simulated-argo.ts'
import { runCanary } from './rollout-controllers/simulated-flagger.ts'

const template = { ...quick, name: 'short', watermarkSeconds: 5, minimum: { seconds: 30, requests: 300 } }
const rules: MetricRules = {
  ...{ intervalMs: 500, errorRetryMs: 500, timeoutMs: 60_000 },
  ...{ failureLimit: 0, inconclusiveLimit: 400, consecutiveErrorLimit: 100, consecutiveSuccessLimit: 1 },
}

const failing = { bad: 0.2, good: 0.02 }
const rollout = (name: string, share: number): Release => ({
  service: `${name}-service`,
  stable: { owner: name, hash: `${name}5b6c` },
  canary: { owner: name, hash: `${name}7d9f`, failing: share },
})
const canary = (name: string, share: number): Release => ({
  service: `${name}-service`,
  stable: { owner: `${name}-primary`, hash: `${name}5b6c` },
  canary: { owner: name, hash: `${name}7d9f`, failing: share },
})
const releases = {
  argoBad: rollout('basket', failing.bad),
  argoGood: rollout('orders', failing.good),
  flaggerBad: canary('search', failing.bad),
  flaggerGood: canary('stock', failing.good),
}
const historySeconds = 180

let davy: Davy
let traffic: ReturnType<typeof keepSending>
beforeAll(async () => {
  davy = await startDavy()
  await callOf(davy, 'PUT', `/api/v1/templates/${template.name}`, template)
  const now = Date.now()
  for (const [index, release] of Object.values(releases).entries()) {
    await sendSpans(davy, requestsOf(release, now - historySeconds * 1000, now, index + 1))
  }
  await Promise.all(Object.values(releases).map(({ service }) => untilStored(davy, service, 2 * 30 * historySeconds)))
  traffic = keepSending(davy, Object.values(releases), now)
})
afterAll(async () => {
  await traffic?.stop()
  await davy?.stop()
})

const deploymentsOf = async (service: string) =>
  (await callOf<{ items: Deployment[] }>(davy, 'GET', `/api/v1/deployments?service=${service}`)).items

describe.concurrent('a simulated Argo Rollouts', () => {
  const measureUrl = () => `${davy.url}/integrations/argo-rollouts/measure`
  const bodyOf = ({ stable, canary: { owner, hash } }: Release, gate?: string) => ({
    ...{ kind: 'argo-rollouts', namespace: 'shop', name: owner, template: template.name },
    ...{ stable: { podTemplateHash: stable.hash }, canary: { podTemplateHash: hash } },
    ...(gate === undefined ? {} : { gate, weight: '50' }),
  })

  test('fails the analyses of a bad release, the gate and the watch', async () => {
    const release = releases.argoBad
    const [gate, watch] = await Promise.all([
      runAnalysis(measureUrl(), bodyOf(release, '50%'), rules),
      runAnalysis(measureUrl(), bodyOf(release), rules),
    ])
    expect([gate.phase, watch.phase]).toEqual(['Failed', 'Failed'])
    expect(new Set(gate.measurements.slice(0, -1))).toEqual(
      new Set(gate.measurements.length > 1 ? ['Inconclusive'] : []),
    )
    expect(gate.last).toMatchObject({
      verdict: 'rollback',
      score: 0,
      reason: expect.stringMatching(/^basket-service replicaSet=basket7d9f fails /),
    })
    // The verdict is on record before what follows from it.
    const isClosed = async () => (await deploymentsOf(release.service))[0]?.status === 'closed'
    await until(isClosed, 'the closing')
    const [deployment, ...others] = await deploymentsOf(release.service)
    expect(others).toEqual([])
    expect(deployment).toMatchObject({ outcome: 'rolled-back', baselineFrom: 'controller' })
  })

  test('passes a good release through two steps, each with a look of its own, and tells the end', async () => {
    const release = releases.argoGood
    const first = await runAnalysis(measureUrl(), bodyOf(release, '50%'), rules)
    const second = await runAnalysis(measureUrl(), bodyOf(release, '100%'), rules)
    for (const run of [first, second]) {
      expect(run.phase).toBe('Successful')
      // It was asked at least once before a look of this step was there.
      expect(run.measurements).toEqual([...run.measurements.slice(1).map(() => 'Inconclusive'), 'Successful'])
      expect(run.measurements.length).toBeGreaterThan(1)
    }
    const { owner: name, hash: canaryHash } = release.canary
    const end = { event: 'completed', namespace: 'shop', name, canaryHash, phase: 'Healthy' }
    await callOf(davy, 'POST', '/integrations/argo-rollouts/notifications', end)
    const [deployment, ...others] = await deploymentsOf(release.service)
    expect(others).toEqual([])
    expect(deployment).toMatchObject({
      status: 'closed',
      outcome: 'promoted',
      progress: [{ step: '50%' }, { step: '100%' }],
    })
  })
})

describe.concurrent('a simulated Flagger', () => {
  const specOf = ({ canary: { owner: name } }: Release) => ({
    ...{
      name,
      namespace: 'shop',
      intervalMs: 500,
      stepWeight: 50,
      maxWeight: 50,
      metadata: { template: template.name },
    },
  })

  test('rolls a bad release back by the hook', async () => {
    const release = releases.flaggerBad
    expect(await runCanary(davy.url, specOf(release))).toMatchObject({ phase: 'Failed' })
    const [deployment, ...others] = await deploymentsOf(release.service)
    expect(others).toEqual([])
    expect(deployment).toMatchObject({ status: 'closed', outcome: 'rolled-back' })
  })

  test('promotes a good release from weight to weight', async () => {
    const release = releases.flaggerGood
    expect(await runCanary(davy.url, specOf(release))).toEqual({ phase: 'Succeeded', weights: [50] })
    const [deployment, ...others] = await deploymentsOf(release.service)
    expect(others).toEqual([])
    expect(deployment).toMatchObject({ status: 'closed', outcome: 'promoted' })
    expect(deployment?.progress.map(({ step }) => step)).toEqual(expect.arrayContaining(['weight 50', 'promotion']))
  })
})
