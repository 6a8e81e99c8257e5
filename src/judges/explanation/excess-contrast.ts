import { type Counts, plusCounts } from '../../domain/evidence.ts'
import type { BothArms } from '../../domain/explanation.ts'
import { gaugeLogE } from '../../stats/gauge-evidence.ts'

/** Failures come in clumps: what is counted varies so much more than single events would. */
const phi = 2

/** Scale of the log ratios of ratios that are looked for: a place that holds the excess is several times worse. */
const rho = Math.log(4)

/** A part of an operation's requests, and the rest of them. */
export type Contrast = { readonly part: BothArms; readonly rest: BothArms }

/**
 * The e-value for "the canary is worse in the part than in the rest, each against its own baseline": the ratio of the two
 * rate ratios, by its logarithm. Contrasts of several operations are weighted by their information, so that an operation
 * which fails more and happens to lie in the part does not make the part look guilty.
 * Source: Woolf (1955) for the logarithm's variance, with half an event added to each count (Haldane 1956).
 */
export function contrastEValue(contrasts: readonly Contrast[]): number {
  let [weighted, information] = [0, 0]
  for (const { part, rest } of contrasts) {
    if ([part, rest].some(({ baseline, canary }) => baseline.requests === 0 || canary.requests === 0)) continue
    const variance = phi * (variancePart(part) + variancePart(rest))
    weighted += (logRatio(part) - logRatio(rest)) / variance
    information += 1 / variance
  }
  if (information === 0) return 1
  return Math.exp(Math.min(690, gaugeLogE({ d: weighted / information, v: 1 / information, tau: 0, rho })))
}

/** log of the canary's rate over the baseline's. */
function logRatio({ baseline, canary }: BothArms): number {
  return Math.log((canary.errors + 0.5) / (canary.requests + 1) / ((baseline.errors + 0.5) / (baseline.requests + 1)))
}

function variancePart({ baseline, canary }: BothArms): number {
  return 1 / (canary.errors + 0.5) + 1 / (baseline.errors + 0.5)
}

/** The canary's events beyond those that the baseline's rate would have made; negative when there are fewer. */
export function excessOf({ baseline, canary }: BothArms): number {
  const rate = baseline.requests === 0 ? 0 : baseline.errors / baseline.requests
  return canary.errors - canary.requests * rate
}

export const noCounts: BothArms = { baseline: { requests: 0, errors: 0 }, canary: { requests: 0, errors: 0 } }

export function plusBoth(a: BothArms, b: BothArms): BothArms {
  return { baseline: plusCounts(a.baseline, b.baseline), canary: plusCounts(a.canary, b.canary) }
}

/** What is left of the whole without the part. */
export function minusBoth(whole: BothArms, part: BothArms): BothArms {
  return { baseline: minusCounts(whole.baseline, part.baseline), canary: minusCounts(whole.canary, part.canary) }
}

function minusCounts(whole: Counts, part: Counts): Counts {
  return { requests: whole.requests - part.requests, errors: whole.errors - part.errors }
}
