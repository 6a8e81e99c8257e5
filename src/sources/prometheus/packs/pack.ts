import type { MetricSpec } from '../../../domain/template.ts'

/** A metric of a pack: what a template says of one, without what all metrics of Prometheus have in common. */
export type PackMetric = Omit<MetricSpec, 'source' | 'direction' | 'query'> & {
  readonly query: Readonly<Record<string, unknown>>
}

/** Ready-made metrics for what one exporter tells. */
export type Pack = {
  readonly name: string
  /** Which exporter or proxy, and what it has to be told so that the arms can be told apart. */
  readonly description: string
  readonly metrics: readonly PackMetric[]
}

/** The share of failed requests, as the metric `error-rate` of the template `default` judges it. */
export const errorRate = {
  name: 'error-rate',
  kind: 'proportion',
  group: 'errors',
  weight: 0.35,
  critical: true,
  margin: 1.25,
  promoteMargin: 2,
  promoteFloor: 0.005,
  rollbackFloor: 0.001,
} as const

/**
 * Durations in the buckets of a proxy. They are up to 2.5 times as wide as the one before, so that less than a tripling
 * cannot be ruled out.
 */
export const coarseLatency = {
  name: 'latency',
  kind: 'distribution',
  group: 'latency',
  weight: 0.25,
  critical: false,
  margin: 1.25,
  promoteMargin: 3,
  quantiles: [0.5, 0.95, 0.99],
} as const

/** A level by pod that harms when it rises. */
export const level = { kind: 'gauge', group: 'saturation', margin: 1.25, promoteMargin: 2, critical: false } as const

/** Events by pod: one more is one too many. */
export const events = { kind: 'count', group: 'saturation', margin: 1, promoteMargin: 2, critical: false } as const
