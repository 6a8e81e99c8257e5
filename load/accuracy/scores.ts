import type { SetScore } from './data-set.ts'

/** One judged case with its truth. `hold` is neither: only a rollback counts as positive. */
export type Scored = {
  readonly isBad: boolean
  readonly decision: 'promote' | 'hold' | 'rollback'
  /** The higher, the more harmful; any scale. */
  readonly harm: number
}

/** Precision, recall, F1, false positives, area under the ROC curve and the share of `hold`. */
export function decisionScore(cases: readonly Scored[]): SetScore {
  const bad = cases.filter((one) => one.isBad)
  const good = cases.filter((one) => !one.isBad)
  const found = bad.filter((one) => one.decision === 'rollback').length
  const falseAlarms = good.filter((one) => one.decision === 'rollback').length
  const precision = share(found, found + falseAlarms)
  const recall = share(found, bad.length)
  return {
    cases: cases.length,
    precision,
    recall,
    f1: share(2 * found, bad.length + found + falseAlarms),
    falsePositiveRate: share(falseAlarms, good.length),
    auc: areaUnderRoc(bad.map(harmOf), good.map(harmOf)),
    holdShare: share(cases.filter((one) => one.decision === 'hold').length, cases.length),
  }
}

/**
 * The probability that a bad case ranks above a good one, ties counted half (Mann-Whitney's U over the pairs).
 * undefined without cases of both kinds.
 */
export function areaUnderRoc(bad: readonly number[], good: readonly number[]): number | undefined {
  if (bad.length === 0 || good.length === 0) return undefined
  let wins = 0
  for (const one of bad) for (const other of good) wins += one > other ? 1 : one === other ? 0.5 : 0
  return wins / (bad.length * good.length)
}

/** `count` of `of`; undefined when there is nothing to count among. */
export function share(count: number, of: number): number | undefined {
  return of === 0 ? undefined : count / of
}

function harmOf(one: Scored): number {
  return one.harm
}
