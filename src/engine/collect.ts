import type { Deployment } from '../domain/deployment.ts'
import type { Histogram, Slice } from '../domain/evidence.ts'
import type { RollupReader } from '../storage/rollup-reader.ts'
import type { RunningTrial } from './running-trial.ts'
import { baselineLatency, sliceOf, totalsOf } from './slices.ts'
import { firstTick, nextWindow, type Window } from './timetable.ts'

const hourMs = 3_600_000

/** So far a deployment catches up in one tick, in looks and in time; the rest follows in the next. */
const looksPerTick = 60
const catchUpMs = 600_000

/** A deployment with the windows that it is due to look at: at least one, each where the one before ends. */
export type Due = { readonly deployment: Deployment; readonly trial: RunningTrial; readonly windows: readonly Window[] }

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

/** The slices of some deployments, by deployment id, with one query. */
export async function collect(
  rollups: RollupReader,
  due: readonly Due[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, readonly Slice[]>> {
  const services = [...new Set(due.map(({ deployment }) => deployment.service))]
  const from = Math.min(...due.map(({ windows }) => windows[0]?.from ?? Number.POSITIVE_INFINITY))
  const to = Math.max(...due.map(({ windows }) => windows.at(-1)?.to ?? 0))
  const rows = await rollups.requests(services, from, to, signal)
  return new Map(
    due.map(({ deployment, windows }) => [deployment.id, windows.map((window) => sliceOf(deployment, window, rows))]),
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
  const stored = totalsOf(deployment, await rollups.totals([deployment.service], seen.from, before))
  return {
    // Rows only grow, so less than was seen can only be rows whose time to live is over.
    baseline: Math.max(0, stored.baseline - seen.baseline),
    canary: Math.max(0, stored.canary - seen.canary),
    inTime: { baseline: seen.baseline, canary: seen.canary },
  }
}

/** The baseline's durations in the hour before the deployment started. */
export async function collectReference(rollups: RollupReader, deployment: Deployment): Promise<Histogram> {
  if (deployment.baseline === null) return []
  const start = firstTick(deployment)
  const rows = await rollups.latencies(deployment.service, start - hourMs, start)
  return baselineLatency(deployment, rows)
}
