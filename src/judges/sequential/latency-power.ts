import { countAbove, quantileBucket, totalCount } from '../../stats/log-histogram.ts'
import { ratioInformation, smallestDetectableRatio } from '../../stats/power.ts'
import { type LatencyPair, lowerEdges } from './latency-pair.ts'
import { bucketGamma as gamma, type LatencySpec } from './latency-spec.ts'
import type { Look } from './metric-trial.ts'
import { largestTau, secondsFor } from './ratio-forecast.ts'

/** Half an event stands for none, as everywhere in forecasts. */
function eventsAbove(histogram: LatencyPair['canary'], bucket: number): number {
  return Math.max(0.5, countAbove(histogram, bucket))
}

/**
 * About the smallest slowdown that the data so far would reliably show, at the quantile that sees it best; null while
 * none does. A canary slower by s buckets has above u + k as many as the baseline has above u + k - s.
 */
export function latencyDetectable(latency: LatencySpec, pair: LatencyPair, look: Look): number | null {
  const { canary, baseline } = pair
  const lower = lowerEdges(pair).baseline
  if (look.priors.length === 0 || latency.spec.weight === 0) return null
  const alpha = look.budget.alpha * latency.spec.weight
  const split = totalCount(canary) / totalCount(baseline)
  let smallest: number | null = null
  for (const quantile of latency.quantiles) {
    const bucket = quantileBucket(baseline, quantile)
    if (bucket === null) continue
    const beyond = eventsAbove(baseline, bucket)
    const ratio = smallestDetectableRatio(1, largestTau(look), alpha / latency.quantiles.length, (r) =>
      ratioInformation(beyond * split * r, beyond, look.parameters.phi),
    )
    if (ratio === null) continue
    const shift = firstShift(latency.marginShift, (s) => {
      return eventsAbove(lower, bucket + latency.marginShift - s) / beyond >= ratio
    })
    if (shift !== null) smallest = Math.min(smallest ?? Number.POSITIVE_INFINITY, gamma ** shift)
  }
  return smallest
}

/** Beyond 64 times slower no forecast is of use. */
const lastShift = 192

function firstShift(from: number, isEnough: (shift: number) => boolean): number | null {
  for (let shift = from; shift <= lastShift; shift++) if (isEnough(shift)) return shift
  return null
}

/** Seconds of evidence that show the harm when the canary goes on as it did, at the quantile that speaks loudest. */
export function latencySecondsToShow(
  latency: LatencySpec,
  pair: LatencyPair,
  quantile: number,
  look: Look,
): number | null {
  const { canary, baseline } = pair
  const bucket = quantileBucket(baseline, quantile)
  if (bucket === null) return null
  const xc = eventsAbove(lowerEdges(pair).canary, bucket + latency.marginShift)
  const xb = eventsAbove(baseline, bucket)
  const distance = Math.log((xc * totalCount(baseline)) / (xb * totalCount(canary)))
  const alpha = (look.budget.alpha * latency.spec.weight) / latency.quantiles.length
  return secondsFor(distance, xc, xb, look, alpha)
}

/** Seconds of evidence that rule harm out at every quantile when the canary is as fast as the baseline. */
export function latencySecondsToRuleOut(
  latency: LatencySpec,
  { canary, baseline }: LatencyPair,
  look: Look,
): number | null {
  const split = totalCount(canary) / totalCount(baseline)
  let longest = 0
  for (const quantile of latency.quantiles) {
    const bucket = quantileBucket(baseline, quantile)
    if (bucket === null) return null
    const xb = eventsAbove(baseline, bucket)
    const above = eventsAbove(baseline, bucket + latency.promoteShift)
    const seconds = secondsFor(Math.log(xb / above), above * split, xb, look, look.budget.alphaPromote)
    if (seconds === null) return null
    longest = Math.max(longest, seconds)
  }
  return longest
}
