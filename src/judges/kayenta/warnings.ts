import { shiftResolution } from '../../stats/mann-whitney.ts'
import type { JudgementWarning } from './canary-judge-result.ts'
import type { MetricClassification, MetricSamples } from './classify-metric.ts'
import type { MetricOptions } from './metric-options.ts'
import { isVote, type ScoredResult } from './score-canary.ts'

type Code = JudgementWarning['code']

/** Arms closer together than so many of the solver's steps are not reliably told apart. */
const resolvedSteps = 10

/** Where the compatible label of one metric is not what it looks like. */
export function metricWarnings(
  { name, experiment, control }: MetricSamples,
  groups: readonly string[],
  options: MetricOptions,
  { label, test }: MetricClassification,
): readonly JudgementWarning[] {
  const found: JudgementWarning[] = []
  const warn = (code: Code, message: string): void => void found.push({ code, subject: name, message })
  if (options.isMuted) return found
  if (groups.length === 0) warn('NO_GROUP', `${name} is in no group and counts nowhere unless it fails as critical`)
  if (experiment.length === 0 || control.length === 0) {
    if (label === 'Pass') warn('EMPTY_PASSES', emptyPasses(name, options))
    return found
  }
  if (label === 'Error') {
    const lost = options.isCritical ? ', although it is configured as critical' : ''
    warn('ERROR_NOT_COUNTED', `${name} could not be classified, and that counts neither for nor against${lost}`)
    return found
  }
  if (test === null) return found
  if (test.isNoisy) {
    warn('RANDOM_NOISE', `${name} is constant in both arms: the label rests on random noise (here of a fixed seed)`)
  }
  if (![...experiment, ...control].every(Number.isFinite)) {
    warn('NOT_FINITE', `${name} has infinite values, with which the test usually passes`)
    return found
  }
  const span = spanOf(experiment, control)
  if (span < resolvedSteps * shiftResolution) {
    warn('BELOW_RESOLUTION', `${name} spans ${span}; differences near ${shiftResolution} are not resolved and pass`)
  }
  if (test.low > test.high) {
    warn('INTERVAL_CROSSED', `${name} has an interval from ${test.low} to ${test.high}: ties left it to the solver`)
  }
  if (Number.isNaN(test.effectSize)) {
    warn('EFFECT_UNDEFINED', `${name} has a mean of 0 in one arm: allowed and critical effect sizes were not applied`)
  }
  return found
}

function emptyPasses(name: string, { isCritical, mustHaveData }: MetricOptions): string {
  const flags = [isCritical ? 'critical' : '', mustHaveData ? 'mustHaveData' : ''].filter((flag) => flag !== '')
  const ignored = flags.length === 0 ? '' : `, although it is ${flags.join(' and ')}`
  return `${name} has no data in an arm and passes, because nanStrategy is replace${ignored}`
}

function spanOf(experiment: readonly number[], control: readonly number[]): number {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (const values of [experiment, control]) {
    for (const value of values) {
      min = Math.min(min, value)
      max = Math.max(max, value)
    }
  }
  return max - min
}

/** Where the compatible score is not what it looks like. */
export function groupWarnings(
  results: readonly ScoredResult[],
  weights: Readonly<Record<string, number>>,
): readonly JudgementWarning[] {
  const found: JudgementWarning[] = []
  const names = new Set(results.flatMap(({ groups }) => groups))
  for (const name of names) {
    if (results.some(({ groups, classification }) => groups.includes(name) && isVote(classification))) continue
    const message = `group ${name} has no metric that counts: reported as 0, taken as 100 in the score`
    found.push({ code: 'GROUP_WITHOUT_VOTE', subject: name, message })
  }
  for (const [name, weight] of Object.entries(weights)) {
    if (names.has(name)) continue
    const message = `group ${name} has no metrics: its weight of ${weight} is lost from the score`
    found.push({ code: 'GROUP_MISSING', subject: name, message })
  }
  const sum = Object.values(weights).reduce((total, weight) => total + weight, 0)
  const isFilledUp = [...names].some((name) => !Object.hasOwn(weights, name))
  if (Object.keys(weights).length > 0 && (isFilledUp ? sum > 100 : sum !== 100)) {
    const message = `group weights add up to ${sum}, not 100: the score is not a percentage`
    found.push({ code: 'WEIGHTS_NOT_100', message })
  }
  return found
}
