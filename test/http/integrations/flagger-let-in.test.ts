import fastify from 'fastify'
import { expect, test } from 'vitest'
import { nothingNoted } from '../../../src/engine/workloads/rollout-notes.ts'
import { registerAccess } from '../../../src/http/access.ts'
import { flaggerRoutes } from '../../../src/http/integrations/flagger.ts'
import type { App, Services } from '../../../src/http/services.ts'

const publicUrl = 'https://davy.example.com'

test.each([
  ['observe', 403, 0],
  ['enforce', 200, 1],
])(
  'a first share of a deployment in mode %s, opened under a template that enforces: %i',
  async (mode, status, times) => {
    const found = { id: 'd1', mode, status: 'open', outcome: null, progress: [] }
    const now = Date.now()
    const later = new Date(now + 60_000).toISOString()
    const verdict = {
      decision: 'hold',
      mode,
      score: 50,
      final: false,
      reason: { code: 'WARMING_UP', summary: 'Warming up.' },
    }
    let letIn = 0
    const services = {
      ...{ publicUrl, now: () => now, killSwitch: () => null, polled: () => undefined },
      newestVerdict: async () => ({ ...verdict, decidedAt: later, validUntil: later }),
      deployments: { get: () => found },
      workloads: {
        ...{ ofRun: async () => found, rollout: async () => nothingNoted, isObserved: () => false },
        letIn: async () => {
          letIn += 1
        },
      },
    } as unknown as Services
    const app = fastify()
    registerAccess(app, { ...{ tokens: null, loopback: true, publicUrl, allowedHosts: [], allowedOrigins: [] } })
    flaggerRoutes(app as unknown as App, services)
    const payload = { name: 'checkout', namespace: 'shop', phase: 'Progressing' }
    const url = '/integrations/flagger/confirm-traffic-increase'
    const answer = await app.inject({ method: 'POST', url, payload, headers: { host: 'localhost' } })
    await app.close()
    expect([answer.statusCode, letIn]).toEqual([status, times])
  },
)
