import { describe, expect, test } from 'vitest'
import type { Deployment, Override } from '../../../src/domain/deployment.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'
import { isChange } from '../../../src/judges/verdict/verdict-of.ts'
import { quick } from '../../engine/lab.ts'
import { aVerdict, frame } from '../../engine/samples.ts'

const override = (decision: Override['decision']): Override => ({
  at: '2026-11-21T10:00:30.000Z',
  decision,
  reason: 'The dashboard is green.',
  by: 'ann',
})
const closed = (outcome: Deployment['outcome']): Partial<Deployment> => ({
  status: 'closed',
  outcome,
  endedAt: '2026-11-21T10:01:00.000Z',
  supersededBy: outcome === 'superseded' ? '01E' : null,
})
const harm = { decision: 'rollback', reason: { code: 'HARM_SHOWN', summary: 'Harm.', detail: 'Harm.' } } as const
const fine = { decision: 'promote', reason: { code: 'HARM_RULED_OUT', summary: 'Fine.', detail: 'Fine.' } } as const

describe('what a verdict says', () => {
  test.each([
    { name: 'the judge alone', deployment: {}, conclusion: {}, is: ['hold', 'UNDERPOWERED', false] },
    { name: 'a promote is not final', deployment: {}, conclusion: fine, is: ['promote', 'HARM_RULED_OUT', false] },
    { name: 'a rollback is', deployment: {}, conclusion: harm, is: ['rollback', 'HARM_SHOWN', true] },
    {
      name: 'overridden to promote',
      deployment: { override: override('promote') },
      conclusion: {},
      is: ['promote', 'OVERRIDDEN', false],
    },
    {
      name: 'overridden to hold',
      deployment: { override: override('hold') },
      conclusion: fine,
      is: ['hold', 'OVERRIDDEN', false],
    },
    {
      name: 'overridden to rollback',
      deployment: { override: override('rollback') },
      conclusion: fine,
      is: ['rollback', 'OVERRIDDEN', true],
    },
    {
      name: 'harm over a person',
      deployment: { override: override('promote') },
      conclusion: harm,
      is: ['rollback', 'HARM_SHOWN', true],
    },
    { name: 'superseded', deployment: closed('superseded'), conclusion: fine, is: ['hold', 'SUPERSEDED', true] },
    { name: 'expired', deployment: closed('expired'), conclusion: {}, is: ['hold', 'EXPIRED', true] },
    {
      name: 'superseded over a person',
      deployment: { ...closed('superseded'), override: override('promote') },
      conclusion: {},
      is: ['hold', 'SUPERSEDED', true],
    },
    {
      name: 'finished as promoted',
      deployment: closed('promoted'),
      conclusion: fine,
      is: ['promote', 'HARM_RULED_OUT', true],
    },
    {
      name: 'finished before it was decided',
      deployment: closed('promoted'),
      conclusion: {},
      is: ['hold', 'UNDERPOWERED', true],
    },
    { name: 'aborted', deployment: closed('aborted'), conclusion: {}, is: ['hold', 'UNDERPOWERED', true] },
  ])('$name: $is', ({ deployment, conclusion, is }) => {
    const { decision, reason, final } = aVerdict(deployment, conclusion)
    expect([decision, reason.code, final]).toEqual(is)
  })

  test.each(['aborted', 'rolled-back'] as const)(
    'a promote that was not followed but %s is none at a gate',
    (outcome) => {
      const verdict = aVerdict(closed(outcome), fine)
      expect([verdict.decision, verdict.reason.code, verdict.final]).toEqual(['hold', 'OVERRIDDEN', true])
      expect(verdict.reason.summary).toBe(`checkout 2 was closed as ${outcome}; Davy said promote.`)
    },
  )

  test('a hold that was closed by hand promises no decision any more', () => {
    const verdict = aVerdict(closed('aborted'), { expectedDecisionAt: 1_800_000_000_000 })
    expect(verdict.expectedDecisionAt).toBeNull()
    expect(verdict.reason.detail).toBe('It was closed as aborted before Davy reached a decision.')
  })

  test('a person is named, with what Davy itself said', () => {
    const { summary, detail } = aVerdict({ override: override('promote') }).reason
    expect(summary).toBe('ann promoted checkout 2; Davy said hold.')
    expect(detail).toContain('The dashboard is green.')
    expect(detail).toContain('Not enough yet.')
    const terse = aVerdict({ override: { ...override('promote'), reason: ' because ' } }).reason
    expect(terse.detail).toMatch(/^because\. Davy's own word: /)
  })

  test.each([
    { lookSeconds: 10, seconds: 120 },
    { lookSeconds: 60, seconds: 120 },
    { lookSeconds: 300, seconds: 600 },
  ])('with a look every $lookSeconds s it is valid for $seconds s', ({ lookSeconds, seconds }) => {
    const { decidedAt, validUntil } = aVerdict({ template: { ...quick, lookSeconds } })
    expect(decidedAt).toBe(new Date(frame.at).toISOString())
    expect(Date.parse(validUntil) - frame.at).toBe(seconds * 1000)
  })
})

describe('a change', () => {
  const before = aVerdict()
  test.each<{ name: string; before: Verdict | null; after: Verdict; is: boolean }>([
    { name: 'look 0', before: null, after: { ...before, look: 0 }, is: false },
    { name: 'the first look', before: null, after: before, is: true },
    { name: 'nothing but figures', before, after: { ...before, look: 4, id: 'x', score: 51 }, is: false },
    { name: 'the decision', before, after: { ...before, decision: 'promote' }, is: true },
    {
      name: 'the reason',
      before,
      after: aVerdict({}, { reason: { code: 'NO_TRAFFIC', summary: '', detail: '' } }),
      is: true,
    },
    {
      name: 'only its words',
      before,
      after: aVerdict({}, { reason: { ...before.reason, summary: 'Else.' } }),
      is: false,
    },
    { name: 'that it is final', before, after: { ...before, final: true }, is: true },
    { name: 'that it became binding', before: { ...before, mode: 'observe' }, after: before, is: true },
  ])('$name: $is', ({ before, after, is }) => {
    expect(isChange(before, after)).toBe(is)
  })
})
