import type { ArmSlice, ByPod, Slice } from '../../domain/evidence.ts'
import type { NullParameters } from '../../domain/null-parameters.ts'
import type { MetricSpec } from '../../domain/template.ts'
import type { MetricTrial } from './metric-trial.ts'
import { podsOf } from './pod-ages.ts'
import { openRateComparison } from './rate-comparison.ts'

const minuteMs = 60_000

/** A pod runs for so long after it was last heard of: one with few requests does not speak in every slice. */
const heardMs = 300_000

/**
 * The judge of events that pods have: restarts, crashes, kills for memory. Their rate per pod and second in the canary
 * against the baseline's. A pod that crashes in a loop is one finding and not fifty, so each pod has at most one event a
 * minute, and what is left comes in no clumps: phi is 1. The instrument is the first of the metric's that the baseline
 * reports, for the whole deployment.
 */
export function openEventCount(spec: MetricSpec, parameters: NullParameters): MetricTrial {
  const count = { canary: cappedCount(), baseline: cappedCount() }
  const running = { canary: runningPods(), baseline: runningPods() }
  let instrument: string | null = null
  return openRateComparison(
    spec,
    { ...parameters, phi: 1 },
    {
      partOf(slice) {
        const pods = { canary: running.canary(slice.canary, slice), baseline: running.baseline(slice.baseline, slice) }
        instrument ??= spec.instruments?.find((name) => slice.baseline.events?.[name] !== undefined) ?? null
        if (instrument === null) return null
        const seconds = (slice.to - slice.from) / 1000
        return {
          xc: count.canary(slice.canary.events?.[instrument] ?? {}, slice),
          nc: pods.canary * seconds,
          xb: count.baseline(slice.baseline.events?.[instrument] ?? {}, slice),
          nb: pods.baseline * seconds,
        }
      },
      rate: (events, podSeconds) => (events / podSeconds) * 3600,
    },
  )
}

/** Counts at most one event of a pod in a minute. */
function cappedCount(): (byPod: ByPod<number>, slice: Slice) => number {
  const lastMinute = new Map<string, number>()
  return (byPod, { from }) => {
    const minute = Math.floor(from / minuteMs)
    let events = 0
    for (const [pod, grown] of Object.entries(byPod)) {
      if (!(grown > 0) || lastMinute.get(pod) === minute) continue
      lastMinute.set(pod, minute)
      events += 1
    }
    return events
  }
}

/** Counts the pods of an arm that run, as far as one can hear. */
function runningPods(): (arm: ArmSlice, slice: Slice) => number {
  const lastHeard = new Map<string, number>()
  return (arm, { to }) => {
    for (const pod of podsOf(arm)) lastHeard.set(pod, to)
    for (const [pod, at] of lastHeard) if (at <= to - heardMs) lastHeard.delete(pod)
    return lastHeard.size
  }
}
