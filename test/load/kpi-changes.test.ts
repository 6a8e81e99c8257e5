import { describe, expect, test } from 'vitest'
import { scoredKpis } from '../../load/accuracy/sets/kpi-changes.ts'

const truth = [
  { case_id: 'a', label: 'bad' },
  { case_id: 'b', label: 'good' },
]

describe('the score of KPI changes', () => {
  test('a change counts as positive, none as negative, and what was not judged is held without evidence', () => {
    const judged = [
      { caseId: 'b', isChanged: false, p: 0.4, rankLogE: -0.3 },
      { caseId: 'a', isChanged: true, p: 0.01, rankLogE: 6 },
      { caseId: 'a', isChanged: false, p: null, rankLogE: null },
    ]
    expect(scoredKpis(judged, truth)).toEqual([
      { isBad: false, decision: 'promote', harm: -0.3 },
      { isBad: true, decision: 'rollback', harm: 6 },
      { isBad: true, decision: 'hold', harm: 0 },
    ])
  })

  test.each(['c', 'unknown'])('a case without a usable truth is an error (%s)', (caseId) => {
    const judged = [{ caseId, isChanged: false, p: 1, rankLogE: 0 }]
    expect(() => scoredKpis(judged, [...truth, { case_id: 'unknown', label: '?' }])).toThrow(caseId)
  })
})
