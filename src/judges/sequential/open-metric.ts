import type { GaugeHistories, GaugeHistory } from '../../domain/gauge-history.ts'
import type { TrialContext } from '../../domain/judge.ts'
import type { NullParameters } from '../../domain/null-parameters.ts'
import { isQueried, type MetricKind, type MetricSpec } from '../../domain/template.ts'
import { coldStart } from './cold-start.ts'
import { openErrorRate } from './error-rate.ts'
import { openEventCount } from './event-count.ts'
import { openGaugeGrowth } from './gauge-growth.ts'
import { openGaugeLevel } from './gauge-level.ts'
import { openLatency } from './latency.ts'
import { openLogSignatures } from './log-signatures.ts'
import type { MetricTrial } from './metric-trial.ts'
import { openNewEdges } from './new-edges.ts'
import { withOwnEvidence } from './own-evidence.ts'
import { openPairedOutcomes } from './paired-outcomes.ts'
import type { PodAges } from './pod-ages.ts'
import { openVanishedEdges } from './vanished-edges.ts'

/** What a metric is opened with besides its specification. */
export type Opening = {
  readonly context: Pick<TrialContext, 'reference' | 'gaugeHistories' | 'own'>
  readonly parameters: NullParameters
  /** Whether they are the service's own, and not the cold start. */
  readonly isLearned: boolean
  /** Shared by all metrics: one that is opened later must not take the canary's pods for new ones. */
  readonly ages: PodAges
}

const kinds: Readonly<Record<MetricKind, (spec: MetricSpec, opening: Opening) => MetricTrial>> = {
  proportion: (spec, { parameters }) => openErrorRate(spec, parameters),
  distribution: (spec, { context, parameters }) => openLatency(spec, context.reference, parameters),
  gauge: (spec, { context, parameters, isLearned, ages }) => {
    const found = historyOf(spec, context.gaugeHistories)
    const history = found !== undefined && isLearned ? moreCareful(found, parameters) : found
    return spec.reading === 'growth' ? openGaugeGrowth(spec, history, ages) : openGaugeLevel(spec, history, ages)
  },
  count: (spec, { parameters }) => openEventCount(spec, parameters),
  paired: (spec, { parameters }) => openPairedOutcomes(spec, parameters),
  signatures: (spec, { parameters }) => openLogSignatures(spec, parameters),
  edges: (spec, { parameters }) =>
    spec.reading === 'vanished' ? openVanishedEdges(spec, parameters) : openNewEdges(spec, parameters),
}

/**
 * What an hour taught, made at least as careful as calibration asks for: placebos of a day were rolled back with less.
 * The growth of a floor has no effect of pods of its own; its deviation grows by as much as the cold start was raised.
 */
function moreCareful(history: GaugeHistory, { tauPod }: NullParameters): GaugeHistory {
  const raised = Math.max(1, tauPod / coldStart.tauPod)
  return {
    ...history,
    null: { ...history.null, tauPod: Math.max(history.null.tauPod, tauPod) },
    growthDeviation: history.growthDeviation * raised,
  }
}

/** An adoption may bring a template whose metric of that name is another one: then what was learned is not about it. */
function historyOf({ name, instruments = [] }: MetricSpec, histories: GaugeHistories = {}): GaugeHistory | undefined {
  const history = Object.hasOwn(histories, name) ? histories[name] : undefined
  return history !== undefined && instruments.includes(history.instrument) ? history : undefined
}

/** The trial of one metric by its kind. Throws for a kind that has none: a template must not lose a metric silently. */
export function openMetric(spec: MetricSpec, opening: Opening): MetricTrial {
  if (!Object.hasOwn(kinds, spec.kind)) {
    throw new Error(`metric ${spec.name}: expected kind ${Object.keys(kinds).join(' or ')}, got ${spec.kind}`)
  }
  if (!isQueried(spec)) return kinds[spec.kind](spec, opening)
  // What a source tells of a metric goes by the metric's name, as if that were an instrument.
  const { reference = [] } = opening.context.own?.[spec.name] ?? {}
  const asked = { ...spec, instruments: [spec.name] }
  return withOwnEvidence(spec, kinds[spec.kind](asked, { ...opening, context: { ...opening.context, reference } }))
}
