import type { NullParameters } from '../../domain/null-parameters.ts'
import { emptyStratum, plusStratum, type RatioPrior, type Stratum } from '../../stats/ratio-process.ts'
import { harmEvidence, logEvidence, type RatioEvidence, withBlock } from './ratio-evidence.ts'

/** Blocks and, where there are so many, pods of an arm that something has to come from: once is no evidence. */
const leastBlocks = 2
const leastPods = 2

/** Events of both arms in one slice, and the pods that had one, of the arm that is shown to have more. */
type Sighting = { readonly xc: number; readonly xb: number; readonly pods: Iterable<string> }

/**
 * Collects the evidence that one arm does one thing, or one of several, more often by exposure than the other: the
 * canary, unless both are given the other way round.
 */
export type RecurringEvidence = {
  /** @param sighting null: nothing came in the slice. */
  observe(exposure: Pick<Stratum, 'nc' | 'nb'>, sighting: Sighting | null): void
  closeBlock(): void
  /** All of it, the open block too. */
  now(): RatioEvidence
  /** log E; at most 0 as long as it came in one block only, or from one of several pods. @param pods of that arm. */
  read(priors: readonly RatioPrior[], pods: number): number
}

/** @param margin the ratio beyond which it is harm. */
export function openRecurringEvidence(margin: number, parameters: NullParameters): RecurringEvidence {
  const seenAt = new Set<string>()
  let evidence: RatioEvidence = harmEvidence(margin, parameters)
  let open = emptyStratum
  let blocks = 0
  return {
    observe({ nc, nb }, sighting) {
      open = plusStratum(open, { xc: sighting?.xc ?? 0, nc, xb: sighting?.xb ?? 0, nb })
      for (const pod of sighting?.pods ?? []) seenAt.add(pod)
    },
    closeBlock() {
      evidence = withBlock(evidence, [open])
      if (open.xc > 0) blocks += 1
      open = emptyStratum
    },
    now: () => withBlock(evidence, [open]),
    read(priors, pods) {
      const recurs = blocks + (open.xc > 0 ? 1 : 0) >= leastBlocks && seenAt.size >= Math.min(leastPods, pods)
      const logE = logEvidence(withBlock(evidence, [open]), priors)
      return recurs ? logE : Math.min(0, logE)
    },
  }
}
