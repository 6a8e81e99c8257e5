import fastify, { type FastifyInstance } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import { DavyError } from '../../../src/domain/errors.ts'
import { registerAccess } from '../../../src/http/access.ts'
import { argoRolloutsRoutes } from '../../../src/http/integrations/argo-rollouts.ts'
import { flaggerRoutes } from '../../../src/http/integrations/flagger.ts'
import { prometheusRoutes } from '../../../src/http/integrations/prometheus.ts'
import { registerProblems } from '../../../src/http/problem.ts'
import type { App, Services } from '../../../src/http/services.ts'

const opened: FastifyInstance[] = []
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close()
})

/** The routes over workloads and deployments of which every question ends in this fault. */
async function serve(fault: Error) {
  const logged: object[] = []
  const counted: string[] = []
  const failing = new Proxy({}, { get: () => async () => Promise.reject(fault) })
  const services = {
    ...{
      workloads: failing,
      deployments: failing,
      publicUrl: 'https://davy.example.com',
      killSwitch: () => null,
      now: Date.now,
    },
    log: { error: (fields: object) => logged.push(fields) },
    metrics: { requestErrors: { inc: ({ code }: { code: string }) => counted.push(code) } },
  } as unknown as Services
  const app = fastify({ ajv: { customOptions: { removeAdditional: false, coerceTypes: false } } })
  opened.push(app)
  registerProblems(app)
  registerAccess(app, {
    ...{ tokens: null, loopback: true, publicUrl: 'https://davy.example.com', allowedHosts: [], allowedOrigins: [] },
  })
  for (const routes of [argoRolloutsRoutes, flaggerRoutes, prometheusRoutes]) routes(app as unknown as App, services)
  await app.ready()
  const post = (url: string, payload: object) =>
    app.inject({ method: 'POST', url, payload, headers: { host: 'localhost' } })
  return { app, post, logged, counted }
}

const storageDown = new DavyError('STORAGE_DOWN', 'The storage does not answer.', { retryAfterSeconds: 5 })
const measurement = {
  namespace: 'shop',
  name: 'checkout',
  canary: { podTemplateHash: 'b' },
  stable: { podTemplateHash: 'a' },
}
const hook = { namespace: 'shop', name: 'checkout', phase: 'Progressing' }

describe('a fault of Davy', () => {
  test.each([
    [
      'the storage',
      storageDown,
      'STORAGE_DOWN',
      /^The storage does not answer\. This says nothing about the release\.$/,
    ],
    ['anything', new Error('secret in the cause'), 'INTERNAL', /^Davy failed to answer; its log says why\./],
  ])('makes Argo wait, and is logged and counted: %s', async (_name, fault, code, reason) => {
    const { post, logged, counted } = await serve(fault)
    const answer = await post('/integrations/argo-rollouts/measure', measurement)
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toEqual({
      gate: {
        ...{ verdict: 'wait', score: 50, url: 'https://davy.example.com/', deploymentId: '' },
        reason: expect.stringMatching(reason),
      },
    })
    expect(answer.body).not.toContain('secret')
    expect(logged).toEqual([{ err: fault }])
    expect(counted).toEqual([code])
  })

  test.each(['confirm-rollout', 'confirm-traffic-increase', 'confirm-promotion', 'rollback', 'event', 'post-rollout'])(
    'is no yes to Flagger at %s, which is not kept waiting',
    async (name) => {
      const { post } = await serve(storageDown)
      const metadata = { eventMessage: 'Advance checkout.shop canary weight 10' }
      const answer = await post(`/integrations/flagger/${name}`, { ...hook, phase: 'Failed', metadata })
      expect(answer.statusCode).toBe(503)
      expect(answer.headers).not.toHaveProperty('retry-after')
    },
  )

  test('does not count against the release at the hooks whose failures do', async () => {
    const { post, logged, counted } = await serve(storageDown)
    expect((await post('/integrations/flagger/rollout', hook)).statusCode).toBe(200)
    expect((await post('/integrations/flagger/pre-rollout', hook)).statusCode).toBe(200)
    expect([logged, counted]).toEqual([[expect.objectContaining({ err: storageDown })], ['STORAGE_DOWN']])
  })

  test('is an error to who asks for the score, and no value', async () => {
    const { app } = await serve(storageDown)
    const url = `/integrations/prometheus/api/v1/query?query=${encodeURIComponent('davy_rollback{name="checkout"}')}`
    expect((await app.inject({ url, headers: { host: 'localhost' } })).statusCode).toBe(503)
  })
})
