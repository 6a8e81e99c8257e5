import type { MetricSpec } from '../../domain/template.ts'
import type { Judgement } from '../../domain/verdict.ts'
import { eValue, findingOf, type Look, type Reading } from './metric-trial.ts'

/** What a metric without strata, quantiles or a forecast has to say at a look. */
export type PlainEvidence = {
  readonly baseline: Judgement['baseline']
  readonly canary: Judgement['canary']
  readonly hasData: boolean
  readonly effect: Pick<Judgement['effect'], 'ratio' | 'low' | 'high' | 'level'>
  readonly beyondMargin: boolean
  readonly logE: number
  readonly logPromote: number
  readonly smallestDetectable: number | null
  /** Absent: nowhere in particular. */
  readonly where?: Judgement['where']
}

/** The reading of a metric that says no more than this; nobody can tell when it will decide. */
export function plainReading(spec: MetricSpec, look: Look, evidence: PlainEvidence): Reading {
  const { logE, logPromote, beyondMargin, hasData } = evidence
  const { name, kind, group, critical, weight } = spec
  return {
    judgement: {
      ...{ name, kind, group, critical, weight },
      finding: findingOf({ hasData, beyondMargin, logE, logPromote, weight, budget: look.budget }),
      baseline: evidence.baseline,
      canary: evidence.canary,
      effect: { ...evidence.effect, margin: spec.margin, promoteMargin: spec.promoteMargin },
      eValue: eValue(logE),
      promoteEValue: eValue(logPromote),
      promoteProof: 'ratio',
      smallestDetectable: evidence.smallestDetectable,
      where: evidence.where ?? [],
    },
    logE,
    logPromote,
    looksHarmful: logE > 0 && beyondMargin,
    worstShare: 0,
    secondsToShow: null,
    secondsToRuleOut: null,
  }
}
