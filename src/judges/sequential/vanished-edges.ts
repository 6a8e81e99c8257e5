import { type EdgeSightings, type KnownEdge, type Slice, sumByPod } from '../../domain/evidence.ts'
import type { NullParameters } from '../../domain/null-parameters.ts'
import type { MetricSpec } from '../../domain/template.ts'
import type { Where } from '../../domain/verdict.ts'
import { combineLogE } from '../../stats/combine-evidence.ts'
import { emptyStratum, plusStratum, type Stratum } from '../../stats/ratio-process.ts'
import { exposuresOf, leastTauPod, phi } from './edge-exposure.ts'
import type { Look, MetricTrial, Reading } from './metric-trial.ts'
import { plainReading } from './plain-reading.ts'
import { intervalOf } from './rate-comparison.ts'
import { harmEvidence, harmlessEvidence, logEvidence, type RatioEvidence, withBlock } from './ratio-evidence.ts'
import { openRecurringEvidence, type RecurringEvidence } from './recurring-evidence.ts'
import { widenPriors } from './widen-priors.ts'

/** An edge has vanished when the canary's pods call it at most so often in comparison: what is rarer is not gone. */
const goneBelow = 0.1
const mostShown = 5

/** One edge in the trial. Arms are the other way round: what is shown is that the baseline calls it more often. */
type Followed = {
  readonly name: string
  readonly evidence: RecurringEvidence
  harmless: RatioEvidence
  open: Stratum
  /** Events of both arms, by exposures that give the least evidence (`nc` is the baseline's). */
  sum: Stratum
  readonly served: { canary: number; baseline: number }
}

/**
 * The judge of edges that the baseline called in the hour before the start: whether the canary's pods no longer call one.
 *
 * An event is a pod that calls an edge in ten seconds in which it served a request whose operation did so before. So a
 * canary that is not given such operations, or nothing at all, says nothing, and another mix of operations is no
 * difference. Each edge has a ratio process (`stats/ratio-process.ts`) for "the baseline's pods call it more than `margin`
 * times as often", the judge's own with the arms the other way round: a supermartingale while the canary calls it at least
 * 1 / `margin` times as often, with pod effects and bursts. The edges and their weights, 1 / K each, are fixed by what was
 * called before the start, so that the average is one too, however the edges depend on each other (Vovk & Wang,
 * "E-values: calibration, combination and applications", 2021); Ville's inequality holds over all looks.
 *
 * Some things can only lower it: an edge counts as 1 at most while the canary calls it more than a tenth as often, and
 * while the baseline's calls of it came in one block or from one of several pods; slices in which the canary made no
 * call of any edge are left out, since whoever lost the spans of all calls has lost its instruments, and not
 * its callees. (Slices that are left out for having no event of the canary hold only evidence of harm, so none are left
 * out of the promote proof, which every edge needs for itself.)
 *
 * @param learned parameters of the null, the same at every look; events come in no clumps, whatever its phi is
 */
