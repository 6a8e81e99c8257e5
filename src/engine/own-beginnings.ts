import type { Deployment } from '../domain/deployment.ts'
import { DavyError } from '../domain/errors.ts'
import type { Counts, Histogram } from '../domain/evidence.ts'
import type { GaugeHistories } from '../domain/gauge-history.ts'
import type { Beginnings } from '../domain/judge.ts'
import type { SourceAnswer } from '../domain/metric-source.ts'
import { type MetricSpec, mainQuery } from '../domain/template.ts'
import { type GaugeTick, learnGaugeHistories } from '../judges/sequential/learn-gauge-histories.ts'
import { mergeCounts } from '../stats/log-histogram.ts'
import { queriedMetrics } from './own-evidence.ts'
import type { Sources } from './sources.ts'
import { tickMs, type Window } from './timetable.ts'

/** A source is asked for so much of the hour at once. */
const chunkMs = 600_000

/** What sources of single metrics told of the time before the start, as parts of {@link Beginnings}. */
export type OwnBeginnings = Pick<Beginnings, 'own' | 'gaugeHistories' | 'referenceCounts'> & {
  /** By metric: why its source could not be asked. */
  readonly faults: Readonly<Record<string, string>>
}

/**
 * How the baseline was in a window before the start, as the sources of single metrics tell: durations, how gauges move,
 * and when one of them is the main evidence, its requests.
 * @param pods of the baseline in that window, as far as its telemetry told.
 * @throws only when `signal` aborts
 */
export async function askBeginnings(
  sources: Sources,
  deployment: Deployment,
  window: Window,
  pods: readonly string[],
  signal?: AbortSignal,
): Promise<OwnBeginnings> {
  const main = mainQuery(deployment.template)
  const wanted = queriedMetrics(deployment.template).filter(
    ({ kind, name }) => kind === 'distribution' || kind === 'gauge' || name === main?.name,
  )
  const own: Record<string, { readonly reference: Histogram }> = {}
  const gauges: GaugeTick[] = []
  const faults: Record<string, string> = {}
  let referenceCounts: Counts | undefined
  await Promise.all(
    wanted.map(async (metric) => {
      try {
        const told = await askHour(sources, deployment, metric, window, pods, signal)
        if (metric.kind === 'gauge') gauges.push(...told.flatMap((tick) => ticksOf(metric, tick)))
        if (metric.kind === 'distribution') own[metric.name] = { reference: latencyOf(told) }
        if (metric.name === main?.name) referenceCounts = countsOf(told)
      } catch (error) {
        if (signal?.aborted) throw error
        faults[metric.name] = error instanceof DavyError ? error.message : 'the source failed'
      }
    }),
  )
  const { blockSeconds } = deployment.template
  const asInstruments = wanted.map((metric) => ({ ...metric, instruments: [metric.name] }))
  const gaugeHistories: GaugeHistories = learnGaugeHistories(gauges, asInstruments, { ...window, blockSeconds })
  return {
    ...(Object.keys(own).length === 0 ? {} : { own }),
    ...(Object.keys(gaugeHistories).length === 0 ? {} : { gaugeHistories }),
    ...(referenceCounts === undefined ? {} : { referenceCounts }),
    faults,
  }
}

type Told = Window & SourceAnswer

/** Answers for the ticks of a window, or for gauges' sake only whole chunks where nothing is learned from ticks. */
async function askHour(
  sources: Sources,
  deployment: Deployment,
  metric: MetricSpec,
  { from, to }: Window,
  pods: readonly string[],
  signal?: AbortSignal,
): Promise<readonly Told[]> {
  const told: Told[] = []
  for (let start = from; start < to; start += chunkMs) {
    const end = Math.min(to, start + chunkMs)
    const windows = metric.kind === 'gauge' ? ticksBetween(start, end) : [{ from: start, to: end }]
    const question = { deployment, metric, windows, pods: { baseline: pods, canary: [] } }
    const answers = await sources.ask(question, signal)
    told.push(...answers.map((answer, index) => ({ ...answer, ...windows[index]! })))
  }
  return told
}

function ticksBetween(from: number, to: number): Window[] {
  return Array.from({ length: Math.ceil((to - from) / tickMs) }, (_, index) => {
    const start = from + index * tickMs
    return { from: start, to: Math.min(to, start + tickMs) }
  })
}

function ticksOf({ name }: MetricSpec, { from, baseline }: Told): GaugeTick[] {
  const byPod = baseline.gauges?.[name] ?? {}
  return Object.entries(byPod).map(([pod, readings]) => ({ at: from, instrument: name, pod, readings }))
}

function latencyOf(told: readonly Told[]): Histogram {
  return told.reduce<Histogram>((sum, { baseline }) => mergeCounts(sum, baseline.latency), [])
}

function countsOf(told: readonly Told[]): Counts {
  return told.reduce(
    (sum, { baseline }) => ({
      requests: sum.requests + baseline.requests,
      errors: sum.errors + baseline.errors,
    }),
    { requests: 0, errors: 0 },
  )
}
