import type { SourceQuestion } from '../../src/domain/metric-source.ts'
import type { MetricSpec } from '../../src/domain/template.ts'
import { quick } from '../engine/lab.ts'

const [errors, latency] = quick.metrics as readonly [MetricSpec, MetricSpec]
const of = {
  proportion: errors,
  distribution: latency,
  gauge: { ...errors, kind: 'gauge' },
  count: { ...errors, kind: 'count', margin: 1 },
} as const

export const startedAt = Date.UTC(2026, 10, 21, 10, 0, 0)

/** A metric of a kind that is asked from a source. */
export function queried(source: MetricSpec['source'], kind: keyof typeof of, query: object): MetricSpec {
  return { ...of[kind], name: 'asked', source, query: query as Record<string, unknown> }
}

/** A question about the first two looks of a canary 2 beside a baseline 1. */
export function questionOf(metric: MetricSpec): SourceQuestion {
  return {
    metric,
    deployment: {
      ...{ id: 'D', namespace: 'store', service: 'shop & co', environment: 'production', strategy: 'canary' },
      ...{ canary: { version: '2' }, baseline: { version: '1' }, startedAt: new Date(startedAt).toISOString() },
    },
    windows: [
      { from: startedAt, to: startedAt + 10_000 },
      { from: startedAt + 10_000, to: startedAt + 20_000 },
    ],
  }
}
