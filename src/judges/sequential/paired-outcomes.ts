import type { NullParameters } from '../../domain/null-parameters.ts'
import type { MetricSpec } from '../../domain/template.ts'
import type { MetricTrial } from './metric-trial.ts'
import { openRateComparison } from './rate-comparison.ts'

/**
 * The judge of shadow traffic: both arms answered the same requests, so only pairs count in which one of them failed
 * alone, each arm's against the same exposure. What befalls both arms makes no such pair, so far fewer requests show a
 * difference than side by side.
 */
export function openPairedOutcomes(spec: MetricSpec, parameters: NullParameters): MetricTrial {
  return openRateComparison(spec, parameters, {
    partOf: ({ pairs }) =>
      pairs === undefined ? null : { xc: pairs.canaryWorse, nc: pairs.pairs, xb: pairs.baselineWorse, nb: pairs.pairs },
    rate: (failures, answers) => failures / answers,
  })
}
