import { expect, it } from 'vitest'
import { type JudgedCase, scoreCases } from '../../load/accuracy/sets/petshop.ts'

function judgedCase(caseId: string, traffic: string, isIssue: boolean, ranked: readonly string[]): JudgedCase {
  return { caseId, traffic, isIssue, loudness: isIssue ? 9 : 1, ranked, rankedWithCalls: [...ranked].reverse() }
}

const judged = [
  judgedCase('a', 'high_traffic', true, ['x', 'y', 'z', 'w']),
  judgedCase('b', 'low_traffic', false, ['x', 'y', 'z', 'w']),
  judgedCase('c', 'low_traffic', true, ['x', 'y', 'z', 'w']),
]
const truths = [
  { case_id: 'a', label: 'bad', root_cause: 'x' },
  { case_id: 'b', label: 'good', root_cause: null },
  { case_id: 'c', label: 'bad', root_cause: 'z' },
] as const

it('issues count for the ranking, all cases for the decision', () => {
  const scores = scoreCases(judged, truths)
  expect(scores.petshop).toMatchObject({ cases: 3, recall: 1, falsePositiveRate: 0, hitRateAt1: 0.5, hitRateAt3: 1 })
  expect(scores['petshop/root-cause']).toEqual({ cases: 2, hitRateAt1: 0.5, hitRateAt3: 1 })
  expect(scores['petshop/high']).toMatchObject({ cases: 1, hitRateAt1: 1 })
  expect(scores['petshop/low']).toMatchObject({ cases: 2, hitRateAt1: 0, hitRateAt3: 1, auc: 1 })
  expect(scores['petshop/root-cause/with-written-calls']).toEqual({ cases: 2, hitRateAt1: 0, hitRateAt3: 0.5 })
})

it('an issue without a cause, or a case without a truth, is an error', () => {
  expect(() => scoreCases(judged, [])).toThrow(/truth of a/)
  expect(() => scoreCases(judged, [{ case_id: 'a', label: 'bad', root_cause: null }])).toThrow(
    /root cause of the issue a/,
  )
})
