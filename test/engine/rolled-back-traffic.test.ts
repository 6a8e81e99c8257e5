import { expect, test } from 'vitest'
import { RolledBackTraffic, shouldHaveNoTraffic } from '../../src/engine/rolled-back-traffic.ts'
import { aDeployment, aRow, startedAt } from './samples.ts'

const endedAt = startedAt + 600_000
const now = endedAt + 600_000
const rolledBack = aDeployment({
  ...{ status: 'closed', outcome: 'rolled-back', endedAt: new Date(endedAt).toISOString() },
})
const newer = { id: '01E', createdAt: new Date(endedAt + 1000).toISOString() }

test.each([
  { name: 'a rollback that binds', deployment: rolledBack, is: true },
  { name: 'an open one', deployment: aDeployment(), is: false },
  { name: 'a promoted one', deployment: { ...rolledBack, outcome: 'promoted' as const }, is: false },
  { name: 'one that is only observed', deployment: { ...rolledBack, mode: 'observe' as const }, is: false },
  { name: 'mirrored traffic', deployment: { ...rolledBack, strategy: 'shadow' as const }, is: false },
  { name: 'a rollback of yesterday', deployment: rolledBack, at: endedAt + 86_400_000, is: false },
  { name: 'with something newer of its unit', deployment: rolledBack, others: [aDeployment(newer)], is: false },
  {
    name: 'with something newer of another kind',
    deployment: rolledBack,
    others: [aDeployment({ ...newer, strategy: 'config', canary: { version: '3' } })],
    is: true,
  },
  {
    name: 'with the same version again in another way',
    deployment: rolledBack,
    others: [aDeployment({ ...newer, strategy: 'blue-green' })],
    is: false,
  },
  {
    name: 'with something newer elsewhere',
    deployment: rolledBack,
    others: [aDeployment({ ...newer, environment: 'staging' })],
    is: true,
  },
])('$name: $is', ({ deployment, others = [], at = now, is }) => {
  expect(shouldHaveNoTraffic(deployment, [deployment, ...others], at)).toBe(is)
})

const counted = { ...rolledBack.template.metrics[0]!, source: 'metrics' as const, instruments: ['a', 'b'] }
const byInstruments = { ...rolledBack, template: { ...rolledBack.template, metrics: [counted] } }

test('a request that several tell of counts once', async () => {
  const row = aRow({ version: '2' })
  const traffic = new RolledBackTraffic(
    {
      totals: async () => [{ ...row, requests: 7, errors: 0 }],
      durationTotals: async (_services, instruments) =>
        instruments.map((metric) => ({ ...row, metric, requests: metric === 'b' ? 9 : 8, errors: 0 })),
    },
    () => now,
  )
  await traffic.tick([byInstruments])
  expect([...traffic.requests]).toEqual([[rolledBack.id, 9]])
})

test('a track that is always called canary counts while it has the version', async () => {
  const totals = async () => [
    { ...aRow({ version: '2', cohort: 'canary' }), requests: 3, errors: 0 },
    { ...aRow({ version: '1', cohort: 'canary' }), requests: 500, errors: 0 },
  ]
  const traffic = new RolledBackTraffic({ totals, durationTotals: async () => [] }, () => now)
  await traffic.tick([rolledBack])
  expect([...traffic.requests]).toEqual([[rolledBack.id, 3]])
})

test('nothing is known after a round that failed', async () => {
  let isDown = false
  const totals = async () => {
    if (isDown) throw new Error('storage down')
    return [{ ...aRow({ version: '2' }), requests: 7, errors: 0 }]
  }
  const traffic = new RolledBackTraffic({ totals, durationTotals: async () => [] }, () => now)
  await traffic.tick([rolledBack])
  expect([...traffic.requests]).toEqual([[rolledBack.id, 7]])
  isDown = true
  await expect(traffic.tick([rolledBack])).rejects.toThrow('storage down')
  expect([...traffic.requests]).toEqual([])
})
