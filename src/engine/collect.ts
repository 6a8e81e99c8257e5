import type { Deployment } from '../domain/deployment.ts'
import type { Slice } from '../domain/evidence.ts'
import { isOfRequests, type MetricKind, mainQuery } from '../domain/template.ts'
import type { RunningTrial } from '../judges/verdict/running-trial.ts'
import type { RollupReader } from '../storage/rollup-reader.ts'
import type { OwnSlices } from './own-evidence.ts'
import { withOwn } from './own-evidence.ts'
import { isShadow, pairMs } from './pairs.ts'
import type { Subject } from './request-source.ts'
import { riseMs } from './rises.ts'
import { type SliceRows, sliceOf, totalsOf } from './slices.ts'
import { nextWindow, type Window } from './timetable.ts'

const hourMs = 3_600_000

/** So far a deployment catches up in one tick, in looks and in time; the rest follows in the next. */
const looksPerTick = 60
const catchUpMs = 600_000

/** A deployment with the windows that it is due to look at: at least one, each where the one before ends. */
export type Due = {
  readonly deployment: Deployment
  readonly trial: RunningTrial
  readonly windows: readonly Window[]
  /** What sources told that were asked for single metrics, window by window; absent: the template has none. */
  readonly own?: OwnSlices
}

/** The windows after `seenUpTo` that end at or before `watermark`, as many as one tick takes. */
export function dueWindows(deployment: Deployment, seenUpTo: number | null, watermark: number): Window[] {
  const windows: Window[] = []
  let window = nextWindow(deployment, seenUpTo)
  const start = window.from
  while (window.to <= watermark && windows.length < looksPerTick) {
    if (windows.length > 0 && window.to > start + catchUpMs) break
    windows.push(window)
    window = nextWindow(deployment, window.to)
  }
  return windows
}

/** The slices of some deployments, by deployment id, with one query for each kind of evidence. */
export async function collect(
  rollups: RollupReader,
  due: readonly Due[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, readonly Slice[]>> {
  const from = Math.min(...due.map(({ windows }) => windows[0]?.from ?? Number.POSITIVE_INFINITY))
  const to = Math.max(...due.map(({ windows }) => windows.at(-1)?.to ?? 0))
  const subjects = due.map(({ deployment, trial: { requestsFrom } }) => ({ deployment, requestsFrom }))
  const rows = await collectRows(rollups, subjects, from, to, signal)
  return new Map(
    due.map(({ deployment, trial, windows, own }) => [
      deployment.id,
      windows.map((window, index) => {
        const slice = sliceOf(deployment, window, rows, trial.requestsFrom)
        const told = own?.[index]
        return told === undefined ? slice : withOwn(slice, deployment.template, told)
      }),
    ]),
  )
}

/** Live deployments share their windows; one that catches up reads alone, so that it drags nobody back in time. */
export function byNearness(due: readonly Due[]): readonly (readonly Due[])[] {
  const newest = Math.max(...due.map(({ windows }) => windows.at(-1)?.to ?? 0))
  const isLive = ({ windows }: Due): boolean => (windows[0]?.from ?? 0) >= newest - 120_000
  const live = due.filter(isLive)
  const behind = due.filter((item) => !isLive(item))
  return [...(live.length > 0 ? [live] : []), ...behind.map((item) => [item])]
}

/** Of the slices of the hour before `before`: requests that arrived after they were taken, and those that were in time. */
export async function countLate(
  rollups: RollupReader,
  deployment: Deployment,
  trial: RunningTrial,
  before: number,
): Promise<NonNullable<Slice['late']>> {
  const seen = trial.seenSince(before - hourMs)
  if (seen === null) return { baseline: 0, canary: 0, inTime: { baseline: 0, canary: 0 } }
  const { requestsFrom } = trial
  const totals =
    requestsFrom === null
      ? await rollups.totals([deployment.service], seen.from, before)
      : await rollups.durationTotals([deployment.service], [requestsFrom], seen.from, before)
  const stored = totalsOf(deployment, totals)
  return {
    // Rows only grow, so less than was seen can only be rows whose time to live is over.
    baseline: Math.max(0, stored.baseline - seen.baseline),
    canary: Math.max(0, stored.canary - seen.canary),
    inTime: { baseline: seen.baseline, canary: seen.canary },
  }
}

/** All rows that the deployments' metrics ask for, in a window of Unix milliseconds. */
export async function collectRows(
  rollups: RollupReader,
  subjects: readonly Subject[],
  from: number,
  to: number,
  signal?: AbortSignal,
): Promise<SliceRows> {
  const deployments = subjects.map(({ deployment }) => deployment)
  const services = [...new Set(deployments.map(({ service }) => service))]
  const counted = subjects.filter(({ requestsFrom }) => requestsFrom !== null)
  const traced = subjects.filter(
    ({ requestsFrom, deployment }) => requestsFrom === null && mainQuery(deployment.template) === null,
  )
  const servicesOf = (of: readonly Subject[]) => [...new Set(of.map(({ deployment }) => deployment.service))]
  const instruments = [...new Set(counted.flatMap(({ requestsFrom }) => requestsFrom ?? []))]
  const asked = (kind: MetricKind): string[] => [...new Set(deployments.flatMap((one) => instrumentsOf(one, kind)))]
  const [gauges, counters] = [asked('gauge'), asked('count')]
  const shadows = deployments.filter(isShadow)
  const timed = traced.filter(({ deployment }) => isTimed(deployment))
  const calledByPod = servicesOf(timed.filter(({ deployment }) => isOfPods(deployment)))
  const called = servicesOf(timed).filter((service) => !calledByPod.includes(service))
  const [requests, durations, gaugeRows, counterRows, counts, answers, callees, calleesByPod] = await Promise.all([
    traced.length === 0 ? [] : rollups.requests(servicesOf(traced), from, to, signal),
    counted.length === 0 ? [] : rollups.durations(servicesOf(counted), instruments, from, to, signal),
    gauges.length === 0 ? [] : rollups.gauges(services, gauges, from, to, signal),
    counters.length === 0 ? [] : rollups.counters(services, counters, from, to, signal),
    counters.length === 0 ? [] : rollups.gauges(services, counters, from - riseMs, to, signal),
    shadows.length === 0
      ? []
      : rollups.answers([...new Set(shadows.map(({ service }) => service))], from - pairMs, to, signal),
    called.length === 0 ? [] : rollups.callees(called, from, to, false, signal),
    calledByPod.length === 0 ? [] : rollups.callees(calledByPod, from, to, true, signal),
  ])
  return {
    ...{ requests, durations, gauges: gaugeRows, counters: counterRows, counts, answers },
    callees: [...callees, ...calleesByPod],
  }
}

/** Whether the durations of a deployment's spans are judged: whose they are is told from what is called. */
function isTimed({ template }: Deployment): boolean {
  return template.metrics.some((metric) => metric.kind === 'distribution' && isOfRequests(metric))
}

/** Whether the arms of a deployment are told apart by pod. */
function isOfPods({ canary, baseline }: Deployment): boolean {
  return canary.match?.pod !== undefined || baseline?.match?.pod !== undefined
}

/** The instruments that a deployment's metrics of one kind may be judged by. */
export function instrumentsOf({ template }: Pick<Deployment, 'template'>, kind: MetricKind): readonly string[] {
  return template.metrics.flatMap((metric) => (metric.kind === kind ? (metric.instruments ?? []) : []))
}
