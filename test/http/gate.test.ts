import { describe, expect, test } from 'vitest'
import type { Verdict } from '../../src/domain/verdict.ts'
import { ecsHookAnswer, gateAnswer } from '../../src/http/gate.ts'

const decidedAt = '2026-11-21T10:00:00.000Z'
const validUntil = '2026-11-21T10:02:00.000Z'
const inTime = Date.parse('2026-11-21T10:01:00Z')
const tooLate = Date.parse('2026-11-21T10:02:01Z')

function verdict(more: Partial<Verdict> = {}): Verdict {
  return {
    id: '01J1',
    deploymentId: '01J0',
    namespace: '',
    service: 'checkout',
    environment: 'production',
    strategy: 'canary',
    mode: 'enforce',
    attempt: 1,
    baseline: { version: '1' },
    canary: { version: '2' },
    decision: 'promote',
    final: false,
    look: 30,
    reason: { code: 'HARM_RULED_OUT', summary: 'A doubling of errors is ruled out.', detail: '' },
    score: 100,
    confidence: { falseRollbackRate: 0.01, falsePromoteRate: 0.05, eValue: 0.2, promoteEValue: 24 },
    decidedAt,
    validUntil,
    expectedDecisionAt: null,
    metrics: [],
    template: { name: 'default', digest: 'sha256:0' },
    engine: 'davy/0.1.0',
    reportUrl: 'http://localhost:8080/deployments/01J0',
    ...more,
  }
}

test.each([
  ['promote', 'promote'],
  ['rollback', 'rollback'],
  ['hold', 'wait'],
] as const)('%s is answered as %s, with the reason and where to read on', (decision, answer) => {
  expect(gateAnswer(verdict({ decision, score: 7 }), null, inTime)).toEqual({
    verdict: answer,
    score: 7,
    reason: 'A doubling of errors is ruled out.',
    url: 'http://localhost:8080/deployments/01J0',
    deploymentId: '01J0',
  })
})

describe.each(['promote', 'rollback'] as const)('%s becomes wait', (decision) => {
  test('when nobody renewed it in time', () => {
    expect(gateAnswer(verdict({ decision }), null, Date.parse(validUntil))).toMatchObject({ verdict: decision })
    const late = gateAnswer(verdict({ decision }), null, tooLate)
    expect(late).toMatchObject({ verdict: 'wait', reason: expect.stringContaining('too old') })
  })

  test('when it is dated in the future, since a clock was set back and nobody knows how old it is', () => {
    const at = Date.parse(decidedAt)
    expect(gateAnswer(verdict({ decision }), null, at - 60_000)).toMatchObject({ verdict: decision })
    const early = gateAnswer(verdict({ decision }), null, at - 60_001)
    expect(early).toMatchObject({ verdict: 'wait', reason: expect.stringContaining('dated after now') })
    expect(gateAnswer(verdict({ decision, final: true }), null, at - 60_001).verdict).toBe(decision)
    expect(gateAnswer(verdict({ decision, decidedAt: 'soon' }), null, at).verdict).toBe('wait')
  })

  test('when the kill switch is on, also after the end', () => {
    const answer = gateAnswer(verdict({ decision, final: true }), { by: 'anna' }, inTime)
    expect(answer).toMatchObject({ verdict: 'wait', reason: expect.stringContaining('anna') })
  })

  test('when the deployment is only observed', () => {
    const answer = gateAnswer(verdict({ decision, mode: 'observe' }), null, inTime)
    expect(answer).toMatchObject({ verdict: 'wait', reason: expect.stringContaining('observed') })
  })
})

test('a final verdict needs no renewal', () => {
  expect(gateAnswer(verdict({ decision: 'rollback', final: true }), null, tooLate).verdict).toBe('rollback')
})

test('a verdict whose validity cannot be read is not acted on', () => {
  expect(gateAnswer(verdict({ validUntil: 'soon' }), null, inTime).verdict).toBe('wait')
})

test.each([
  ['promote', 'SUCCEEDED', undefined],
  ['hold', 'IN_PROGRESS', 30],
  ['rollback', 'FAILED', undefined],
] as const)('to ECS %s is %s', (decision, hookStatus, callBackDelay) => {
  const answer = ecsHookAnswer(gateAnswer(verdict({ decision }), null, inTime))
  expect(answer).toEqual({
    hookStatus,
    ...(callBackDelay === undefined ? {} : { callBackDelay }),
    hookDetails: {
      reason: 'A doubling of errors is ruled out.',
      url: 'http://localhost:8080/deployments/01J0',
      deploymentId: '01J0',
    },
  })
})
