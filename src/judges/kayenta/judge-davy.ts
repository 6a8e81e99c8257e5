import { DavyError } from '../../domain/errors.ts'
import { studentUpperQuantile } from '../../stats/student-t.ts'
import { summaryStatistics } from '../../stats/summary-statistics.ts'
import type { CanaryJudgeRequest } from './canary-config.ts'
import type { CanaryAnalysisResult, CanaryJudgeResult, JudgementWarning, MetricLabel } from './canary-judge-result.ts'
import { checkRequest, type JudgedPair } from './check-request.ts'
import { contrastOf } from './contrast.ts'
import { meanRatio } from './effect-size.ts'
import { groupOrder } from './group-order.ts'
import type { MetricOptions } from './metric-options.ts'

/** The name under which canary configs ask for this judge. */
export const davyJudgeName = 'Davy-v1'

/** Chance that any metric at all of a harmless canary is said to harm, and that harm is overlooked in one metric. */
const alpha = 0.01
const alphaPromote = 0.05

/** What counts as harm where the config allows nothing: a quarter more, or a fifth less. */
const defaultMargin = 1.25

/**
 * Judges two arms point by point in time and has three answers: harm beyond the margin is shown (`High`, `Low`), it is
 * ruled out (`Pass`), or the points cannot tell (`Nodata`, with a reason). A score of 0 says that a metric was shown to
 * harm, 100 that all rule harm out, and what lies in the middle of the thresholds that neither holds. Groups and their
 * weights are reported and do not decide; `muted` metrics neither. Nothing is random.
 *
 * The margin is `effectSize.allowedIncrease` (or `allowedDecrease`) when it allows something (above 1, below 1), else a
 * quarter more (or a fifth less), of the baseline's mean. All counted metrics share 1% for false alarms; each metric
 * has 5% for harm that is overlooked. Tests see {@link contrastOf}.
 *
 * @throws DavyError VALIDATION for what cannot be judged, also thresholds between which there is no room
 */
export function judgeDavy(request: CanaryJudgeRequest): CanaryJudgeResult {
  const { pairs } = checkRequest(request)
  const { pass, marginal } = request.scoreThresholds
  checkThresholds(pass, marginal)
  const counted = pairs.filter(({ options }) => !options.isMuted)
  if (counted.length === 0) {
    const expected = 'a metric that is not muted'
    throw new DavyError('VALIDATION', 'No metric counts, so nothing can be judged.', { expected, got: 'none' })
  }
  const results = pairs.map((pair) => judgePair(pair, alpha / counted.length))
  const voting = results.filter(({ muted }) => !muted)
  return {
    judgeName: davyJudgeName,
    results,
    groupScores: groupOrder(voting.flatMap(({ groups }) => groups)).map((name) => ({
      ...{ name, score: shareOfPasses(voting, name), classification: '', classificationReason: '' },
    })),
    score: summaryOf(voting, pass, marginal),
    warnings: undecidedWarnings(voting),
  }
}

/** @throws DavyError VALIDATION when a score of "cannot tell" would be a pass or a failure. */
function checkThresholds(pass: number, marginal: number): void {
  if (pass > marginal && pass <= 100 && marginal >= 0) return
  throw new DavyError('VALIDATION', `${davyJudgeName} needs room between the thresholds for what it cannot tell yet.`, {
    expected: '0 <= marginal < pass <= 100',
    got: `marginal ${marginal}, pass ${pass}`,
    where: '/scoreThresholds',
  })
}

type Tested = { readonly label: MetricLabel; readonly reason: string }

