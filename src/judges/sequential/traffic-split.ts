import type { Slice } from '../../domain/evidence.ts'
import type { TrialContext } from '../../domain/judge.ts'
import { splitLogE } from '../../stats/split-evidence.ts'

/** The canary's share of all requests, as announced and as it came. */
export type SplitFault = { readonly planned: number; readonly seen: number }

export type SplitWatch = { observe(slice: Slice): void; read(): SplitFault | null }

/** Requests that belong to one user or connection are drawn together; counting each alone fires on healthy splits. */
const requestsPerUnit = 20

/** How near the plan a wrong split is expected. */
const concentration = 100

/** Splits within this of the plan are as good as the plan, whatever can be shown. */
const tolerance = 0.1

const logShown = Math.log(1000)

/** Where users are drawn for the canary at random, the split is part of the experiment; elsewhere weights are rough. */
const drawn: readonly TrialContext['strategy'][] = ['ab-test', 'feature-flag']

/**
 * Watches for a sample ratio mismatch: traffic that is not split as announced was not drawn at random, so the arms'
 * users differ and no comparison of them can be trusted.
 */
export function watchTrafficSplit(strategy: TrialContext['strategy']): SplitWatch {
  let closed = 0
  let stage = { planned: 0, canary: 0, baseline: 0 }
  const isWatched = drawn.includes(strategy)

  function logE({ planned, canary, baseline }: typeof stage): number {
    if (canary + baseline === 0) return 0
    return splitLogE([canary / requestsPerUnit, baseline / requestsPerUnit], [planned, 1 - planned], concentration)
  }

  return {
    observe(slice) {
      const planned = slice.plannedWeight ?? 0
      if (!isWatched || planned <= 0 || planned >= 1) return
      if (planned !== stage.planned) {
        // Evidence starts anew with each weight, and e-values of stages multiply.
        closed += logE(stage)
        stage = { planned, canary: 0, baseline: 0 }
      }
      stage = {
        planned,
        canary: stage.canary + slice.canary.requests,
        baseline: stage.baseline + slice.baseline.requests,
      }
    },
    read() {
      const { planned, canary, baseline } = stage
      if (canary + baseline === 0 || closed + logE(stage) < logShown) return null
      const seen = canary / (canary + baseline)
      return Math.abs(seen / planned - 1) <= tolerance ? null : { planned, seen }
    },
  }
}
