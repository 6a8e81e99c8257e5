import type { NullParameters } from '../../domain/null-parameters.ts'
import { type RatioPrior, ratioPrior } from '../../stats/ratio-process.ts'
import type { Look } from './metric-trial.ts'

/**
 * Gives looks the priors of a null that allows a pod's own effect of at least `leastTauPod` (standard deviation on the
 * log-ratio), for things in which pods differ more than in how often they fail.
 *
 * @param parameters of the null that the looks' priors go with
 */
export function widenPriors(leastTauPod: number, parameters: NullParameters): (look: Look) => Look {
  const factor = Math.max(1, leastTauPod / Math.max(1e-9, parameters.tauPod))
  const wider = new Map<number, RatioPrior>()
  return (look) => {
    const priors = look.priors.map(({ tau }) => {
      const wide = wider.get(tau) ?? ratioPrior(tau * factor)
      wider.set(tau, wide)
      return wide
    })
    return { ...look, priors }
  }
}