function judgePair({ pair, groups, options }: JudgedPair, alphaHarm: number): CanaryAnalysisResult {
  const { experiment, control } = pair.values
  const x = valuesOf(experiment, options)
  const y = valuesOf(control, options)
  const known = (values: readonly number[]) => values.filter((value) => Number.isFinite(value))
  const { label, reason } = test(pair.name, x, y, options, alphaHarm)
  const harms = label === 'High' || label === 'Low'
  return {
    ...{ name: pair.name, id: pair.id, tags: pair.tags, groups },
    classification: label,
    ...(reason === '' ? {} : { classificationReason: reason }),
    critical: harms && options.isCritical,
    muted: options.isMuted,
    controlMetadata: { stats: summaryStatistics(known(y)) },
    experimentMetadata: { stats: summaryStatistics(known(x)) },
    resultMetadata: { ratio: meanRatio(known(x), known(y)) },
  }
}

/** An arm that said nothing at all has no data, whatever stands for single points that are missing. */
function valuesOf(values: readonly number[], { nanStrategy }: MetricOptions): readonly number[] {
  if (nanStrategy !== 'replace' || !values.some((value) => Number.isFinite(value))) return values
  return values.map((value) => (Number.isNaN(value) ? 0 : value))
}

function test(
  name: string,
  x: readonly number[],
  y: readonly number[],
  { direction, allowed }: MetricOptions,
  alphaHarm: number,
): Tested {
  const both = x.flatMap((value, i) => {
    const other = y[i] ?? Number.NaN
    return Number.isFinite(value) && Number.isFinite(other) ? [[value, other] as const] : []
  })
  if (both.length === 0) return { label: 'Nodata', reason: `Missing data for ${name}` }
  const up = direction === 'decrease' ? null : contrastOf(both, allowed.increase > 1 ? allowed.increase : defaultMargin)
  const fall = allowed.decrease < 1 ? allowed.decrease : 1 / defaultMargin
  const down = direction === 'increase' ? null : contrastOf(both, fall)
  const sides = direction === 'either' ? 2 : 1
  if (up !== null && isAbove(up, alphaHarm / sides)) return { label: 'High', reason: `${name} was classified as High` }
  if (down !== null && isBelow(down, alphaHarm / sides))
    return { label: 'Low', reason: `${name} was classified as Low` }
  const isFine = (up === null || isBelow(up, alphaPromote)) && (down === null || isAbove(down, alphaPromote))
  if (isFine) return { label: 'Pass', reason: '' }
  const points = `${both.length} points in both arms`
  return { label: 'Nodata', reason: `${name} is undecided: ${points} neither show nor rule out harm beyond the margin` }
}

type Contrast = ReturnType<typeof contrastOf>

function isAbove({ mean, error, df, isExact }: Contrast, level: number): boolean {
  if (isExact) return mean > 0
  return df > 0 && mean - studentUpperQuantile(level, df) * error > 0
}

function isBelow({ mean, error, df, isExact, isZero }: Contrast, level: number): boolean {
  // Nothing happened in either arm, all the time: there is no harm that a margin could be put on.
  if (isExact) return mean < 0 || isZero
  return df > 0 && mean + studentUpperQuantile(level, df) * error < 0
}

function shareOfPasses(results: readonly CanaryAnalysisResult[], group: string): number {
  const members = results.filter(({ groups }) => groups.includes(group))
  return (members.filter(({ classification }) => classification === 'Pass').length / members.length) * 100
}

function summaryOf(results: readonly CanaryAnalysisResult[], pass: number, marginal: number) {
  const harm = results.find(({ classification }) => classification === 'High' || classification === 'Low')
  if (harm !== undefined) {
    const classificationReason = `Canary Failed: ${harm.classificationReason}`
    return { score: 0, classification: 'Fail', classificationReason } as const
  }
  const open = results.find(({ classification }) => classification !== 'Pass')
  if (open === undefined) return { score: 100, classification: 'Pass', classificationReason: '' } as const
  const classificationReason = `Canary undecided: ${open.classificationReason}`
  return { score: (pass + marginal) / 2, classification: 'Marginal', classificationReason } as const
}

function undecidedWarnings(results: readonly CanaryAnalysisResult[]): readonly JudgementWarning[] {
  return results
    .filter(({ classification }) => classification === 'Nodata')
    .map(({ name, classificationReason = '' }) => ({ code: 'UNDECIDED', subject: name, message: classificationReason }))
}
