import type { MetricSpec } from '../../domain/template.ts'
import { gaugeLogE } from '../../stats/gauge-evidence.ts'
import { gaugeHalfWidth } from '../../stats/gauge-interval.ts'
import type { GaugeTotals } from './gauge-blocks.ts'
import { intervalLevel, type Look, type Reading } from './metric-trial.ts'
import { plainReading } from './plain-reading.ts'

/** An estimate d of the log of the canary's level over another's, as {@link gaugeLogE} takes it. */
export type GaugeEstimate = { readonly d: number; readonly v: number; readonly tau: number; readonly rho: number }

/** So many standard deviations beyond the margin a difference is found in most rollouts. */
const floorDeviations = 3.5

/**
 * A gauge's level at one look, from what it was compared with. Harm must be shown against each of them, and its absence
 * too, so both proofs are the least; the comparison with least evidence of harm speaks.
 *
 * @param estimates [] when nothing can be compared: then no evidence points anywhere
 */
export function readGauge(
  spec: MetricSpec,
  totals: GaugeTotals,
  estimates: readonly GaugeEstimate[],
  look: Look,
): Reading {
  const readings = estimates.map((estimate) => ({
    estimate,
    logE: gaugeLogE({ ...estimate, d: estimate.d - Math.log(spec.margin) }),
    logPromote: gaugeLogE({ ...estimate, d: Math.log(spec.promoteMargin) - estimate.d }),
  }))
  const [first, ...others] = readings
  if (first === undefined) return plainReading(spec, look, nothingCompared(totals))
  const { estimate, logE } = others.reduce((a, b) => (b.logE < a.logE ? b : a), first)
  const half = gaugeHalfWidth(estimate, intervalLevel)
  const ratio = Math.exp(estimate.d)
  return plainReading(spec, look, {
    ...nothingCompared(totals),
    effect: {
      ratio,
      low: half === null ? 0 : Math.exp(estimate.d - half),
      high: half === null ? null : Math.exp(estimate.d + half),
      level: intervalLevel,
    },
    beyondMargin: ratio > spec.margin,
    logE,
    logPromote: Math.min(...readings.map((reading) => reading.logPromote)),
    smallestDetectable: spec.margin * Math.exp(floorDeviations * Math.sqrt(estimate.v + estimate.tau ** 2)),
  })
}

/** What is known of a gauge while its arms cannot be compared. */
export function nothingCompared({ canary, baseline }: GaugeTotals) {
  return {
    baseline: { value: baseline.mean, samples: baseline.samples, pods: baseline.pods },
    canary: { value: canary.mean, samples: canary.samples, pods: canary.pods },
    hasData: canary.samples > 0 && baseline.samples > 0,
    effect: { ratio: null, low: 0, high: null, level: intervalLevel },
    beyondMargin: false,
    logE: 0,
    logPromote: 0,
    smallestDetectable: null,
  }
}
