import type { ArmSlice, Slice } from '../../domain/evidence.ts'

/** How many requests one counted request stands for, in each arm. */
export type SamplingFault = { readonly baseline: number; readonly canary: number }

export type SamplingWatch = { observe(slice: Slice): void; read(): SamplingFault | null }

/** Fewer requests of an arm say nothing about how it is sampled. */
const leastRequests = 100

/** Thresholds differ by factors; anything below this is chance of which spans carry one. */
const mostFactor = 1.1

/**
 * Watches whether both arms are sampled alike, by the thresholds that their senders write into the trace state. A sampler
 * that keeps more of the failed requests of one arm makes any two rates differ.
 */
export function watchSampling(): SamplingWatch {
  const canary = { requests: 0, adjusted: 0 }
  const baseline = { requests: 0, adjusted: 0 }
  const add = (sum: typeof canary, arm: ArmSlice): void => {
    sum.requests += arm.requests
    sum.adjusted += arm.adjusted ?? arm.requests
  }
  return {
    observe(slice) {
      add(canary, slice.canary)
      add(baseline, slice.baseline)
    },
    read() {
      if (canary.requests < leastRequests || baseline.requests < leastRequests) return null
      const fault = { baseline: baseline.adjusted / baseline.requests, canary: canary.adjusted / canary.requests }
      const factor = fault.canary / fault.baseline
      return Math.max(factor, 1 / factor) > mostFactor ? fault : null
    },
  }
}
