import { seriesJudges } from '../../../src/judges/index.ts'
import type { ReplicatesInput } from '../../../src/judges/replicates/judge-replicates.ts'
import { type Replicates, replicateVariance } from '../../../src/judges/replicates/replicate-variance.ts'
import { judgeSeries } from '../../../src/judges/series-judge.ts'
import { learnVariancePrior } from '../../../src/stats/variance-prior.ts'
import { dataSet, type SetScore } from '../data-set.ts'
import { decisionScore, type Scored, share } from '../scores.ts'

type Comparison = {
  readonly case_id: string
  readonly lower_is_better: boolean
  readonly baseline: Replicates
  readonly canary: Replicates
}

type Truth = { readonly case_id: string; readonly label: 'good' | 'bad' }

/** What the canaries are made worse by, to measure power; 1 = as they were measured. */
const slowdowns = [1, 1.1, 1.25] as const

type JudgedComparison = {
  readonly caseId: string
  readonly slowdown: number
  readonly decision: Scored['decision']
  readonly harmRatio: number
}

/**
 * JVM benchmarks, the same code in both arms, a fork as the replicate: every rollback is a false alarm. How often true
 * harm is found is measured with SEMI-SYNTHETIC cases: the same comparisons with every measurement of the canary made
 * 10% and 25% worse. The variance prior comes from the other comparisons, never from the one that is judged.
 */
export const jvmAa = dataSet<readonly JudgedComparison[]>({
  name: 'jvm-aa',
  references: [{ who: 'all iterations pooled as independent', score: { falsePositiveRate: 0.76 } }],
  judge(folder, progress) {
    const comparisons = folder.jsonLines<Comparison>('cases.jsonl.gz')
    const variances = comparisons.map(({ baseline, canary }) => replicateVariance([baseline, canary]))
    return comparisons.flatMap((comparison, at) => {
      const prior = learnVariancePrior(variances.filter((_, other) => other !== at))
      progress(at + 1, comparisons.length)
      return slowdowns.map((slowdown) => {
        const { decision, harmRatio } = judgeSeries(seriesJudges.replicates, {
          ...slowedDown(comparison, slowdown),
          prior,
        })
        return { caseId: comparison.case_id, slowdown, decision, harmRatio }
      })
    })
  },
  score(judged, folder) {
    const truths = new Map(folder.jsonLines<Truth>('truth.jsonl').map((truth) => [truth.case_id, truth.label]))
    return scoreComparisons(judged, truths)
  },
})

/** The comparison as an input of the judge, its canary `slowdown` times worse. */
function slowedDown({ lower_is_better, baseline, canary }: Comparison, slowdown: number): ReplicatesInput {
  const factor = lower_is_better ? slowdown : 1 / slowdown
  return {
    baseline,
    canary: canary.map((fork) => fork.map((value) => value * factor)),
    worse: lower_is_better ? 'up' : 'down',
  }
}

/**
 * False alarms and holds of the untouched comparisons; of each slowdown how many were found.
 *
 * @throws when a case has no truth, or one that is not good: slowing a bad canary down would measure nothing
 */
export function scoreComparisons(
  judged: readonly JudgedComparison[],
  truths: ReadonlyMap<string, 'good' | 'bad'>,
): Record<string, SetScore> {
  for (const { caseId } of judged) {
    const truth = truths.get(caseId)
    if (truth !== 'good') throw new Error(`jvm-aa: expected the truth of ${caseId} to be good, got ${truth}`)
  }
  const scores: Record<string, SetScore> = {}
  for (const slowdown of slowdowns) {
    const some = judged.filter((one) => one.slowdown === slowdown)
    if (slowdown === 1) {
      const cases = some.map(({ decision, harmRatio }) => ({ isBad: false, decision, harm: harmRatio }))
      const { falsePositiveRate, holdShare } = decisionScore(cases)
      scores['jvm-aa'] = { cases: some.length, falsePositiveRate, holdShare }
      continue
    }
    const found = some.filter(({ decision }) => decision === 'rollback').length
    scores[`jvm-aa/+${Math.round((slowdown - 1) * 100)}%`] = { cases: some.length, recall: share(found, some.length) }
  }
  return scores
}
