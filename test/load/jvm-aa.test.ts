import { expect, it } from 'vitest'
import { scoreComparisons } from '../../load/accuracy/sets/jvm-aa.ts'

const judged = ['a', 'b'].flatMap((caseId) => [
  { caseId, slowdown: 1, decision: caseId === 'a' ? ('hold' as const) : ('rollback' as const), harmRatio: 1 },
  { caseId, slowdown: 1.1, decision: caseId === 'a' ? ('promote' as const) : ('rollback' as const), harmRatio: 1.1 },
  { caseId, slowdown: 1.25, decision: 'rollback' as const, harmRatio: 1.25 },
])

it('untouched comparisons give false alarms, slowed ones power', () => {
  const truths = new Map([
    ['a', 'good' as const],
    ['b', 'good' as const],
  ])
  expect(scoreComparisons(judged, truths)).toEqual({
    'jvm-aa': { cases: 2, falsePositiveRate: 0.5, holdShare: 0.5 },
    'jvm-aa/+10%': { cases: 2, recall: 0.5 },
    'jvm-aa/+25%': { cases: 2, recall: 1 },
  })
})

it('a case that is bad, or has no truth, is an error', () => {
  expect(() => scoreComparisons(judged, new Map([['a', 'good' as const]]))).toThrow(/b to be good, got undefined/)
  expect(() => scoreComparisons(judged, new Map([['a', 'bad' as const]]))).toThrow(/a to be good, got bad/)
})
