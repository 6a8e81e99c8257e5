import { type Counts, plusCounts, type Slice } from '../../domain/evidence.ts'
import type { NullParameters } from '../../domain/null-parameters.ts'
import type { MetricSpec } from '../../domain/template.ts'
import type { Effect, Judgement } from '../../domain/verdict.ts'
import { ratioInformation, smallestDetectableRatio } from '../../stats/power.ts'
import { rateBelowLogE } from '../../stats/rate-below.ts'
import { ratioInterval } from '../../stats/ratio-interval.ts'
import type { Stratum } from '../../stats/ratio-process.ts'
import { secondsUntilBelow } from './floor-forecast.ts'
import { eValue, findingOf, intervalLevel, type Look, type MetricTrial, type Reading } from './metric-trial.ts'
import { trackOperationExcess } from './operation-excess.ts'
import { harmEvidence, harmlessEvidence, logEvidence, type RatioEvidence, withBlock } from './ratio-evidence.ts'
import { largestTau, secondsFor } from './ratio-forecast.ts'
import { trackStrata } from './strata.ts'

/** Everything counted so far. */
type Totals = { canary: Counts; baseline: Counts; pooledOpen: Stratum; commonC: number; commonB: number }

function rateOf(counts: Counts): number | null {
  return counts.requests === 0 ? null : counts.errors / counts.requests
}

const empty: Stratum = { xc: 0, nc: 0, xb: 0, nb: 0 }

/**
 * The judge of failed requests among all.
 *
 * Harm: the ratio process over operations. No harm, either of two proofs, each at alphaPromote: the ratio is below the
 * promote margin, within operations *and* over all requests together (so that nothing hides in an operation that cannot
 * be compared); or the canary's own rate is below the promote floor, since a ratio cannot be proven from no errors.
 *
 * @param parameters of the null, the same at every look
 */
export function openErrorRate(spec: MetricSpec, parameters: NullParameters): MetricTrial {
  const strata = trackStrata()
  const operations = trackOperationExcess()
  let harm = harmEvidence(spec.margin, parameters)
  let harmless = harmlessEvidence(spec.promoteMargin, parameters)
  let pooled = harmlessEvidence(spec.promoteMargin, parameters)
  const totals: Totals = {
    canary: { requests: 0, errors: 0 },
    baseline: { requests: 0, errors: 0 },
    pooledOpen: empty,
    commonC: 0,
    commonB: 0,
  }

  return {
    observe(slice: Slice) {
      for (const { xc, nc, xb, nb } of strata.observe(slice)) {
        if (nc + nb === 0) continue
        totals.commonC += (xc * nb) / (nc + nb)
        totals.commonB += (xb * nc) / (nc + nb)
      }
      operations.observe(slice)
      totals.canary = plusCounts(totals.canary, slice.canary)
      totals.baseline = plusCounts(totals.baseline, slice.baseline)
      totals.pooledOpen = {
        xc: totals.pooledOpen.xc + slice.canary.errors,
        nc: totals.pooledOpen.nc + slice.canary.requests,
        xb: totals.pooledOpen.xb + slice.baseline.errors,
        nb: totals.pooledOpen.nb + slice.baseline.requests,
      }
    },
    closeBlock() {
      harm = withBlock(harm, strata.open())
      harmless = withBlock(harmless, strata.open())
      pooled = withBlock(pooled, [totals.pooledOpen])
      strata.closeBlock()
      totals.pooledOpen = empty
    },
    read(look) {
      const open = strata.open()
      const now = {
        harm: withBlock(harm, open),
        harmless: withBlock(harmless, open),
        pooled: withBlock(pooled, [totals.pooledOpen]),
      }
      return readErrorRate(spec, totals, now, look, { where: operations.where(), share: operations.share() })
    },
  }
}

