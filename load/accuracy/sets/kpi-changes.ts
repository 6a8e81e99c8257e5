import { seriesJudges } from '../../../src/judges/index.ts'
import { judgeSeries } from '../../../src/judges/series-judge.ts'
import type { ChangeJudgement } from '../../../src/judges/uncontrolled/change-judgement.ts'
import { dataSet } from '../data-set.ts'
import { decisionScore, type Scored } from '../scores.ts'

/** One KPI around one change; times in seconds. */
type KpiCase = {
  readonly case_id: string
  readonly t0: number
  readonly step_s: number
  readonly change_start: number
  readonly v: readonly (number | null)[]
}

type KpiTruth = { readonly case_id: string; readonly label: string }

/** A judged KPI. */
export type JudgedKpi = Pick<ChangeJudgement, 'isChanged' | 'p' | 'rankLogE'> & { readonly caseId: string }

/**
 * Production KPIs before and after a change, without a control. Such a series is never a gate alone; here every one
 * that is changed at the judge's own alpha (empirical p <= 5%, both directions) counts as positive.
 */
export const kpiChanges = dataSet<readonly JudgedKpi[]>({
  name: 'kpi-changes',
  references: [
    { who: 'day-over-day robust z (its best threshold)', score: { f1: 0.83, auc: 0.875 } },
    { who: 'Mann-Whitney before/after', score: { auc: 0.65 } },
  ],
  judge(folder, progress) {
    const cases = folder.jsonLines<KpiCase>('cases.jsonl.gz')
    return cases.map((one, i) => {
      const { isChanged, p, rankLogE } = judgeSeries(seriesJudges.change, {
        startAt: one.t0 * 1000,
        stepSeconds: one.step_s,
        values: one.v,
        changeAt: one.change_start * 1000,
      })
      progress(i + 1, cases.length)
      return { caseId: one.case_id, isChanged, p, rankLogE }
    })
  },
  score(judged, folder) {
    return { 'kpi-changes': decisionScore(scoredKpis(judged, folder.jsonLines<KpiTruth>('truth.jsonl'))) }
  },
})

/** The judged KPIs with their truth; what could not be judged is held, and ranks as no evidence. Error on a case without truth. */
export function scoredKpis(judged: readonly JudgedKpi[], truths: readonly KpiTruth[]): readonly Scored[] {
  const labels = new Map(truths.map(({ case_id, label }) => [case_id, label]))
  return judged.map(({ caseId, isChanged, p, rankLogE }) => {
    const label = labels.get(caseId)
    if (label !== 'bad' && label !== 'good') throw new Error(`kpi-changes: ${caseId} is ${label}, expected bad or good`)
    const decision = isChanged ? 'rollback' : p === null ? 'hold' : 'promote'
    return { isBad: label === 'bad', decision, harm: rankLogE ?? 0 }
  })
}
