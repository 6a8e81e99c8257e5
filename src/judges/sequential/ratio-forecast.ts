import { informationNeeded, ratioInformation } from '../../stats/power.ts'
import { armTau } from './cold-start.ts'
import type { Look } from './metric-trial.ts'

/** The tau that forecasts reckon with: the largest in use, or that of the pods seen while none is fixed. */
export function largestTau(look: Look): number {
  if (look.priors.length > 0) return Math.max(...look.priors.map((prior) => prior.tau))
  return armTau(look.parameters.tauPod, Math.max(1, look.pods.canary), Math.max(1, look.pods.baseline))
}

/**
 * Seconds of evidence until a ratio process reaches 1 / alpha at a log-ratio `distance` beyond its null, when events go
 * on coming as the xc and xb of `look.seconds` so far; null when that is never.
 */
export function secondsFor(distance: number, xc: number, xb: number, look: Look, alpha: number): number | null {
  if (!(look.seconds > 0)) return null
  const perSecond = ratioInformation(xc, xb, look.parameters.phi) / look.seconds
  const needed = informationNeeded(distance, largestTau(look), alpha)
  return needed === null || perSecond === 0 ? null : needed / perSecond
}
