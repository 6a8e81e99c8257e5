import { tukeyFences } from '../../stats/tukey-fences.ts'
import type { MetricOptions } from './metric-options.ts'

/**
 * One arm's values as they are judged and summed up: NaN dropped or made 0, then outliers dropped if the options say so.
 * An arm without points stays empty under either strategy.
 */
export function cleanValues(
  values: readonly number[],
  { nanStrategy, outlierFactor }: Pick<MetricOptions, 'nanStrategy' | 'outlierFactor'>,
): readonly number[] {
  const known =
    nanStrategy === 'replace'
      ? values.map((value) => (Number.isNaN(value) ? 0 : value))
      : values.filter((value) => !Number.isNaN(value))
  if (outlierFactor === null) return known
  const { low, high } = tukeyFences(known, outlierFactor, true)
  return known.filter((value) => !(value < low || value > high))
}
