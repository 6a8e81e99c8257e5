import type { CanaryMetricConfig } from '../../../src/judges/kayenta/canary-config.ts'
import { type MetricOptions, metricOptions } from '../../../src/judges/kayenta/metric-options.ts'

/** A metric of the config with the given `analysisConfigurations.canary`. */
export function metric(canary: Record<string, unknown> = {}, name = 'm'): CanaryMetricConfig {
  return { name, groups: ['g'], analysisConfigurations: { canary } }
}

/** The options of such a metric. */
export function optionsOf(canary: Record<string, unknown> = {}): MetricOptions {
  return metricOptions(metric(canary), '/metrics/0')
}

/** 1 … n, times `factor`. */
export function ramp(n: number, factor = 1): number[] {
  return Array.from({ length: n }, (_, i) => (i + 1) * factor)
}
