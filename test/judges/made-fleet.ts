/** How many pods both arms have, how much they serve, and for how long. */
export type Fleet = {
  readonly minutes: number
  readonly canaryPods: number
  readonly baselinePods: number
  /** Requests a second of one pod of the canary, and of the baseline. */
  readonly canaryRps: number
  readonly baselineRps: number
}

/** `burstUntil`: the tick at which what it does for a while ends. */
export type FleetPod = { readonly name: string; readonly isCanary: boolean; readonly rps: number; burstUntil: number }

/** 'c0', 'c1' ... of the canary, then 'b0' ... of the baseline. */
export function madeFleet({ canaryPods, canaryRps, baselinePods, baselineRps }: Fleet): FleetPod[] {
  const podsOf = (prefix: string, count: number, rps: number): FleetPod[] =>
    Array.from({ length: count }, (_, i) => ({ name: `${prefix}${i}`, isCanary: prefix === 'c', rps, burstUntil: -1 }))
  return [...podsOf('c', canaryPods, canaryRps), ...podsOf('b', baselinePods, baselineRps)]
}
