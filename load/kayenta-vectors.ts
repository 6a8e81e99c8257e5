import { DavyError } from '../src/domain/errors.ts'
import { batchJudges } from '../src/judges/index.ts'
import type { MetricLabel } from '../src/judges/kayenta/canary-judge-result.ts'
import { classifyMetric, judgeSettings } from '../src/judges/kayenta/classify-metric.ts'
import { effectSize, meanRatio } from '../src/judges/kayenta/effect-size.ts'
import { gaussian } from '../src/judges/kayenta/gaussian.ts'
import type { Direction, MetricOptions } from '../src/judges/kayenta/metric-options.ts'
import { scoreCanary } from '../src/judges/kayenta/score-canary.ts'
import { commonLanguageEffect } from '../src/stats/common-language-effect.ts'
import { shiftInterval, shiftStatistic } from '../src/stats/mann-whitney.ts'
import { normalQuantile } from '../src/stats/normal-quantile.ts'
import { percentile } from '../src/stats/percentile.ts'
import { summaryStatistics } from '../src/stats/summary-statistics.ts'
import { tukeyFences } from '../src/stats/tukey-fences.ts'

/** Values as JSON has them: 'NaN', 'Infinity' and '-Infinity' are strings. */
type Values = readonly (number | string)[]
type Arms = { experiment: Values; control: Values }

const numbers = (values: Values): number[] => values.map(Number)
const ascending = (values: Values): Float64Array => Float64Array.from(numbers(values)).sort()

type ClassifyVector = Arms & {
  name?: string
  tolerance?: number
  confLevel?: number
  experimentLabel?: string
  controlLabel?: string
  direction?: Direction
  nanStrategy?: MetricOptions['nanStrategy']
  critical?: boolean
  mustHaveData?: boolean
  measure?: MetricOptions['measure']
  effectSizeThresholds?: readonly [decrease: number, increase: number]
  criticalThresholds?: readonly [decrease: number, increase: number]
  seed?: number
}

function optionsOf(vector: ClassifyVector): MetricOptions {
  const measure = vector.measure ?? 'meanRatio'
  const neutral = measure === 'cles' ? 0.5 : 1
  const [allowedDecrease, allowedIncrease] = vector.effectSizeThresholds ?? [neutral, neutral]
  const [criticalDecrease, criticalIncrease] = vector.criticalThresholds ?? [neutral, neutral]
  return {
    direction: vector.direction ?? 'either',
    nanStrategy: vector.nanStrategy ?? 'remove',
    outlierFactor: null,
    isCritical: vector.critical ?? false,
    mustHaveData: vector.mustHaveData ?? false,
    isMuted: false,
    measure,
    allowed: { decrease: allowedDecrease, increase: allowedIncrease },
    critical: { decrease: criticalDecrease, increase: criticalIncrease },
  }
}

function classify(vector: ClassifyVector): unknown {
  const options = optionsOf(vector)
  const settings = {
    tolerance: vector.tolerance ?? judgeSettings.tolerance,
    level: vector.confLevel ?? judgeSettings.level,
    experimentLabel: vector.experimentLabel ?? judgeSettings.experimentLabel,
    controlLabel: vector.controlLabel ?? judgeSettings.controlLabel,
  }
  const experiment = numbers(vector.experiment)
  const control = numbers(vector.control)
  const samples = { name: vector.name ?? 'm', experiment, control }
  const { label, reason, ratio, isCritical, test } = classifyMetric(
    samples,
    options,
    gaussian(vector.seed ?? 1),
    settings,
  )
  // Identical data are not tested, and some vectors say what a test would have found.
  const isVaried = test === null && new Set([...experiment, ...control]).size > 1
  const untested =
    isVaried && experiment.length > 0 && control.length > 0 && label !== 'Error'
      ? {
          ...shiftInterval(experiment, control, settings.level),
          effectSize: effectSize(options.measure, experiment, control),
        }
      : null
  const shift = test ?? untested
  return {
    classification: label,
    reason,
    reasonNotEmpty: reason !== null && reason !== '',
    deviation: ratio,
    critical: isCritical,
    ciLower: shift?.low,
    ciUpper: shift?.high,
    estimate: shift?.estimate,
    effectSize: shift?.effectSize,
  }
}

