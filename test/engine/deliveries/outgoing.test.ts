import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Endpoint } from '../../../src/domain/sink.ts'
import { type Attempt, recordOf } from '../../../src/engine/deliveries/attempt.ts'
import { isFor, outgoingOf } from '../../../src/engine/deliveries/outgoing.ts'
import type { Fact } from '../../../src/storage/facts.ts'
import { endpoint } from '../lab.ts'
import { aVerdict } from '../samples.ts'

const writtenAt = '2026-11-21T10:02:00.000000Z'
const opening = { id: '01D', service: 'checkout', environment: 'production', createdAt: '2026-11-21T10:00:00.000Z' }
const message = (body: unknown, kind: Fact<unknown>['kind'] = 'verdict') =>
  outgoingOf({ kind, key: '01D/3', subject: '01D', at: writtenAt, body }, (id) => (id === '01D' ? opening : null))!
const verdict = { ...aVerdict(), service: 'checkout', environment: 'production' }
const changed = message(verdict)
const decided = message({ ...verdict, decision: 'rollback', final: true })
const started = message(opening, 'deployment')
const finished = message({ outcome: 'promoted' }, 'close')

/** An endpoint that is told since then of what it wants. */
function state(since: string, to: Partial<Endpoint> = {}) {
  const { id, ...filter } = endpoint(to)
  return { id, toldSince: since, filters: [{ ...filter, since }] }
}

describe('the message', () => {
  test('of a verdict has its id, and says whether it decides', () => {
    expect(changed).toMatchObject({ id: '01V', type: 'verdict.changed', deploymentId: '01D', decision: 'hold' })
    expect(decided).toMatchObject({ id: '01V', type: 'verdict.decided', decision: 'rollback' })
    expect(message({ ...verdict, final: true }).type).toBe('verdict.decided')
    expect(message({ ...verdict, decision: 'promote' }).type).toBe('verdict.decided')
  })

  test('of an opening and of an end have ids of their own, which do not hang on when the row was written', () => {
    expect([started.type, finished.type]).toEqual(['deployment.started', 'deployment.finished'])
    expect(started.id).not.toBe(finished.id)
    const again = { kind: 'close', key: '01D', subject: '01D', at: '2026-11-21T10:02:01Z', body: {} } as const
    expect(outgoingOf(again, () => opening)?.id).toBe(finished.id)
    expect(finished).toMatchObject({ service: 'checkout', environment: 'production', decision: null })
  })

  test('of an end waits until its deployment is known', () => {
    const fact = { kind: 'close', key: '01X', subject: '01X', at: writtenAt, body: {} } as const
    expect(outgoingOf(fact, () => null)).toBeNull()
  })
})

test.each([
  { name: 'a change for who wants changes', to: {}, message: changed, is: true },
  { name: 'a decision for who wants changes', to: {}, message: decided, is: true },
  { name: 'a change for who wants decisions', to: { events: ['verdict.decided'] }, message: changed, is: false },
  { name: 'a decision for who wants decisions', to: { events: ['verdict.decided'] }, message: decided, is: true },
  { name: 'a start for who wants verdicts', to: {}, message: started, is: false },
  { name: 'a start for who wants starts', to: { events: ['deployment.started'] }, message: started, is: true },
  { name: 'an end for who wants starts', to: { events: ['deployment.started'] }, message: finished, is: false },
  { name: 'a service among those wanted', to: { services: ['search', 'checkout'] }, message: decided, is: true },
  { name: 'another service', to: { services: ['search'] }, message: decided, is: false },
  { name: 'another environment', to: { environments: ['staging'] }, message: decided, is: false },
  { name: 'a decision among those wanted', to: { decisions: ['rollback'] }, message: decided, is: true },
  { name: 'another decision', to: { decisions: ['rollback'] }, message: changed, is: false },
  {
    name: 'no verdict at all, for who wants rollbacks',
    to: { events: ['deployment.finished'], decisions: ['rollback'] },
    message: finished,
    is: true,
  },
] as const)('$name: $is', ({ to, message, is }) => {
  expect(isFor(state('2026-11-21T10:00:00Z', to), message)).toBe(is)
})

test('what was written before an endpoint is not for it; what was written in the same moment is', () => {
  expect(isFor(state('2026-11-21T10:02:00.000001Z'), decided)).toBe(false)
  expect(isFor(state(writtenAt), decided)).toBe(true)
})

describe('a delivery', () => {
  const attempt = (number: number, outcome: Attempt['outcome'], nextAt: string | null = null): Attempt => ({
    ...{ deliveryId: 'x', messageId: '01V', type: 'verdict.decided', endpoint: 'E', attempt: number, at: writtenAt },
    ...{ outcome, status: null, error: null, note: null, receipt: null, nextAt },
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
    {
      name: 'nothing to say',
      made: [attempt(1, 'retry', later), attempt(2, 'skipped')],
      state: 'skipped',
      nextAt: null,
    },
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
        expect(recordOf(decided, 'E', shuffled)).toMatchObject({ state, nextAt })
      }),
    )
  })

  test('keeps its id over attempts and has another one for another endpoint', () => {
    const { id } = recordOf(decided, 'E', [])
    expect(recordOf(decided, 'E', [attempt(1, 'retry')]).id).toBe(id)
    expect(recordOf(decided, 'F', []).id).not.toBe(id)
  })
})
