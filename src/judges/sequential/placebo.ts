import type { PlaceboRate } from '../../domain/calibration.ts'
import type { Histogram } from '../../domain/evidence.ts'
import type { GaugeHistories } from '../../domain/gauge-history.ts'
import type { MetricNulls } from '../../domain/null-parameters.ts'
import type { Template } from '../../domain/template.ts'
import type { Conclusion } from '../../domain/verdict.ts'
import { proportionInterval } from '../../stats/proportion-interval.ts'
import { type GaugeTick, learnGaugeHistories } from './learn-gauge-histories.ts'
import { openTrial } from './open-trial.ts'
import { firstAt, type HistoryTick, placeboSlices, sumHistograms } from './placebo-slices.ts'
import { seededRandom } from './seeded-random.ts'

export type PlaceboPlan = {
  readonly template: Template
  readonly nulls?: MetricNulls
  /** Pods of a placebo canary, at least 1: as many as real canaries of the service have. */
  readonly canaryPods: number
  /** So many placebos are tried. */
  readonly runs: number
  /** How long each is judged; usually the template's deadline. */
  readonly seconds: number
  readonly seed: number
}

/** As of deployments: the time before the start that latency thresholds begin with. */
const referenceMs = 3_600_000

/** Windows that are tried for a run until one has the pods. */
const tries = 20

type Placebo = { readonly startedAt: number; readonly seconds: number; readonly canary: ReadonlySet<string> }
type Outcome = { readonly rolledBackBy: string | null; readonly promotedAfter: number | null }

/**
 * Judges canaries that are none: pods of one version against its other pods, chosen by lot like the time at which they
 * start, through the whole judge with its template. Every rollback among them is a false one, so this measures what
 * alpha promises, whatever the service's noise is like, for all metrics together.
 *
 * Runs go on after a promote, as a rollback may revoke it. What a template decides at its deadline is policy and counted
 * as neither. Placebos share pods and hours, so they are not independent and the interval is narrower than the truth.
 * The same history, plan and seed give the same result.
 *
 * @param history in order of time, of one version; RangeError when out of order, or when the plan is none
 */
export function replayPlacebos(history: readonly HistoryTick[], plan: PlaceboPlan): PlaceboRate {
  check(history, plan)
  const random = seededRandom(plan.seed)
  const reference = referenceBefore(history)
  const outcomes: Outcome[] = []
  for (let run = 0; run < plan.runs; run++) {
    const placebo = draw(history, plan, random)
    if (placebo !== null) outcomes.push(judge(history, placebo, plan, reference(placebo.startedAt)))
  }
  return summarise(outcomes)
}

function check(history: readonly HistoryTick[], plan: PlaceboPlan): void {
  const isCount = (value: number): boolean => Number.isInteger(value) && value >= 1
  if (!isCount(plan.canaryPods)) {
    throw new RangeError(`canaryPods: expected a whole number from 1, got ${plan.canaryPods}`)
  }
  if (!isCount(plan.runs)) throw new RangeError(`runs: expected a whole number from 1, got ${plan.runs}`)
  if (!(plan.seconds >= plan.template.lookSeconds)) {
    throw new RangeError(`seconds: expected at least one look of ${plan.template.lookSeconds}, got ${plan.seconds}`)
  }
  for (const [i, { from }] of history.entries()) {
    const before = history[i - 1]
    if (before === undefined || from >= before.to) continue
    throw new RangeError(`history: expected ticks in order of time, got one from ${from} after one to ${before.to}`)
  }
}

/** A time within the history, after an hour of reference where there is room, and pods that serve then. */
function draw(history: readonly HistoryTick[], plan: PlaceboPlan, random: () => number): Placebo | null {
  const [first, last] = [history[0], history.at(-1)]
  if (first === undefined || last === undefined) return null
  const lastStart = firstAt(history, last.to - plan.seconds * 1000 + 1) - 1
  if (lastStart < 0) return null
  const withReference = firstAt(history, first.from + referenceMs)
  const firstStart = withReference <= lastStart ? withReference : 0
  for (let attempt = 0; attempt < tries; attempt++) {
    const index = firstStart + Math.floor(random() * (lastStart - firstStart + 1))
    const startedAt = history[index]!.from
    const pods = servingPods(history, startedAt, plan.template)
    if (pods.length <= plan.canaryPods) continue
    const canary = new Set<string>()
    for (let k = 0; k < plan.canaryPods; k++) {
      canary.add(pods.splice(Math.floor(random() * pods.length), 1)[0]!)
    }
    return { startedAt, seconds: plan.seconds, canary }
  }
  return null
}

