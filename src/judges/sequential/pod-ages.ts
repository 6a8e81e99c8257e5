import type { ArmSlice, Slice } from '../../domain/evidence.ts'

export type PodAges = {
  observe(slice: Slice): void
  /** Seconds since the canary's pod was first heard of, at `at` (Unix ms); 0 for one that never was. */
  canaryAge(pod: string, at: number): number
}

/** Since when the canary's pods have been heard of: by a request, a reading or a counter, whatever came first. */
export function trackPodAges(): PodAges {
  const since = new Map<string, number>()
  return {
    observe({ canary, from, own = {} }) {
      const note = (arm: ArmSlice, at: number): void => {
        for (const pod of podsOf(arm)) since.set(pod, Math.min(since.get(pod) ?? at, at))
      }
      note(canary, from)
      for (const told of Object.values(own)) if (!('fault' in told)) note(told.canary, told.from)
    },
    canaryAge: (pod, at) => Math.max(0, (at - (since.get(pod) ?? at)) / 1000),
  }
}

/** All pods that said anything. */
function podsOf({ pods, gauges = {}, events = {} }: ArmSlice): ReadonlySet<string> {
  const named = [pods, ...Object.values(gauges), ...Object.values(events)]
  return new Set(named.flatMap((byPod) => Object.keys(byPod)))
}
