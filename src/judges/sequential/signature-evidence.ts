import type { NullParameters } from '../../domain/null-parameters.ts'
import type { RatioPrior, Stratum } from '../../stats/ratio-process.ts'
import { harmEvidence, logEvidence, type RatioEvidence, withBlock } from './ratio-evidence.ts'

/** Blocks and, where there are so many, pods of the canary that have to log something: once is no evidence. */
const leastBlocks = 2
const leastPods = 2

/** Events of both arms in one slice, and the pods of the canary that had one. */
type Sighting = { readonly xc: number; readonly xb: number; readonly pods: Iterable<string> }

/** Collects the evidence that the canary logs one thing, or one of several, more often by request. */
export type SignatureEvidence = {
  /** @param sighting null: nothing was logged in the slice. */
  observe(exposure: Pick<Stratum, 'nc' | 'nb'>, sighting: Sighting | null): void
  closeBlock(): void
  /** log E; at most 0 as long as it came in one block only, or from one of several pods. @param pods of the canary. */
  read(priors: readonly RatioPrior[], pods: number): number
}

/** @param margin the ratio beyond which it is harm. */
export function openSignatureEvidence(margin: number, parameters: NullParameters): SignatureEvidence {
  const empty: Stratum = { xc: 0, nc: 0, xb: 0, nb: 0 }
  const loggedBy = new Set<string>()
  let evidence: RatioEvidence = harmEvidence(margin, parameters)
  let open = empty
  let blocks = 0
  return {
    observe({ nc, nb }, sighting) {
      open = {
        xc: open.xc + (sighting?.xc ?? 0),
        nc: open.nc + nc,
        xb: open.xb + (sighting?.xb ?? 0),
        nb: open.nb + nb,
      }
      for (const pod of sighting?.pods ?? []) loggedBy.add(pod)
    },
    closeBlock() {
      evidence = withBlock(evidence, [open])
      if (open.xc > 0) blocks += 1
      open = empty
    },
    read(priors, pods) {
      const recurs = blocks + (open.xc > 0 ? 1 : 0) >= leastBlocks && loggedBy.size >= Math.min(leastPods, pods)
      const logE = logEvidence(withBlock(evidence, [open]), priors)
      return recurs ? logE : Math.min(0, logE)
    },
  }
}
