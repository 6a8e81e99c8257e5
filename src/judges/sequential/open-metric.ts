import type { Histogram } from '../../domain/evidence.ts'
import type { NullParameters } from '../../domain/null-parameters.ts'
import type { MetricKind, MetricSpec } from '../../domain/template.ts'
import { openErrorRate } from './error-rate.ts'
import { openLatency } from './latency.ts'
import type { MetricTrial } from './metric-trial.ts'

type OpenMetric = (spec: MetricSpec, reference: Histogram, parameters: NullParameters) => MetricTrial

const kinds: Readonly<Record<MetricKind, OpenMetric>> = {
  proportion: (spec, _reference, parameters) => openErrorRate(spec, parameters),
  distribution: openLatency,
}

/** The trial of one metric by its kind. Throws for a kind that has none: a template must not lose a metric silently. */
export function openMetric(spec: MetricSpec, reference: Histogram, parameters: NullParameters): MetricTrial {
  if (!Object.hasOwn(kinds, spec.kind)) {
    throw new Error(`metric ${spec.name}: expected kind ${Object.keys(kinds).join(' or ')}, got ${spec.kind}`)
  }
  return kinds[spec.kind](spec, reference, parameters)
}
