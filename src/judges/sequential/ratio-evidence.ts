import type { NullParameters } from '../../domain/null-parameters.ts'
import {
  addBlock,
  blockLogLikelihood,
  noEvidence,
  type RatioModel,
  type RatioPrior,
  ratioLogE,
  ratioModel,
  type Stratum,
  swapArms,
} from '../../stats/ratio-process.ts'
import { coldStart } from './cold-start.ts'

/** One direction of one comparison: what its closed blocks say, and how to read it. */
export type RatioEvidence = {
  readonly model: RatioModel
  readonly direction: 'harm' | 'harmless'
  readonly closed: Float64Array
}

/** Evidence for "the canary's rate is more than `margin` times the baseline's". */
export function harmEvidence(margin: number, parameters: NullParameters = coldStart): RatioEvidence {
  return { model: ratioModel(margin, parameters), direction: 'harm', closed: noEvidence() }
}

/** Evidence for "the canary's rate is less than `margin` times the baseline's": the same process, arms swapped. */
export function harmlessEvidence(margin: number, parameters: NullParameters = coldStart): RatioEvidence {
  return { model: ratioModel(1 / margin, parameters), direction: 'harmless', closed: noEvidence() }
}

/** The evidence with one more block; the open block may be added for a look and dropped again. */
export function withBlock(evidence: RatioEvidence, strata: readonly Stratum[]): RatioEvidence {
  const block = blockLogLikelihood(evidence.model, evidence.direction === 'harm' ? strata : swapArms(strata))
  return { ...evidence, closed: addBlock(evidence.closed, block) }
}

/**
 * log E, the least over the priors: the least of e-processes stays below each of them, so it is valid whichever of the
 * priors is right. 0 while there is no prior.
 */
export function logEvidence(evidence: RatioEvidence, priors: readonly RatioPrior[]): number {
  return priors.length === 0 ? 0 : Math.min(...priors.map((prior) => ratioLogE(evidence.closed, prior)))
}
