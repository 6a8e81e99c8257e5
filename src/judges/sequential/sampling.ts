import { type ArmSlice, type Slice, standsFor } from '../../domain/evidence.ts'

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
  const requests = { canary: 0, baseline: 0 }
  /** What the canary's requests stand for, by its own factor of each slice and by the baseline's. */
  const stoodFor = { canary: 0, baseline: 0 }
  const factorOf = (arm: ArmSlice): number => standsFor(arm) / arm.requests
  return {
    observe({ canary, baseline }) {
      // Slice by slice: both arms may change their sampling together while the canary's share grows.
      if (canary.requests === 0 || baseline.requests === 0) return
      requests.canary += canary.requests
      requests.baseline += baseline.requests
      stoodFor.canary += canary.requests * factorOf(canary)
      stoodFor.baseline += canary.requests * factorOf(baseline)
    },
    read() {
      if (requests.canary < leastRequests || requests.baseline < leastRequests) return null
      const factor = stoodFor.canary / stoodFor.baseline
      if (Math.max(factor, 1 / factor) <= mostFactor) return null
      return { baseline: stoodFor.baseline / requests.canary, canary: stoodFor.canary / requests.canary }
    },
  }
}
