import type { ArmSlice, Counts, Slice } from '../../../src/domain/evidence.ts'
import { type Cell, type Effect, podCount } from './cells.ts'
import { generateTraffic, type Traffic, tickSeconds } from './generate-traffic.ts'
import type { RandomSource } from './random-source.ts'

/** Both arms of one minute. */
export type Minute = { readonly baseline: Counts; readonly canary: Counts }

/** One canary from its start to its last look, as the judges see it: slices of 10 s, or the same by the minute. */
export type CanaryRun = { readonly slices: readonly Slice[]; readonly minutes: readonly Minute[] }

/** Where every simulated canary starts, Unix milliseconds; no judge cares when that is. */
export const runStartedAt = Date.UTC(2026, 0, 1)

export const runSeconds = 3600
export const blockSeconds = 60

const ticksPerMinute = 60 / tickSeconds
const operation = 'GET /'

/** An hour of a canary. */
export function simulateCanary(
  { noise, requestsPerSecond, canaryPods }: Cell,
  effect: Effect,
  random: RandomSource,
): CanaryRun {
  const ticks = runSeconds / tickSeconds
  const traffic = generateTraffic({ noise, requestsPerSecond, canaryPods, ratio: effect, ticks }, random)
  const slices = slicesOf(traffic, canaryPods, runStartedAt)
  const minutes = Array.from({ length: ticks / ticksPerMinute }, (_, minute) => {
    const own = slices.slice(minute * ticksPerMinute, (minute + 1) * ticksPerMinute)
    return { baseline: sum(own.map((slice) => slice.baseline)), canary: sum(own.map((slice) => slice.canary)) }
  })
  return { slices, minutes }
}

/** Generated traffic as looks would have recorded it, one slice a tick; the first pods are the canary's. */
export function slicesOf(traffic: Traffic, canaryPods: number, startedAt: number): Slice[] {
  return Array.from({ length: traffic.ticks }, (_, tick) => ({
    from: startedAt + tick * tickSeconds * 1000,
    to: startedAt + (tick + 1) * tickSeconds * 1000,
    baseline: armOf(traffic, tick, canaryPods, podCount),
    canary: armOf(traffic, tick, 0, canaryPods),
    closesBlock: ((tick + 1) * tickSeconds) % blockSeconds === 0,
    step: 0,
  }))
}

function armOf({ requests, errors }: Traffic, tick: number, first: number, end: number): ArmSlice {
  const pods: Record<string, Counts> = {}
  const total = { requests: 0, errors: 0 }
  for (let pod = first; pod < end; pod++) {
    const counts = { requests: requests[tick * podCount + pod]!, errors: errors[tick * podCount + pod]! }
    pods[`pod-${pod}`] = counts
    total.requests += counts.requests
    total.errors += counts.errors
  }
  return { ...total, operations: { [operation]: total }, pods, latency: [] }
}

function sum(counts: readonly Counts[]): Counts {
  return {
    requests: counts.reduce((total, { requests }) => total + requests, 0),
    errors: counts.reduce((total, { errors }) => total + errors, 0),
  }
}
