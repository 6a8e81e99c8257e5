import { expect, test } from 'vitest'
import type { Deployment } from '../../../src/domain/deployment.ts'
import { DavyError } from '../../../src/domain/errors.ts'
import type { Deployments } from '../../../src/engine/deployments.ts'
import { Explanations } from '../../../src/engine/explanations/explanations.ts'
import { createLogger } from '../../../src/platform/logger.ts'
import { factsInMemory } from '../facts-in-memory.ts'

const start = Date.parse('2026-11-21T10:00:00Z')

/** Explanations over readers of which one refuses the services of these names. */
function explain(refused: readonly string[]) {
  let now = start
  const { store, of } = factsInMemory(() => now)
  const logged: { readonly level: string; readonly deploymentId?: string }[] = []
  const asked: string[] = []
  const deploymentOf = (service: string) =>
    ({
      ...{ id: `id-${service}`, service, environment: 'default', namespace: '', strategy: 'canary' },
      ...{ canary: { version: '2' }, baseline: { version: '1' }, template: { watermarkSeconds: 20 } },
      ...{ startedAt: new Date(start - 600_000).toISOString(), endedAt: null },
    }) as unknown as Deployment
  const known = { get: (id: string) => deploymentOf(id.slice(3)), list: () => [] } as unknown as Deployments
  const explanations = new Explanations({
    ...{ facts: store, known, now: () => now },
    log: createLogger('info', { write: (line: string) => void logged.push(JSON.parse(line)) }),
    newest: async () => new Map(),
    rollups: { totals: async () => [] },
    calls: { totals: async () => [], requestTimes: async () => [] },
    spans: {
      attributes: async ({ service }) => {
        asked.push(service)
        if (refused.includes(service)) throw new DavyError('UNPROCESSABLE', 'Memory limit exceeded.')
        return []
      },
      pods: async () => [],
    },
  })
  const harm = (service: string) =>
    store.putOnce('verdict', `verdict-${service}`, `id-${service}`, {
      ...{ id: `verdict-${service}`, deploymentId: `id-${service}`, metrics: [], reason: { code: 'HARM_SHOWN' } },
      decidedAt: new Date(now).toISOString(),
    })
  const ticks = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute += 1) {
      now += 60_000
      await explanations.tick(new AbortController().signal)
    }
  }
  return { explanations, harm, ticks, of, logged, asked }
}

test('a verdict is explained once', async () => {
  const { explanations, harm, ticks, of } = explain([])
  await harm('checkout')
  await ticks(3)
  expect(of('explanation')).toMatchObject([{ key: 'verdict-checkout', subject: 'id-checkout' }])
  expect(await explanations.newestOf('id-checkout')).toMatchObject({ verdictId: 'verdict-checkout' })
})

test('what is too much to look at is given up, told, and keeps no other one waiting', async () => {
  const { harm, ticks, of, logged, asked } = explain(['huge'])
  await harm('huge')
  await harm('cart')
  await ticks(60)
  expect(of('explanation').map(({ key }) => key)).toEqual(['verdict-cart'])
  expect(asked.filter((service) => service === 'huge')).toHaveLength(8)
  expect(logged.filter(({ level }) => level === 'error')).toMatchObject([{ deploymentId: 'id-huge' }])
})
