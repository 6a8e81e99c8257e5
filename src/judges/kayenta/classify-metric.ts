import { AllTiedError, type ShiftInterval, shiftInterval } from '../../stats/mann-whitney.ts'
import type { MetricLabel } from './canary-judge-result.ts'
import { effectSize, meanRatio } from './effect-size.ts'
import type { EffectThresholds, MetricOptions } from './metric-options.ts'

/** Kayenta's classifier takes these from its configuration; its judge fixes them to `judgeSettings`. */
export type ClassifierSettings = {
  /** Shifts whose interval reaches within this share of the estimate are no difference. */
  readonly tolerance: number
  readonly level: number
  readonly experimentLabel: string
  readonly controlLabel: string
}

/** The settings of NetflixACAJudge-v1.0; no configuration changes them. */
export const judgeSettings: ClassifierSettings = {
  tolerance: 0.25,
  level: 0.98,
  experimentLabel: 'Canary',
  controlLabel: 'Baseline',
}

/** What the label rests on. */
type MetricTest = ShiftInterval & {
  readonly effectSize: number
  /** Both arms were constant, so noise was added before the test. */
  readonly isNoisy: boolean
}

export type MetricClassification = {
  readonly label: MetricLabel
  /** null: the original gives none. */
  readonly reason: string | null
  /** mean(canary) / mean(baseline); 1 where nothing was compared, null for `Error`. */
  readonly ratio: number | null
  readonly isCritical: boolean
  readonly test: MetricTest | null
}

/** What is to be classified: cleaned values of both arms. */
export type MetricSamples = {
  readonly name: string
  readonly experiment: readonly number[]
  readonly control: readonly number[]
}

/**
 * Classifies one metric in the order of the original: missing data, identical data, constant data, then the interval of
 * the shift against `tolerance` times its own estimate, and the effect size against what is allowed. An effect size of
 * NaN skips the second gate.
 *
 * @param normal standard normal numbers; asked only when both arms are constant
 */
export function classifyMetric(
  samples: MetricSamples,
  options: MetricOptions,
  normal: () => number,
  settings: ClassifierSettings = judgeSettings,
): MetricClassification {
  const { name, experiment, control } = samples
  if (experiment.length === 0 || control.length === 0) return withoutData(name, options)
  if (isSameMultiset(experiment, control)) {
    return passed(`The ${settings.experimentLabel} and ${settings.controlLabel} data are identical`)
  }
  if (isConstant(experiment) && isConstant(control) && experiment[0] === control[0]) return passed(null)
  try {
    return compare(samples, options, normal, settings)
  } catch (error) {
    if (!(error instanceof AllTiedError)) throw error
    return { label: 'Error', reason: 'Metric Classification Failed', ratio: null, isCritical: false, test: null }
  }
}

function withoutData(name: string, { nanStrategy, mustHaveData, isCritical }: MetricOptions): MetricClassification {
  if (nanStrategy === 'replace') return passed(null)
  const label = mustHaveData && !isCritical ? 'NodataFailMetric' : 'Nodata'
  return { label, reason: `Missing data for ${name}`, ratio: 1, isCritical, test: null }
}

function passed(reason: string | null): MetricClassification {
  return { label: 'Pass', reason, ratio: 1, isCritical: false, test: null }
}

function isConstant(values: readonly number[]): boolean {
  return values.every((value) => value === values[0])
}

function isSameMultiset(experiment: readonly number[], control: readonly number[]): boolean {
  if (experiment.length !== control.length) return false
  const sorted = Float64Array.from(control).sort()
  return Float64Array.from(experiment)
    .sort()
    .every((value, i) => value === sorted[i])
}

/** Standard deviation of the noise, as a share of the constant; a constant of 0 stays 0. */
const noiseShare = 1e-5

function withNoise(values: readonly number[], normal: () => number): readonly number[] {
  const deviation = values[0]! * noiseShare
  return deviation === 0 ? values : values.map((value) => value + normal() * deviation)
}

function compare(
  { name, experiment, control }: MetricSamples,
  options: MetricOptions,
  normal: () => number,
  { tolerance, level }: ClassifierSettings,
): MetricClassification {
  const isNoisy = isConstant(experiment) && isConstant(control)
  const x = isNoisy ? withNoise(experiment, normal) : experiment
  const y = isNoisy ? withNoise(control, normal) : control
  const interval = shiftInterval(x, y, level)
  const effect = effectSize(options.measure, x, y)
  const label = labelOf(interval, effect, options, tolerance)
  const isCritical = options.isCritical && label !== 'Pass' && isBeyond(label, effect, options.critical)
  const plain = label === 'Pass' ? null : `${name} was classified as ${label}`
  return {
    label,
    reason: isCritical ? `The metric ${plain} (Critical)` : plain,
    ratio: meanRatio(x, y),
    isCritical,
    test: { ...interval, effectSize: effect, isNoisy },
  }
}

function labelOf(
  { low, high, estimate }: ShiftInterval,
  effect: number,
  { direction, allowed }: MetricOptions,
  tolerance: number,
): 'Pass' | 'High' | 'Low' {
  const bound = tolerance * Math.abs(estimate)
  if (direction !== 'decrease' && low > bound && isBeyond('High', effect, allowed)) return 'High'
  if (direction !== 'increase' && high < -bound && isBeyond('Low', effect, allowed)) return 'Low'
  return 'Pass'
}

function isBeyond(label: 'High' | 'Low', effect: number, { increase, decrease }: EffectThresholds): boolean {
  return Number.isNaN(effect) || (label === 'High' ? effect >= increase : effect <= decrease)
}
