import type { ByPod, Slice } from '../../domain/evidence.ts'
import type { NullParameters } from '../../domain/null-parameters.ts'
import type { MetricSpec } from '../../domain/template.ts'
import type { MetricTrial } from './metric-trial.ts'
import { openRateComparison } from './rate-comparison.ts'

const minuteMs = 60_000

/** A pod runs for so long after it was last told of: instruments are read once a minute, not in every slice. */
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
        instrument ??= spec.instruments?.find((name) => slice.baseline.events?.[name] !== undefined) ?? null
        if (instrument === null) return null
        const seconds = (slice.to - slice.from) / 1000
        const canary = slice.canary.events?.[instrument] ?? {}
        const baseline = slice.baseline.events?.[instrument] ?? {}
        return {
          xc: count.canary(canary, slice),
          nc: running.canary(canary, slice) * seconds,
          xb: count.baseline(baseline, slice),
          nb: running.baseline(baseline, slice) * seconds,
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

/** Counts the pods of an arm of which the instrument tells; where nobody tells of restarts, none were ruled out. */
function runningPods(): (byPod: ByPod<number>, slice: Slice) => number {
  const lastHeard = new Map<string, number>()
  return (byPod, { to }) => {
    for (const pod of Object.keys(byPod)) lastHeard.set(pod, to)
    for (const [pod, at] of lastHeard) if (at <= to - heardMs) lastHeard.delete(pod)
    return lastHeard.size
  }
}