export function openVanishedEdges(spec: MetricSpec, learned: NullParameters): MetricTrial {
  const parameters = { ...learned, phi }
  const widen = widenPriors(leastTauPod, parameters)
  let followed: readonly Followed[] | null = null

  function observe(slice: Slice): void {
    const [canary, baseline] = [slice.canary.edges, slice.baseline.edges]
    if (canary === undefined || baseline === undefined) return
    // What is told later of an edge that was not known at first would change the weights.
    followed ??= Object.keys(baseline.known).map((name) => follow(name))
    for (const one of followed) count(one, canary, baseline)
  }

  function follow(name: string): Followed {
    return {
      ...{ name, evidence: openRecurringEvidence(spec.margin, parameters) },
      ...{ harmless: harmlessEvidence(spec.promoteMargin, parameters), open: emptyStratum, sum: emptyStratum },
      served: { canary: 0, baseline: 0 },
    }
  }

  function count(one: Followed, canary: EdgeSightings, baseline: EdgeSightings): void {
    const [ofCanary, ofBaseline] = [knownOf(canary, one.name), knownOf(baseline, one.name)]
    if (ofCanary === null || ofBaseline === null) return
    const more = exposuresOf(ofBaseline, ofCanary, 'more')
    const notMore = exposuresOf(ofBaseline, ofCanary, 'not more')
    if (more === null || notMore === null) return
    const events = { xc: sumByPod(ofBaseline.pods), xb: sumByPod(ofCanary.pods) }
    one.open = plusStratum(one.open, { ...events, ...notMore })
    if (canary.calls === 0) return
    one.sum = plusStratum(one.sum, { ...events, ...more })
    one.served.canary += ofCanary.served
    one.served.baseline += ofBaseline.served
    one.evidence.observe(more, { ...events, pods: Object.keys(ofBaseline.pods) })
  }

  function closeBlock(): void {
    for (const one of followed ?? []) {
      one.evidence.closeBlock()
      one.harmless = withBlock(one.harmless, [one.open])
      one.open = emptyStratum
    }
  }

  function read(look: Look): Reading {
    const wide = widen(look)
    const edges = (followed ?? []).map((one) => {
      const { xc, nc, xb, nb } = one.sum
      const isGone = xc > 0 && xb / nb <= (goneBelow * xc) / nc
      const logE = one.evidence.read(wide.priors, look.pods.baseline)
      return { one, isGone, hasData: one.sum.nc > 0, logE: isGone ? logE : Math.min(0, logE) }
    })
    const speaking = edges.filter(({ hasData }) => hasData).toSorted((a, b) => b.logE - a.logE)[0]?.one
    const weights = edges.map(() => 1 / edges.length)
    return plainReading(spec, look, {
      baseline: armOf('baseline'),
      canary: armOf('canary'),
      hasData: speaking !== undefined,
      effect: effectOf(),
      beyondMargin: edges.some(({ isGone }) => isGone),
      logE: combineLogE(
        edges.map(({ logE }) => logE),
        weights,
      ),
      // An edge that nobody could have called is one of which nothing is proven.
      logPromote: edges.length === 0 ? 0 : Math.min(...edges.map(({ one }) => harmlessness(one, wide))),
      smallestDetectable: null,
      where: placesOf(edges.filter(({ isGone }) => isGone)),
    })

    function armOf(arm: 'canary' | 'baseline') {
      const samples = speaking?.served[arm] ?? 0
      const value = speaking === undefined || samples === 0 ? null : rateOf(speaking, arm)
      return { value, samples, pods: look.pods[arm] }
    }

    function effectOf() {
      const { xc, nc, xb, nb } = speaking?.sum ?? emptyStratum
      const harm = speaking?.evidence.now() ?? harmEvidence(spec.margin, parameters)
      return { ratio: xb === 0 || nc === 0 ? null : xc / nc / (xb / nb), ...intervalOf(harm, look, edges.length || 1) }
    }
  }

  return { observe, closeBlock, read }
}

/** log of the proof that the canary still calls an edge. */
function harmlessness({ harmless, open }: Followed, { priors }: Look): number {
  return logEvidence(withBlock(harmless, [open]), priors)
}

/** In which share of the ten seconds with such requests an arm's pods called it. */
function rateOf({ sum, served }: Followed, arm: 'canary' | 'baseline'): number {
  return (arm === 'canary' ? sum.xb : sum.xc) / served[arm]
}

function placesOf(gone: readonly { readonly one: Followed; readonly logE: number }[]): readonly Where[] {
  return gone
    .toSorted((a, b) => b.logE - a.logE || (a.one.name < b.one.name ? -1 : 1))
    .slice(0, mostShown)
    .map(({ one: { name, sum, served } }) => ({
      ...{ attribute: 'vanished edge', value: name, ratio: sum.xb / served.canary / (sum.xc / served.baseline) },
      baseline: { requests: served.baseline, errors: sum.xc },
      canary: { requests: served.canary, errors: sum.xb },
    }))
}

/** An edge may be called like a property that every object has. */
function knownOf({ known }: EdgeSightings, edge: string): KnownEdge | null {
  return Object.hasOwn(known, edge) ? known[edge]! : null
}
