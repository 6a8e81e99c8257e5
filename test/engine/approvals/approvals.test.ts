import { expect, test } from 'vitest'
import type { Approval, Standing } from '../../../src/domain/approval.ts'
import type { Deployment } from '../../../src/domain/deployment.ts'
import { Approvals } from '../../../src/engine/approvals/approvals.ts'
import { factsInMemory } from '../facts-in-memory.ts'
import { aDeployment, aVerdict } from '../samples.ts'

const day = 86_400_000
const question: Approval = {
  ...{ key: 'github/reviews/shop/checkout/42', endpoint: 'reviews', details: { run: '42' } },
  ...{ service: 'checkout', environment: 'staging', versions: ['0123abc', '2.4.1'] },
  askedAt: '2026-11-21T10:00:00.000Z',
}

/** Approvals over facts in memory; `gate` is what the gate says, of one deployment unless others are given. */
function lab(gate: Standing['is'] | Error = 'wait') {
  let now = Date.parse(question.askedAt)
  const facts = factsInMemory(() => now)
  const logged: string[] = []
  const own = aDeployment({ id: 'D1', service: 'checkout', environment: 'staging', canary: { version: '2.4.1' } })
  const state = { gate, deployments: [own] as readonly Deployment[] }
  const log = { info: () => undefined, error: (_fields: object, text: string) => logged.push(text) }
  const start = () =>
    new Approvals({
      facts: facts.store,
      deployments: { refresh: async () => undefined, list: () => state.deployments },
      standing: async () => {
        if (state.gate instanceof Error) throw state.gate
        return { is: state.gate, verdict: aVerdict() }
      },
      log: log as never,
      now: () => now,
    })
  const answers = () =>
    facts.of('approval-answered').map(({ subject, body }) => [subject, (body as { decision: string }).decision])
  return { state, start, answers, logged, pass: (ms: number) => (now += ms) }
}

test.each(['wait', 'over'] as const)('a gate that says %s is no answer', async (gate) => {
  const { start, answers } = lab(gate)
  const approvals = start()
  await approvals.ask(question)
  await approvals.tick()
  expect(answers()).toEqual([])
})

test('a question is answered once, however often it is asked and whoever looks', async () => {
  const { start, answers, state } = lab()
  const [one, other] = [start(), start()]
  for (const approvals of [one, other, one]) await approvals.ask(question)
  await one.tick()
  state.gate = 'promote'
  for (const approvals of [one, other, start(), one]) await approvals.tick()
  expect(answers()).toEqual([['D1', 'promote']])
})

test('a rollback is told after a promote, and nothing after it', async () => {
  const { start, answers, state } = lab('promote')
  const approvals = start()
  await approvals.ask(question)
  await approvals.tick()
  state.gate = 'rollback'
  await approvals.tick()
  state.gate = 'promote'
  await approvals.tick()
  await start().tick()
  expect(answers()).toEqual([
    ['D1', 'promote'],
    ['D1', 'rollback'],
  ])
})

test.each([
  ['another version', { canary: { version: '2.4.0' } }],
  ['another environment', { environment: 'production' }],
  ['another service', { service: 'search' }],
  ['replica sets, which name no version', { canary: { match: { replicaSet: ['2.4.1'] } } }],
])('a deployment of %s is not asked about', async (_name, changes) => {
  const { start, answers, state } = lab('promote')
  state.deployments = state.deployments.map((each) => ({ ...each, ...changes }) as Deployment)
  const approvals = start()
  await approvals.ask(question)
  await approvals.tick()
  expect(answers()).toEqual([])
})

test('a fault is logged, holds up no other question, and the next round asks again', async () => {
  const { start, answers, state, logged } = lab(new Error('the storage is gone'))
  const approvals = start()
  await approvals.ask(question)
  await approvals.tick()
  expect([answers(), logged]).toEqual([[], [expect.stringContaining('could not be answered')]])
  state.gate = 'promote'
  await approvals.tick()
  expect(answers()).toEqual([['D1', 'promote']])
})

test('what was asked a month ago is not answered any more', async () => {
  const { start, answers, state, pass } = lab()
  const approvals = start()
  await approvals.ask(question)
  pass(30 * day + 1)
  state.gate = 'promote'
  await approvals.tick()
  await start().tick()
  expect(answers()).toEqual([])
})
