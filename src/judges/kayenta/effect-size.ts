import { commonLanguageEffect } from '../../stats/common-language-effect.ts'
import { twoPassMean } from '../../stats/summary-statistics.ts'
import type { MetricOptions } from './metric-options.ts'

/** mean(canary) / mean(baseline); NaN when either is exactly 0. Misleads on negative data. */
export function meanRatio(experiment: readonly number[], control: readonly number[]): number {
  const canary = twoPassMean(experiment)
  const baseline = twoPassMean(control)
  return canary === 0 || baseline === 0 ? Number.NaN : canary / baseline
}

/** The effect in the configured measure: the ratio of means (1: none) or the common-language effect (0.5: none). */
export function effectSize(
  measure: MetricOptions['measure'],
  experiment: readonly number[],
  control: readonly number[],
): number {
  return measure === 'cles' ? commonLanguageEffect(experiment, control) : meanRatio(experiment, control)
}