/** Pods with requests in the first judged block, sorted. Later blocks must not choose them: they are what is judged. */
function servingPods(history: readonly HistoryTick[], startedAt: number, template: Template): string[] {
  const end = startedAt + (template.warmUpSeconds + template.blockSeconds) * 1000
  const pods = new Set<string>()
  for (let i = firstAt(history, startedAt); i < history.length && history[i]!.from < end; i++) {
    for (const [pod, { requests }] of history[i]!.pods) if (pod !== '' && requests > 0) pods.add(pod)
  }
  return [...pods].sort()
}

/** Durations of all pods in the hour before a time; a tick's are summed once for all placebos. */
function referenceBefore(history: readonly HistoryTick[]): (startedAt: number) => Histogram {
  const ofTick = new Map<number, Histogram>()
  return (startedAt) => {
    const ticks: Histogram[] = []
    for (
      let i = firstAt(history, startedAt - referenceMs);
      history[i] !== undefined && history[i]!.to <= startedAt;
      i++
    ) {
      const known = ofTick.get(i) ?? sumHistograms([...history[i]!.pods.values()].map(({ latency }) => latency))
      ofTick.set(i, known)
      ticks.push(known)
    }
    return sumHistograms(ticks)
  }
}

/** As of deployments: how the gauges of all pods moved in the hour before. */
function gaugeHistoriesBefore(history: readonly HistoryTick[], startedAt: number, template: Template): GaugeHistories {
  if (!template.metrics.some(({ kind }) => kind === 'gauge')) return {}
  const from = startedAt - referenceMs
  const ticks: GaugeTick[] = []
  for (let i = firstAt(history, from); history[i] !== undefined && history[i]!.to <= startedAt; i++) {
    for (const arm of history[i]!.pods.values()) {
      for (const [instrument, pods] of Object.entries(arm.gauges ?? {})) {
        for (const [pod, readings] of Object.entries(pods))
          ticks.push({ at: history[i]!.from, instrument, pod, readings })
      }
    }
  }
  return learnGaugeHistories(ticks, template.metrics, { from, to: startedAt, blockSeconds: template.blockSeconds })
}

function judge(
  history: readonly HistoryTick[],
  placebo: Placebo,
  { template, nulls }: PlaceboPlan,
  reference: Histogram,
): Outcome {
  const trial = openTrial({
    service: 'placebo',
    baselineLabel: 'the other pods',
    canaryLabel: 'the chosen pods',
    hasBaseline: true,
    startedAt: placebo.startedAt,
    attempt: 1,
    template,
    reference,
    gaugeHistories: gaugeHistoriesBefore(history, placebo.startedAt, template),
    ...(nulls === undefined ? {} : { nulls }),
  })
  let promotedAfter: number | null = null
  for (const slice of placeboSlices(history, placebo, template)) {
    trial.observe(slice)
    const conclusion = trial.conclude(slice.to)
    if (conclusion.reason.code === 'DEADLINE') continue
    if (conclusion.decision === 'rollback') return { rolledBackBy: loudest(conclusion), promotedAfter: null }
    if (conclusion.decision === 'promote') promotedAfter ??= (slice.to - placebo.startedAt) / 1000
  }
  return { rolledBackBy: null, promotedAfter }
}

/** The metric with most of the combined evidence. */
function loudest({ metrics }: Conclusion): string {
  return metrics.reduce((most, metric) => (metric.weight * metric.eValue > most.weight * most.eValue ? metric : most))
    .name
}

function summarise(outcomes: readonly Outcome[]): PlaceboRate {
  const runs = outcomes.length
  const culprits = outcomes.map(({ rolledBackBy }) => rolledBackBy).filter((name) => name !== null)
  const seconds = outcomes.map(({ promotedAfter }) => promotedAfter).filter((value) => value !== null)
  const by = new Map<string, number>()
  for (const name of culprits) by.set(name, (by.get(name) ?? 0) + 1)
  return {
    runs,
    rollbacks: culprits.length,
    rate: runs === 0 ? null : culprits.length / runs,
    ...proportionInterval(culprits.length, runs),
    promotes: seconds.length,
    medianSecondsToPromote: seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)] ?? null,
    rollbacksBy: Object.fromEntries(by),
  }
}