function interval({ experiment, control, confLevel }: Arms & { confLevel: number }): unknown {
  const x = ascending(experiment)
  const y = ascending(control)
  const { low, high, estimate } = shiftInterval(numbers(experiment), numbers(control), confLevel)
  const muMin = x[0]! - y.at(-1)!
  const muMax = x.at(-1)! - y[0]!
  const zqUpper = normalQuantile((1 - confLevel) / 2)
  const zqLower = -zqUpper
  const at = (mu: number, quantile: number): number => shiftStatistic(x, y, mu, quantile)
  const intermediates = {
    muMin,
    muMax,
    zqLower,
    zqUpper,
    'f(muMin,zqLower)': at(muMin, zqLower),
    'f(muMax,zqLower)': at(muMax, zqLower),
    'f(muMin,zqUpper)': at(muMin, zqUpper),
    'f(muMax,zqUpper)': at(muMax, zqUpper),
  }
  return { ciLower: low, ciUpper: high, estimate, intermediates }
}

type ScoreVector = {
  groupWeights: Readonly<Record<string, number>>
  results: readonly { classification: MetricLabel; critical: boolean; groups: readonly string[] }[]
}

function score({ results, groupWeights }: ScoreVector): unknown {
  const { groupScores, score } = scoreCanary(results, groupWeights, { pass: 95, marginal: 75 })
  return {
    summaryScore: score.score,
    reason: score.classificationReason === '' ? null : score.classificationReason,
    groupScores: Object.fromEntries(groupScores.map((group) => [group.name, group.score])),
  }
}

type JudgeRequest = Parameters<(typeof batchJudges)['NetflixACAJudge-v1.0']>[0]
type JudgeVector = {
  config: JudgeRequest['canaryConfig']
  thresholds: JudgeRequest['scoreThresholds']
  pairs: readonly (Arms & { name: string })[]
}

function judge({ config, thresholds, pairs }: JudgeVector): unknown {
  const metricSetPairList = pairs.map(({ name, experiment, control }, i) => ({
    name,
    id: String(i),
    tags: {},
    values: { experiment: numbers(experiment), control: numbers(control) },
  }))
  const request = { canaryConfig: config, scoreThresholds: thresholds, metricSetPairList }
  try {
    return { result: batchJudges['NetflixACAJudge-v1.0'](request) }
  } catch (error) {
    if (error instanceof DavyError && error.code === 'VALIDATION') return { error: 'refused' }
    throw error
  }
}

function outliers({
  values,
  factor,
  reduceSensitivity,
}: {
  values: Values
  factor: number
  reduceSensitivity: boolean
}) {
  const { low, high } = tukeyFences(numbers(values), factor, reduceSensitivity)
  return { outliers: numbers(values).map((value) => value < low || value > high) }
}

/**
 * Every kind of Kayenta's vectors that belongs to its judge, as a call of the product's own functions: takes a vector,
 * returns what its `computed` and `expected` hold under the same names.
 */
// biome-ignore lint/suspicious/noExplicitAny: each kind has its own fields, read from JSON
export const kayentaKinds: Readonly<Record<string, (vector: any) => unknown>> = {
  classify,
  judge,
  score,
  mw: interval,
  iqr: outliers,
  diff: ({ x, y, mu, quantile }: { x: Values; y: Values; mu: number; quantile: number }) => ({
    value: shiftStatistic(ascending(x), ascending(y), mu, quantile),
  }),
  zq: ({ p }: { p: number }) => ({ value: normalQuantile(p) }),
  percentile: ({ values, p }: { values: Values; p: number }) => ({ value: percentile(ascending(values), p) }),
  summary: ({ values }: { values: Values }) => summaryStatistics(numbers(values)),
  meanRatio: ({ experiment, control }: Arms) => ({ value: meanRatio(numbers(experiment), numbers(control)) }),
  cles: ({ experiment, control }: Arms) => ({ value: commonLanguageEffect(numbers(experiment), numbers(control)) }),
}
