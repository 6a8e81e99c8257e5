import type { CanaryAnalysisResult, GroupScore, MetricLabel, ScoreLabel, SummaryScore } from './canary-judge-result.ts'
import { groupOrder } from './group-order.ts'

/** What of a result is scored. */
export type ScoredResult = Pick<CanaryAnalysisResult, 'classification' | 'classificationReason' | 'critical' | 'groups'>

export type Scores = { readonly groupScores: readonly GroupScore[]; readonly score: SummaryScore }

const votes: readonly MetricLabel[] = ['Pass', 'High', 'Low', 'NodataFailMetric']

/** Whether a metric of this label counts for or against its groups; `Nodata` and `Error` do neither. */
export function isVote(label: MetricLabel): boolean {
  return votes.includes(label)
}

/**
 * Scores the results that are not muted. A group's score is the share of its votes that pass. The summary is 0 when a
 * critical metric failed or half of the metrics have no data, else the weighted sum over groups, where a group without
 * votes (reported as 0) stands at 100. Weights are used as given: they need not add up to 100, so neither does the score.
 */
export function scoreCanary(
  results: readonly ScoredResult[],
  groupWeights: Readonly<Record<string, number>>,
  thresholds: { readonly pass: number; readonly marginal: number },
): Scores {
  const names = groupOrder(results.flatMap((result) => result.groups))
  const groups = names.map((name) => ({ name, score: shareOfPasses(results, name) }))
  const failure = failureOf(results)
  const score = failure === null ? weightedSum(groups, groupWeights) : 0
  return {
    groupScores: groups.map(({ name, score }) => ({
      name,
      score: score ?? 0,
      classification: '',
      classificationReason: '',
    })),
    score: { score, classification: labelOf(score, thresholds), classificationReason: failure ?? '' },
  }
}

/** null: no votes. A metric that names its group twice votes twice, as it does in the original. */
function shareOfPasses(results: readonly ScoredResult[], group: string): number | null {
  const labels = results.flatMap(({ groups, classification }) =>
    groups.filter((name) => name === group).map(() => classification),
  )
  const counted = labels.filter(isVote)
  if (counted.length === 0) return null
  return (counted.filter((label) => label === 'Pass').length / counted.length) * 100
}

function failureOf(results: readonly ScoredResult[]): string | null {
  const failed = results.find(({ critical, classification }) => critical && classification !== 'Pass')
  // Without a reason the original prints its null.
  if (failed !== undefined) return `Canary Failed: ${failed.classificationReason ?? null}`
  const missing = results.filter(({ classification }) => classification === 'Nodata').length
  return (missing / results.length) * 100 >= 50 ? 'Canary Failed: 50% or more metrics returned NODATA' : null
}

function weightedSum(
  groups: readonly { readonly name: string; readonly score: number | null }[],
  weights: Readonly<Record<string, number>>,
): number {
  const rest = 100 - Object.values(weights).reduce((sum, weight) => sum + weight, 0)
  const unweighted = groups.filter(({ name }) => !Object.hasOwn(weights, name)).length
  const weightOf = (name: string): number => (Object.hasOwn(weights, name) ? weights[name]! : rest / unweighted)
  return roundHalfUp(groups.reduce((sum, { name, score }) => sum + (score ?? 100) * (weightOf(name) / 100), 0))
}

/** To two decimals, halves away from zero, of the number as it is printed: 1.005 becomes 1.01. */
export function roundHalfUp(value: number): number {
  const [digits, exponent = '0'] = String(Math.abs(value)).split('e')
  const hundredths = Math.round(Number(`${digits}e${Number(exponent) + 2}`))
  return Math.sign(value) * (hundredths / 100)
}

function labelOf(score: number, { pass, marginal }: { pass: number; marginal: number }): ScoreLabel {
  if (score >= pass) return 'Pass'
  return score >= marginal ? 'Marginal' : 'Fail'
}
