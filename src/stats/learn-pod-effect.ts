import { meanSteps } from './learn-block-effect.ts'
import { type BlockEffect, type Placebo, placeboEvidence, placeboLogLikelihoods } from './placebo-evidence.ts'

const tauStep = 0.01
const taus = Array.from({ length: 101 }, (_, i) => i * tauStep)

/** A normal estimate plus its standard error is above the truth as often. */
const careful = 0.84

/**
 * How much pods differ, tauPod of the null, from single pods as placebos at r0 = 1: the value that tau stays below with
 * probability 84%, given the history and a prior that says the same of `expected`; but more than `expected` only as far
 * as the history makes that more likely than not, so at most the median.
 *
 * The prior falls exponentially from 0: it gives exactly `expected` when there is nothing to learn from, and lets calm
 * services be calm and wild ones wild. The common mean of the log-ratios ({@link placeboLogLikelihoods}) is integrated
 * out. To be less careful than expected takes the 84%, on purpose: few pods say little about tau, and one too small
 * makes false verdicts, while one too large makes late ones. To be more careful takes a reason, or a history of few
 * events would make every verdict late that the expected tau gives in time.
 *
 * Source: Simpson, Rue, Riebler, Martins & Sørbye, "Penalising model component complexity" (2017), for the prior;
 * Harville, "Bayesian inference for variance components" (1974), for integrating the mean out.
 *
 * @param expected tauPod without a history, above 0
 * @returns 0 to 1 in hundredths; 1 may be more
 */
export function learnPodEffect(
  placebos: readonly Placebo[],
  phi: number,
  effect: BlockEffect,
  expected: number,
): number {
  const evidence = placebos.map((placebo) => placeboEvidence(placebo, [effect], phi))
  const [logLikelihoods] = placeboLogLikelihoods(placebos, evidence, { taus, meanSteps })
  const greatest = Math.max(...logLikelihoods!)
  const rate = -Math.log(1 - careful) / expected
  const density = taus.map((tau, t) => {
    const own = logLikelihoods!.subarray(t * meanSteps.length, (t + 1) * meanSteps.length)
    return own.reduce((sum, logLikelihood) => sum + Math.exp(logLikelihood - greatest), 0) * Math.exp(-rate * tau)
  })
  const tau = Math.min(quantile(density, careful), Math.max(expected, quantile(density, 0.5)))
  return Number(tau.toFixed(2))
}

/** Of a density at all taus, with straight lines between them. */
function quantile(density: readonly number[], share: number): number {
  const pieces = density.slice(1).map((right, i) => (density[i]! + right) / 2)
  let left = share * pieces.reduce((sum, piece) => sum + piece, 0)
  for (const [i, piece] of pieces.entries()) {
    if (left <= piece) return (i + left / piece) * tauStep
    left -= piece
  }
  return taus.at(-1)!
}
