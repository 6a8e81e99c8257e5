import { expect, test } from 'vitest'
import type { Deployments } from '../../src/engine/deployments.ts'
import { expireForgotten, isForgotten, Polls } from '../../src/engine/expiry.ts'
import { aDeployment, startedAt } from './samples.ts'

const hour = 3_600_000
const now = startedAt + 48 * hour
const told = { at: new Date(now - 23 * hour).toISOString(), weight: 10, step: null }

test.each([
  { name: 'nothing since it was opened', deployment: aDeployment(), canary: null, poll: 0, is: true },
  { name: 'the canary answered', deployment: aDeployment(), canary: now - 23 * hour, poll: 0, is: false },
  { name: 'the canary answered too long ago', deployment: aDeployment(), canary: now - 25 * hour, poll: 0, is: true },
  { name: 'a gate asked', deployment: aDeployment(), canary: null, poll: now - 23 * hour, is: false },
  { name: 'the rollout took a step', deployment: aDeployment({ progress: [told] }), canary: null, poll: 0, is: false },
  {
    name: 'it is young',
    deployment: aDeployment({ createdAt: new Date(now - 23 * hour).toISOString() }),
    canary: null,
    poll: 0,
    is: false,
  },
])('forgotten after 24 h, $name: $is', ({ deployment, canary, poll, is }) => {
  expect(isForgotten(deployment, canary, poll, 24 * hour, now)).toBe(is)
})

test('polls: the start of the process counts as one, and what is closed is forgotten', () => {
  const polls = new Polls(100)
  polls.note('a', 200)
  polls.note('b', 300)
  expect([polls.lastAt('a'), polls.lastAt('b'), polls.lastAt('c')]).toEqual([200, 300, 100])
  polls.keepOnly(new Set(['b']))
  expect([polls.lastAt('a'), polls.lastAt('b')]).toEqual([100, 300])
})

/** Whether a deployment of which the canary never answered, as far as is known, is closed after 24 h. */
async function isExpired(nextLookAt: number | null): Promise<boolean> {
  const deployment = aDeployment()
  const closed: string[] = []
  const deployments = {
    refresh: async () => undefined,
    open: () => [deployment],
    closeOnce: async (id: string) => closed.push(id),
  } as unknown as Deployments
  const conveyor = { lastCanaryAt: () => null, nextLookAt: () => nextLookAt }
  await expireForgotten(deployments, conveyor, new Polls(0), 24 * hour, now)
  return closed.length > 0
}

test.each([
  { name: 'looks are up to date', nextLookAt: now, is: true },
  { name: 'looks fail, so that no trial is in memory', nextLookAt: null, is: false },
  { name: 'looks are a day behind', nextLookAt: now - 25 * hour, is: false },
])('closed for being forgotten while $name: $is', async ({ nextLookAt, is }) => {
  expect(await isExpired(nextLookAt)).toBe(is)
})
