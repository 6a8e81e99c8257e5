import { type BlockEffect, type Placebo, placeboEvidence, placeboLogLikelihoods } from './placebo-evidence.ts'
import { kernelSize } from './ratio-grid.ts'
import { ratioModel } from './ratio-process.ts'

const sigbs = [0, 0.1, 0.2, 0.3, 0.5, 0.8]
const epsilons = [0.0005, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1]
const candidates: readonly BlockEffect[] = sigbs.flatMap((sigb) => epsilons.map((eps) => ({ sigb, eps })))

/** The pods' own effects, while the blocks' are looked for. */
const taus = Array.from({ length: 21 }, (_, i) => i / 20)

/** Common means of the log-ratios in steps of the grid: the widest kernel has one of -0.7 on blocks of few events. */
export const meanSteps: readonly number[] = Array.from({ length: 14 }, (_, i) => i - 10)

/** Half of the 95% quantile of chi-square with the two degrees of freedom of (sigb, eps). */
const withinRegion = 3

/**
 * How much single blocks differ, (sigb, eps) of the null, from placebos at r0 = 1: of the pairs of a 6 x 7 grid that the
 * history does not contradict, the one nearest to what is expected without a history.
 *
 * A pair is not contradicted when its log marginal likelihood, at its best tau and mean, is within 3 of the greatest, the
 * 95% likelihood region of two parameters. The nearest is the one whose kernel has the least Kullback-Leibler divergence
 * from the expected one's. So blocks of few events, under which all pairs are about as likely, leave things as expected.
 * Source: likelihood regions, Wilks (1938); the composite likelihood of overlapping placebos, Lindsay (1988).
 *
 * @param expected eps above 0
 */
export function learnBlockEffect(placebos: readonly Placebo[], phi: number, expected: BlockEffect): BlockEffect {
  const evidence = placebos.map((placebo) => placeboEvidence(placebo, candidates, phi))
  const logLikelihoods = placeboLogLikelihoods(placebos, evidence, { taus, meanSteps }).map((all) => Math.max(...all))
  const least = Math.max(...logLikelihoods) - withinRegion
  const possible = candidates.filter((_, c) => logLikelihoods[c]! >= least)
  const divergences = possible.map((candidate) => divergence(candidate, expected))
  return possible[divergences.indexOf(Math.min(...divergences))]!
}

/** sum p log(p / q) of two effects' kernels, p of the first. */
function divergence(effect: BlockEffect, from: BlockEffect): number {
  const [p, q] = [effect, from].map(({ sigb, eps }) => ratioModel(1, { sigb, eps, phi: 1 }).kernel!)
  let sum = 0
  for (let k = 0; k < kernelSize; k++) if (p![k]! > 0) sum += p![k]! * Math.log(p![k]! / q![k]!)
  return sum
}
