import type { Deployment } from '../domain/deployment.ts'
import type { Counts, Histogram } from '../domain/evidence.ts'
import type { GaugeHistories } from '../domain/gauge-history.ts'
import type { Beginnings } from '../domain/judge.ts'
import type { MetricNulls } from '../domain/null-parameters.ts'
import { mainQuery } from '../domain/template.ts'
import { learnGaugeHistories } from '../judges/sequential/learn-gauge-histories.ts'
import { mergeCounts } from '../stats/log-histogram.ts'
import type { RollupReader } from '../storage/rollup-reader.ts'
import { instrumentsOf } from './collect.ts'
import type { OwnBeginnings } from './own-beginnings.ts'
import { requestInstruments } from './request-source.ts'
import { baselineLatency, gaugeTicks, isOfBaseline } from './slices.ts'
import { telemetryPods } from './telemetry-pods.ts'
import { firstTick, type Window } from './timetable.ts'

const hourMs = 3_600_000

/** Points of histograms are read so much at once: each says all that its series ever counted. */
const chunkMs = 600_000

/** The hour before a deployment started, in whole ticks. */
export function hourBefore(deployment: Deployment): Window {
  const to = firstTick(deployment)
  return { from: to - hourMs, to }
}

/**
 * How the baseline was in the hour before the deployment started: its durations, its requests, and how its gauges move.
 * @param nulls what history taught; null: the judge's cold start.
 * @param told what sources of single metrics told of that hour; null: the template has no such metric.
 */
export async function collectBeginnings(
  rollups: RollupReader,
  deployment: Deployment,
  nulls: MetricNulls | null,
  told: OwnBeginnings | null = null,
): Promise<Beginnings> {
  const learned = nulls === null ? {} : { nulls }
  const window = hourBefore(deployment)
  const { own, gaugeHistories: ownGauges, referenceCounts: ownCounts } = told ?? {}
  const requestsFrom = await chooseInstrument(rollups, deployment, window)
  const counted = requestsFrom === null ? {} : { requestsFrom }
  if (deployment.baseline === null) return { reference: [], ...counted, ...learned }
  const isQueried = mainQuery(deployment.template) !== null
  const [reference, counts, gaugeHistories] = await Promise.all([
    isQueried ? [] : readReference(rollups, deployment, window, requestsFrom),
    isQueried ? ownCounts : countRequests(rollups, deployment, window, requestsFrom),
    learnGauges(rollups, deployment, window),
  ])
  const histories = gaugeHistories ?? ownGauges
  return {
    reference,
    ...(counts === undefined ? {} : { referenceCounts: counts }),
    ...counted,
    ...(histories === undefined ? {} : { gaugeHistories: { ...histories, ...ownGauges } }),
    ...(own === undefined ? {} : { own }),
    ...learned,
  }
}

/** The baseline's pods that its telemetry named in a window. */
export async function baselinePods(
  rollups: RollupReader,
  deployment: Deployment,
  { from, to }: Window,
): Promise<readonly string[]> {
  return (await telemetryPods(rollups, deployment, { from, to })).baseline
}

/**
 * The instrument that a deployment's requests are counted by: of those that its template names the first one that the
 * baseline reported, and without any the first. null: its template counts spans. One for all time: requests that two
 * instruments tell of would count twice.
 */
async function chooseInstrument(
  rollups: RollupReader,
  deployment: Deployment,
  { from, to }: Window,
): Promise<string | null> {
  const instruments = requestInstruments(deployment.template)
  if (instruments === null) return null
  const rows = await rollups.durationTotals([deployment.service], instruments, from, to)
  const reported = new Set(rows.filter((row) => isOfBaseline(deployment, row)).map(({ metric }) => metric))
  return instruments.find((name) => reported.has(name)) ?? instruments[0] ?? null
}

async function readReference(
  rollups: RollupReader,
  deployment: Deployment,
  { from, to }: Window,
  requestsFrom: string | null,
): Promise<Histogram> {
  const { service } = deployment
  if (requestsFrom === null) return baselineLatency(deployment, await rollups.latencies(service, from, to))
  let reference: Histogram = []
  for (let at = from; at < to; at += chunkMs) {
    const rows = await rollups.durations([service], [requestsFrom], at, Math.min(to, at + chunkMs))
    reference = mergeCounts(reference, baselineLatency(deployment, rows))
  }
  return reference
}

async function countRequests(
  rollups: RollupReader,
  deployment: Deployment,
  { from, to }: Window,
  requestsFrom: string | null,
): Promise<Counts> {
  const { service } = deployment
  const rows =
    requestsFrom === null
      ? await rollups.totals([service], from, to)
      : await rollups.durationTotals([service], [requestsFrom], from, to)
  let [requests, errors] = [0, 0]
  for (const row of rows) {
    if (!isOfBaseline(deployment, row)) continue
    requests += row.requests
    errors += row.errors
  }
  return { requests, errors }
}

/** null when the template has no gauge. */
async function learnGauges(
  rollups: RollupReader,
  deployment: Deployment,
  { from, to }: Window,
): Promise<GaugeHistories | null> {
  const instruments = [...new Set(instrumentsOf(deployment, 'gauge'))]
  if (instruments.length === 0) return null
  const rows = await rollups.gauges([deployment.service], instruments, from, to)
  const { metrics, blockSeconds } = deployment.template
  return learnGaugeHistories(gaugeTicks(deployment, rows), metrics, { from, to, blockSeconds })
}
