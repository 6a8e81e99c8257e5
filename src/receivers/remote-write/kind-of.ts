import { endsWith } from './labels.ts'
import type { WriteKind } from './schema.ts'

/** Metadata.MetricType of Remote-Write 2.0. */
const counter = 1
const gauge = 2
const gaugeHistogram = 4
const info = 6
const stateSet = 7

const sumEndings = ['_total', '_bucket', '_count', '_sum'] as const

/**
 * The table for a series of plain samples: by its type where the sender says one, else by the metric's name. The parts of
 * a classic histogram and of a summary that only grow are sums of their own; their quantiles and `_created` are gauges.
 * It depends on nothing but the series, so that one series does not wander between the tables.
 * @param type Metadata.MetricType, 0 when it is not known (Remote-Write 1.0 never says it).
 * @param from Where the metric's name starts in `bytes`, `to` where it ends.
 */
export function kindOf(type: number, bytes: Uint8Array, from: number, to: number): WriteKind {
  if (type === counter) return endsWith(bytes, from, to, '_created') ? 'gauge' : 'sum'
  if (type === gauge || type === gaugeHistogram || type === info || type === stateSet) return 'gauge'
  return sumEndings.some((ending) => endsWith(bytes, from, to, ending)) ? 'sum' : 'gauge'
}
