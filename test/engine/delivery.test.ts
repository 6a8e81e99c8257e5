import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Attempt, deliveryOf, isFor, outgoingOf } from '../../src/engine/delivery.ts'
import type { Fact } from '../../src/storage/facts.ts'
import { endpoint } from './lab.ts'
import { aVerdict } from './samples.ts'

const writtenAt = '2026-11-21T10:02:00.000000Z'
const fact = (body: unknown): Fact<unknown> => ({ kind: 'verdict', key: '01D/3', subject: '01D', at: writtenAt, body })
const changed = outgoingOf(fact(aVerdict()))
const decided = outgoingOf(fact({ ...aVerdict(), decision: 'rollback', final: true }))

describe('the message of a verdict', () => {
  test('has the id of the verdict, and says whether it decides', () => {
    expect(changed).toMatchObject({ id: '01V', type: 'verdict.changed', deploymentId: '01D', isRollback: false })
    expect(decided).toMatchObject({ id: '01V', type: 'verdict.decided', isRollback: true })
    expect(outgoingOf(fact({ ...aVerdict(), final: true })).type).toBe('verdict.decided')
    expect(outgoingOf(fact({ ...aVerdict(), decision: 'promote' })).type).toBe('verdict.decided')
  })
})

test.each([
  { name: 'a change for who wants changes', to: {}, message: changed, is: true },
  { name: 'a decision for who wants changes', to: {}, message: decided, is: true },
  {
    name: 'a change for who wants decisions',
    to: { events: ['verdict.decided'] as const },
    message: changed,
    is: false,
  },
  {
    name: 'a decision for who wants decisions',
    to: { events: ['verdict.decided'] as const },
    message: decided,
    is: true,
  },
  { name: 'from before the endpoint', to: { createdAt: '2026-11-21T10:02:00.000001Z' }, message: decided, is: false },
  { name: 'from the same moment', to: { createdAt: writtenAt }, message: decided, is: true },
])('$name: $is', ({ to, message, is }) => {
  expect(isFor(endpoint(to), message)).toBe(is)
})

describe('a delivery', () => {
  const attempt = (number: number, outcome: Attempt['outcome'], nextAt: string | null = null): Attempt => ({
    deliveryId: 'x',
    messageId: '01V',
    type: 'verdict.decided',
    endpoint: 'E',
    attempt: number,
    at: writtenAt,
    outcome,
    status: null,
    error: null,
    nextAt,
  })
  const later = '2026-11-21T10:03:00.000Z'

  test.each<{ name: string; made: readonly Attempt[]; state: string; nextAt: string | null }>([
    { name: 'nothing tried', made: [], state: 'pending', nextAt: null },
    { name: 'to be tried again', made: [attempt(1, 'retry', later)], state: 'pending', nextAt: later },
    {
      name: 'delivered at last',
      made: [attempt(1, 'retry', later), attempt(2, 'delivered')],
      state: 'delivered',
      nextAt: null,
    },
    { name: 'no attempt left', made: [attempt(1, 'retry', later), attempt(2, 'retry')], state: 'failed', nextAt: null },
    { name: 'gone', made: [attempt(1, 'gone')], state: 'failed', nextAt: null },
    {
      name: 'a replay that failed after it was delivered',
      made: [attempt(1, 'delivered'), attempt(2, 'retry', later)],
      state: 'delivered',
      nextAt: null,
    },
  ])('$name: $state, whatever the order of its attempts', ({ made, state, nextAt }) => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...made], { minLength: made.length }), (shuffled) => {
        expect(deliveryOf(decided, 'E', shuffled)).toMatchObject({ state, nextAt })
      }),
    )
  })

  test('keeps its id over attempts and has another one for another endpoint', () => {
    const { id } = deliveryOf(decided, 'E', [])
    expect(deliveryOf(decided, 'E', [attempt(1, 'retry')]).id).toBe(id)
    expect(deliveryOf(decided, 'F', []).id).not.toBe(id)
  })
})
