import type { Judgement, Where } from '../domain/verdict.ts'
import { threshold } from './figures.ts'
import { cohortNames } from './names.ts'
import type { ReportInput } from './report-input.ts'
import { engineVerdict, isBlind, type Tone, toneOf } from './state.ts'
import { type Totals, totalsOf } from './totals.ts'

/** A page's input with everything that several sections derive from it, computed once. */
export type Case = {
  readonly input: ReportInput
  readonly tone: Tone
  /** Nothing to judge was there, whatever was decided. */
  readonly blind: boolean
  /** No further look will come. */
  readonly over: boolean
  readonly names: { readonly baseline: string; readonly canary: string }
  readonly totals: Totals
  readonly startedAt: number
  readonly deadlineAt: number
  readonly expectedAt: number | null
  /** Evidence at which it rolls back, and proof at which it promotes. */
  readonly rollbackAt: number
  readonly promoteAt: number
  /** What the verdict says of metrics that at least one version reported, or that a promote waits for. */
  readonly reported: readonly Judgement[]
  /** Names of the metrics that nobody reported and nothing waits for. */
  readonly unreported: readonly string[]
  /** Those reported, by weight times evidence, the strongest first. */
  readonly ranked: readonly Judgement[]
  /** The critical metrics, the weakest proof first. */
  readonly critical: readonly Judgement[]
}

/** Reads a report's input once for all sections. */
export function caseOf(input: ReportInput): Case {
  const { deployment, verdict, looks } = input
  const { decision, code } = engineVerdict(verdict, looks)
  const startedAt = Date.parse(deployment.startedAt)
  const reported = verdict.metrics.filter((metric) => !isUnreported(metric))
  return {
    input,
    tone: toneOf(decision, code),
    blind: isBlind(code),
    over: verdict.final || deployment.status === 'closed',
    names: cohortNames(deployment),
    totals: totalsOf(input),
    startedAt,
    deadlineAt: startedAt + deployment.template.deadlineSeconds * 1000,
    expectedAt: verdict.expectedDecisionAt === null ? null : Date.parse(verdict.expectedDecisionAt),
    rollbackAt: threshold(verdict.confidence.falseRollbackRate),
    promoteAt: threshold(verdict.confidence.falsePromoteRate),
    reported,
    unreported: verdict.metrics.filter(isUnreported).map(({ name }) => name),
    ranked: reported.toSorted((a, b) => b.weight * b.eValue - a.weight * a.eValue),
    critical: verdict.metrics.filter((metric) => metric.critical).toSorted((a, b) => a.promoteEValue - b.promoteEValue),
  }
}

/** The quantile that says most about a distribution: by evidence of harm, or by the weakest proof when `promote`. */
export function tellingQuantile(
  judgement: Judgement,
  promote: boolean,
): NonNullable<Judgement['quantiles']>[number] | null {
  const quantiles = judgement.quantiles ?? []
  const sorted = quantiles.toSorted((a, b) => (promote ? a.promoteEValue - b.promoteEValue : b.eValue - a.eValue))
  return sorted[0] ?? null
}

/** Whether nobody has reported a metric that no promote waits for: it is named once and drawn nowhere. */
export function isUnreported({ finding, critical, baseline, canary }: Judgement): boolean {
  return finding === 'no-data' && !critical && baseline.value === null && canary.value === null
}

/** What is said of a metric without any interval. */
export function emptyWords(judgement: Judgement): string {
  if (judgement.finding === 'error') return 'could not be judged'
  const { kind, baseline, canary } = judgement
  if (baseline.value === null && canary.value === null) return 'no data from either version'
  if (canary.value === null) return 'no data from the canary'
  if (baseline.value === null) return 'no data from the baseline'
  if (kind === 'gauge') return 'not compared yet'
  const none = baseline.value === 0 && canary.value === 0
  return kind !== 'distribution' && none ? 'no events in either version' : 'no interval yet'
}

/** 'new' for events that the baseline never had, else the ratio itself. */
export function isNew(judgement: Judgement): boolean {
  return judgement.effect.ratio === null && judgement.baseline.value === 0 && (judgement.canary.value ?? 0) > 0
}

/** Failures of the canary at a place beyond those that the baseline's rate would have brought. */
export function excessOf({ baseline, canary }: Where): number {
  const share = baseline.requests === 0 ? 0 : baseline.errors / baseline.requests
  return canary.errors - canary.requests * share
}
