/** Events of one pod in one tick, and what they are counted per: requests, or pod-seconds. */
export type PodTick = { readonly events: number; readonly exposure: number }

/** One block of one version's history: the ticks of every pod that was there, in order; the t-th of all is one time. */
export type PodBlock = ReadonlyMap<string, readonly PodTick[]>

/** The block's sum of one pod's ticks, or of several pods'. */
export function sumTicks(ticks: Iterable<PodTick>): PodTick {
  let events = 0
  let exposure = 0
  for (const tick of ticks) {
    events += tick.events
    exposure += tick.exposure
  }
  return { events, exposure }
}