function readErrorRate(
  spec: MetricSpec,
  totals: Totals,
  now: { readonly harm: RatioEvidence; readonly harmless: RatioEvidence; readonly pooled: RatioEvidence },
  look: Look,
  excess: { readonly where: Judgement['where']; readonly share: number },
): Reading {
  const { canary, baseline } = totals
  const logE = logEvidence(now.harm, look.priors)
  const logRatio = Math.min(logEvidence(now.harmless, look.priors), logEvidence(now.pooled, look.priors))
  const floor = spec.promoteFloor ?? 0
  const logFloor = floor > 0 ? rateBelowLogE(canary.errors, canary.requests, floor, look.parameters.phi) : -Infinity
  const logPromote = Math.max(logRatio, logFloor)
  const effect = ratioEffect(spec, totals, now.harm, look)
  const hasData = canary.requests > 0 && baseline.requests > 0
  const difference = (rateOf(canary) ?? 0) - (rateOf(baseline) ?? 0)
  const aboveFloor = difference >= (spec.rollbackFloor ?? Number.NEGATIVE_INFINITY)
  const decisive = aboveFloor ? logE : Math.min(0, logE)
  const beyondMargin = effect.ratio === null ? canary.errors > 0 : effect.ratio > spec.margin
  const judgement: Judgement = {
    name: spec.name,
    kind: spec.kind,
    group: spec.group,
    finding: findingOf({
      hasData,
      beyondMargin: beyondMargin && aboveFloor,
      logE,
      logPromote,
      weight: spec.weight,
      budget: look.budget,
    }),
    critical: spec.critical,
    weight: spec.weight,
    baseline: { value: rateOf(baseline), samples: baseline.requests, pods: look.pods.baseline },
    canary: { value: rateOf(canary), samples: canary.requests, pods: look.pods.canary },
    effect,
    eValue: eValue(logE),
    promoteEValue: eValue(logPromote),
    promoteProof: logFloor > logRatio ? 'floor' : 'ratio',
    smallestDetectable: hasData ? detectable(spec, totals, look) : null,
    where: excess.where,
  }
  return {
    judgement,
    logE: decisive,
    logPromote,
    looksHarmful: logE > 0 && beyondMargin && aboveFloor,
    worstShare: excess.share,
    secondsToShow: hasData ? secondsToShow(spec, totals, look) : null,
    secondsToRuleOut: hasData ? secondsToRuleOut(spec, totals, look) : null,
  }
}

/**
 * The common ratio of all operations and slices by Mantel & Haenszel (1959), which equals the quotient of the two rates
 * when the traffic's mix and split are steady, and is right where they are not.
 */
function ratioEffect(spec: MetricSpec, totals: Totals, harm: RatioEvidence, look: Look): Effect {
  const ends = look.intervals.map((priors) => ratioInterval(harm.closed, harm.model.r0, priors, intervalLevel))
  const highs = ends.map((end) => end.high)
  return {
    ratio: totals.commonB > 0 ? totals.commonC / totals.commonB : null,
    low: ends.length === 0 ? 0 : Math.min(...ends.map((end) => end.low)),
    high: highs.length === 0 || highs.includes(null) ? null : Math.max(...highs.map((high) => high ?? 0)),
    level: intervalLevel,
    margin: spec.margin,
    promoteMargin: spec.promoteMargin,
  }
}

/** Half an event stands for none: a forecast must not be infinite because nothing has failed yet. */
function atLeastHalf(events: number): number {
  return Math.max(0.5, events)
}

function detectable(spec: MetricSpec, { canary, baseline }: Totals, look: Look): number | null {
  if (look.priors.length === 0 || spec.weight === 0) return null
  const rate = atLeastHalf(baseline.errors) / baseline.requests
  return smallestDetectableRatio(spec.margin, largestTau(look), look.budget.alpha * spec.weight, (ratio) =>
    ratioInformation(Math.min(1, rate * ratio) * canary.requests, atLeastHalf(baseline.errors), look.parameters.phi),
  )
}

function secondsToShow(spec: MetricSpec, { canary, baseline }: Totals, look: Look): number | null {
  const xc = canary.errors
  const xb = atLeastHalf(baseline.errors)
  const distance = Math.log((xc * baseline.requests) / (xb * canary.requests) / spec.margin)
  return secondsFor(distance, xc, xb, look, look.budget.alpha * spec.weight)
}

function secondsToRuleOut(spec: MetricSpec, { canary, baseline }: Totals, look: Look): number | null {
  const rate = (canary.errors + baseline.errors) / (canary.requests + baseline.requests)
  const byRatio = secondsFor(
    Math.log(spec.promoteMargin),
    rate * canary.requests,
    rate * baseline.requests,
    look,
    look.budget.alphaPromote,
  )
  const byFloor =
    spec.promoteFloor === undefined || spec.promoteFloor <= 0
      ? null
      : secondsUntilBelow(
          rate,
          canary.requests / look.seconds,
          spec.promoteFloor,
          look.budget.alphaPromote,
          look.parameters.phi,
        )
  if (byRatio === null || byFloor === null) return byRatio ?? byFloor
  return Math.min(byRatio, byFloor)
}
