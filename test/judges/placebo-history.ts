import type { ArmSlice } from '../../src/domain/evidence.ts'
import type { HistorySlice } from '../../src/judges/sequential/learn-metric-nulls.ts'
import type { HistoryTick } from '../../src/judges/sequential/placebo-slices.ts'
import { random } from '../stats/random.ts'
import { startedAt } from './rollout.ts'

/** One version of a service that goes on for a while. */
export type ServiceHistory = {
  readonly seed: number
  readonly pods: number
  readonly minutes: number
  /** Requests of a pod in a tick of 10 s. */
  readonly perTick: number
  readonly failing: number
  /** Standard deviation of the pods' own effects on the log of the error rate. */
  readonly podErrors?: number
  /** Share of a pod's minutes in which it fails eight times as often. */
  readonly bursts?: number
  /** This many of the pods fail so many times as often as the others. */
  readonly harm?: { readonly pods: number; readonly ratio: number }
  /** Whether durations are drawn, which takes longest. */
  readonly latency?: boolean
  /** Standard deviation of the pods' own effects on the log of durations. */
  readonly podLatency?: number
}

const tickMs = 10_000

/** Ticks of 10 s that end when rollouts start. */
export function serviceHistory(model: ServiceHistory): HistoryTick[] {
  const { pods, minutes, perTick, failing, podErrors = 0, bursts = 0, harm, latency = false, podLatency = 0 } = model
  const source = random(model.seed)
  const effects = Array.from({ length: pods }, (_, i) => {
    return Math.exp(podErrors * source.normal()) * (harm !== undefined && i < harm.pods ? harm.ratio : 1)
  })
  const slowness = Array.from({ length: pods }, () => (podLatency === 0 ? 0 : podLatency * source.normal()))
  const from = startedAt - minutes * 60_000
  const burst = effects.map(() => 1)
  return Array.from({ length: minutes * 6 }, (_, t) => {
    if (t % 6 === 0) for (const i of burst.keys()) burst[i] = source.uniform() < bursts ? 8 : 1
    const drift = 1 + 0.3 * Math.sin(t / 200)
    const served = effects.map((effect, i): [string, ArmSlice] => {
      const requests = source.poisson(perTick * drift)
      const errors = Math.min(requests, source.poisson(requests * failing * effect * burst[i]!))
      const buckets = new Map<number, number>()
      for (let k = 0; latency && k < requests; k++) {
        const bucket = Math.floor(32 * (25.25 + 0.7 * source.normal() + slowness[i]! * Math.LOG2E))
        buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1)
      }
      const counts = { requests, errors }
      const durations = [...buckets].sort(([a], [b]) => a - b)
      return [`a-${i}`, { ...counts, operations: { 'GET /': counts }, pods: {}, latency: durations }]
    })
    return { from: from + t * tickMs, to: from + (t + 1) * tickMs, pods: new Map(served) }
  })
}

/** The same as slices of a baseline, as looks record them. */
export function baselineSlices(history: readonly HistoryTick[]): HistorySlice[] {
  return history.map(({ from, to, pods }) => ({
    from,
    to,
    closesBlock: to % 60_000 === 0,
    baseline: { pods: Object.fromEntries(pods) },
  }))
}
