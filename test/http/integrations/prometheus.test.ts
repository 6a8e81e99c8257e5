import fastify from 'fastify'
import { expect, test } from 'vitest'
import { registerAccess } from '../../../src/http/access.ts'
import { prometheusRoutes } from '../../../src/http/integrations/prometheus.ts'
import type { App, Services } from '../../../src/http/services.ts'

const now = Date.parse('2026-11-21T10:00:00Z')
const publicUrl = 'https://davy.example.com'
const open = { id: 'd1', service: 'cart', environment: 'default', status: 'open', outcome: null, progress: [] }
const promote = {
  ...{
    decision: 'promote',
    mode: 'enforce',
    score: 100,
    final: false,
    reason: { code: 'HARM_RULED_OUT', summary: 'Ruled out.' },
  },
  ...{ decidedAt: new Date(now - 10_000).toISOString(), validUntil: new Date(now + 60_000).toISOString() },
}

/** Promote, rollback and score of one deployment, as the facade tells them. */
async function told(verdict: object, deployment: object = open, killSwitch: object | null = null) {
  const services = {
    ...{ publicUrl, now: () => now, killSwitch: () => killSwitch, polled: () => undefined },
    newestVerdict: async () => verdict,
    deployments: { refresh: async () => undefined, get: () => deployment, list: () => [deployment] },
  } as unknown as Services
  const app = fastify()
  registerAccess(app, { ...{ tokens: null, loopback: true, publicUrl, allowedHosts: [], allowedOrigins: [] } })
  prometheusRoutes(app as unknown as App, services)
  const value = async (metric: string) => {
    const url = `/integrations/prometheus/api/v1/query?query=${encodeURIComponent(`${metric}{id="d1"}`)}`
    const answer = await app.inject({ url, headers: { host: 'localhost' } })
    return Number(answer.json().data.result[0].value[1])
  }
  const values = [await value('davy_promote'), await value('davy_rollback'), await value('davy_score')]
  await app.close()
  return values
}

test('a promote and a rollback are told as they are, and a hold by its score', async () => {
  expect(await told(promote)).toEqual([1, 0, 100])
  expect(await told({ ...promote, decision: 'rollback', score: 0, final: true })).toEqual([0, 1, 0])
  expect(await told({ ...promote, decision: 'hold', score: 62 })).toEqual([0, 0, 62])
})

test.each([
  ['is too old', { ...promote, validUntil: new Date(now - 1).toISOString() }, open, null],
  ['is only observed', { ...promote, mode: 'observe' }, open, null],
  ['is a rollback that is only observed', { ...promote, decision: 'rollback', score: 0, mode: 'observe' }, open, null],
  ['the kill switch stands above', promote, open, { by: 'me' }],
  [
    'was given before the deployment was closed otherwise',
    promote,
    { ...open, status: 'closed', outcome: 'aborted' },
    null,
  ],
  [
    'is a hold that is too old',
    { ...promote, decision: 'hold', score: 62, validUntil: new Date(now - 1).toISOString() },
    open,
    null,
  ],
])('a verdict that %s says nothing', async (_name, verdict, deployment, killSwitch) => {
  expect(await told(verdict, deployment, killSwitch)).toEqual([0, 0, 50])
})
