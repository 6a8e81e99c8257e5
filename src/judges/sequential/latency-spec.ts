import { histogramScale } from '../../domain/evidence.ts'
import type { MetricSpec } from '../../domain/template.ts'
import { bucketShift, exponentialGamma } from '../../stats/log-histogram.ts'

/** The width of one bucket of the rollups' histograms, as a ratio. */
export const bucketGamma = exponentialGamma(histogramScale)

const defaultQuantiles = [0.5, 0.95, 0.99]

/** A latency metric with its margins in whole buckets; gamma^shift is the effective margin. */
export type LatencySpec = {
  readonly spec: MetricSpec
  readonly quantiles: readonly number[]
  readonly marginShift: number
  readonly promoteShift: number
}

export function latencySpec(spec: MetricSpec): LatencySpec {
  return {
    spec,
    quantiles: spec.quantiles ?? defaultQuantiles,
    marginShift: bucketShift(spec.margin, bucketGamma),
    promoteShift: bucketShift(spec.promoteMargin, bucketGamma),
  }
}
