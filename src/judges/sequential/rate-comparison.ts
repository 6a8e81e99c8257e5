import type { Slice } from '../../domain/evidence.ts'
import type { NullParameters } from '../../domain/null-parameters.ts'
import type { MetricSpec } from '../../domain/template.ts'
import type { Judgement } from '../../domain/verdict.ts'
import { ratioInterval } from '../../stats/ratio-interval.ts'
import { emptyStratum, plusStratum, type Stratum } from '../../stats/ratio-process.ts'
import { intervalLevel, type Look, type MetricTrial, type Reading } from './metric-trial.ts'
import { plainReading } from './plain-reading.ts'
import { harmEvidence, harmlessEvidence, logEvidence, type RatioEvidence, withBlock } from './ratio-evidence.ts'

/** How a kind of event is counted and shown. */
export type EventKind = {
  /** Events and exposure of both arms in one slice; null: nothing to compare. */
  readonly partOf: (slice: Slice) => Stratum | null
  /** One arm's rate for people; exposure above 0. */
  readonly rate: (events: number, exposure: number) => number
}

/**
 * The judge of one kind of event per exposure in both arms, without strata: harm and its absence by the ratio process.
 *
 * @param parameters of the null, the same at every look
 */
export function openRateComparison(spec: MetricSpec, parameters: NullParameters, kind: EventKind): MetricTrial {
  let harm = harmEvidence(spec.margin, parameters)
  let harmless = harmlessEvidence(spec.promoteMargin, parameters)
  let open = emptyStratum
  let all = emptyStratum
  return {
    observe(slice) {
      const part = kind.partOf(slice)
      if (part === null) return
      open = plusStratum(open, part)
      all = plusStratum(all, part)
    },
    closeBlock() {
      harm = withBlock(harm, [open])
      harmless = withBlock(harmless, [open])
      open = emptyStratum
    },
    read: (look) => {
      const now = { harm: withBlock(harm, [open]), harmless: withBlock(harmless, [open]) }
      return readRates(spec, all, now, look, kind)
    },
  }
}

function readRates(
  spec: MetricSpec,
  { xc, nc, xb, nb }: Stratum,
  now: { readonly harm: RatioEvidence; readonly harmless: RatioEvidence },
  look: Look,
  { rate }: EventKind,
): Reading {
  const ratio = xb === 0 || nc === 0 ? null : xc / nc / (xb / nb)
  return plainReading(spec, look, {
    baseline: { value: nb === 0 ? null : rate(xb, nb), samples: xb, pods: look.pods.baseline },
    canary: { value: nc === 0 ? null : rate(xc, nc), samples: xc, pods: look.pods.canary },
    hasData: nc > 0 && nb > 0,
    effect: { ratio, ...intervalOf(now.harm, look) },
    beyondMargin: ratio === null ? xc > 0 : ratio > spec.margin,
    logE: logEvidence(now.harm, look.priors),
    logPromote: logEvidence(now.harmless, look.priors),
    smallestDetectable: null,
  })
}

/**
 * The interval of the ratio that some evidence of harm leaves possible, the widest of those that the priors give.
 * @param chances of how many comparisons one is picked for being the worst: so much wider, all of them hold at once.
 */
export function intervalOf(
  harm: RatioEvidence,
  look: Look,
  chances = 1,
): Pick<Judgement['effect'], 'low' | 'high' | 'level'> {
  const level = 1 - (1 - intervalLevel) / chances
  const ends = look.intervals.map((priors) => ratioInterval(harm.closed, harm.model.r0, priors, level))
  const highs = ends.map(({ high }) => high)
  return {
    low: ends.length === 0 ? 0 : Math.min(...ends.map(({ low }) => low)),
    high: highs.length === 0 || highs.includes(null) ? null : Math.max(...highs.map((high) => high ?? 0)),
    level: intervalLevel,
  }
}
