import { type ByPod, type EdgeSightings, type Slice, sumByPod } from '../../domain/evidence.ts'
import type { NullParameters } from '../../domain/null-parameters.ts'
import type { MetricSpec } from '../../domain/template.ts'
import type { Where } from '../../domain/verdict.ts'
import { combineLogE } from '../../stats/combine-evidence.ts'
import { emptyStratum, plusStratum } from '../../stats/ratio-process.ts'
import { byDiscovery } from './by-discovery.ts'
import { exposuresOf, leastTauPod, phi } from './edge-exposure.ts'
import type { Look, MetricTrial, Reading } from './metric-trial.ts'
import { plainReading } from './plain-reading.ts'
import { intervalOf } from './rate-comparison.ts'
import { harmlessEvidence, logEvidence, withBlock } from './ratio-evidence.ts'
import { openRecurringEvidence, type RecurringEvidence } from './recurring-evidence.ts'
import { widenPriors } from './widen-priors.ts'

/** So many pods have called an edge before it counts: one alone may call what is its own, as the agent of its node. */
const leastPods = 2
/** Shares of the metric's budget, fixed before the data: anything new, and single new edges. */
const shares = { any: 0.5, single: 0.5 } as const
/** Single edges that are followed; the next would have a share below 0.0003. */
const mostFollowed = 50
/** Edges that are told apart at all; what comes after them is no evidence. */
const mostSeen = 1000
const mostShown = 5

type Seen = {
  /** The pods that have called it, as far as they are told apart. */
  readonly pods: Set<string>
  canary: number
  baseline: number
  /** null: not followed, or not yet. */
  evidence: RecurringEvidence | null
}

type Sums = { canary: number; baseline: number }

/**
 * The judge of edges that nobody but the canary had called before the start: whether the canary's pods call them more
 * than `margin` times as often as the baseline's.
 *
 * An event is a pod that calls any such edge in ten seconds in which it served requests, and an edge counts from the
 * slice after two pods have called it, whichever arm they are of: first sighting is no evidence. Under the null both arms
 * call what is new alike, by request or by pod, as they do when a flag is switched for both or hosts come and go. Then the
 * ratio process (`stats/ratio-process.ts`) of any series of such events that is counted from a moment that does not depend
 * on what comes after it is a supermartingale, with pod effects and bursts, and with exposures that give the least evidence
 * (`edge-exposure.ts`). Half of the budget is for the series of anything new; half for single edges, each from the
 * moment on when it counts, by the order of discovery (`by-discovery.ts`), since what both arms have begun to call would
 * hide another one in the whole. An average of e-processes by weights that are known when each starts is one, and Ville's
 * inequality bounds it over all looks, however many edges there are.
 * What came in one block only, or from one pod of the canary, counts as 1 at most, which can only lower it.
 *
 * @param learned parameters of the null, the same at every look; events come in no clumps, whatever its phi is
 */
export function openNewEdges(spec: MetricSpec, learned: NullParameters): MetricTrial {
  const parameters = { ...learned, phi }
  const seen = new Map<string, Seen>()
  const any = openRecurringEvidence(spec.margin, parameters)
  const followed: RecurringEvidence[] = []
  const widen = widenPriors(leastTauPod, parameters)
  let harmless = harmlessEvidence(spec.promoteMargin, parameters)
  let open = emptyStratum
  const served: Sums = { canary: 0, baseline: 0 }
  /** Of all slices, by exposures that give the least evidence. */
  let sum = emptyStratum

  function observe(slice: Slice): void {
    const [canary, baseline] = [slice.canary.edges, slice.baseline.edges]
    if (canary === undefined || baseline === undefined) return
    count(canary, baseline, {
      canary: { expected: slice.canary.requests, served: canary.served },
      baseline: { expected: slice.baseline.requests, served: baseline.served },
    })
    for (const [arm, { fresh }] of [['canary', canary] as const, ['baseline', baseline] as const]) {
      for (const [edge, pods] of Object.entries(fresh)) note(edge, arm, pods)
    }
  }

  function count(
    canary: EdgeSightings,
    baseline: EdgeSightings,
    given: Readonly<Record<keyof Sums, { readonly expected: number; readonly served: number }>>,
  ): void {
    const more = exposuresOf(given.canary, given.baseline, 'more')
    const notMore = exposuresOf(given.canary, given.baseline, 'not more')
    if (more === null || notMore === null) return
    const [byCanary, byBaseline] = [eventsOf(canary), eventsOf(baseline)]
    const now = { xc: sumByPod(Object.fromEntries(byCanary)), xb: sumByPod(Object.fromEntries(byBaseline)) }
    any.observe(more, { ...now, pods: byCanary.keys() })
    for (const [edge, { evidence }] of seen) {
      const [inCanary, inBaseline] = [podsOf(canary, edge), podsOf(baseline, edge)]
      evidence?.observe(more, { xc: sumByPod(inCanary), xb: sumByPod(inBaseline), pods: Object.keys(inCanary) })
    }
    open = plusStratum(open, { ...now, ...notMore })
    served.canary += given.canary.served
    served.baseline += given.baseline.served
    sum = plusStratum(sum, { ...now, ...more })
  }

  /** In how many ten seconds each pod called one of the edges that count by now; no more is known of several edges. */
  function eventsOf({ fresh }: EdgeSightings): Map<string, number> {
    const byPod = new Map<string, number>()
    for (const [edge, pods] of Object.entries(fresh)) {
      if (!counts(seen.get(edge))) continue
      for (const [pod, ticks] of Object.entries(pods)) byPod.set(pod, Math.max(byPod.get(pod) ?? 0, ticks))
    }
    return byPod
  }

  function note(edge: string, arm: keyof Sums, pods: ByPod<number>): void {
    const one: Seen = seen.get(edge) ?? { pods: new Set<string>(), canary: 0, baseline: 0, evidence: null }
    if (!seen.has(edge)) {
      if (seen.size >= mostSeen) return
      seen.set(edge, one)
    }
    for (const [pod, ticks] of Object.entries(pods)) {
      if (one.pods.size < leastPods) one.pods.add(`${arm} ${pod}`)
      one[arm] += ticks
    }
    if (one.evidence !== null || !counts(one) || followed.length >= mostFollowed) return
    one.evidence = openRecurringEvidence(spec.margin, parameters)
    followed.push(one.evidence)
  }

  function closeBlock(): void {
    for (const evidence of [any, ...followed]) evidence.closeBlock()
    harmless = withBlock(harmless, [open])
    open = emptyStratum
  }

  function read(look: Look): Reading {
    const wide = widen(look)
    const { xc, nc, xb, nb } = sum
    const ratio = xb === 0 || nc === 0 ? null : xc / nc / (xb / nb)
    return plainReading(spec, look, {
      baseline: { value: share(xb, served.baseline), samples: served.baseline, pods: look.pods.baseline },
      canary: { value: share(xc, served.canary), samples: served.canary, pods: look.pods.canary },
      hasData: nc > 0 && nb > 0,
      effect: { ratio, ...intervalOf(any.now(), look) },
      beyondMargin: ratio === null ? xc > 0 : ratio > spec.margin,
      logE: combineLogE(
        [any.read(wide.priors, leastPods), byDiscovery(followed.map((one) => one.read(wide.priors, leastPods)))],
        [shares.any, shares.single],
      ),
      logPromote: logEvidence(withBlock(harmless, [open]), wide.priors),
      smallestDetectable: null,
      where: places(),
    })
  }

  /** The edges that the canary's pods call more often than the margin allows, those first that they call most. */
  function places(): readonly Where[] {
    return [...seen]
      .filter(([, one]) => counts(one) && one.canary * served.baseline > spec.margin * one.baseline * served.canary)
      .sort(([a, one], [b, other]) => other.canary - one.canary || (a < b ? -1 : 1))
      .slice(0, mostShown)
      .map(([value, one]) => {
        const [inCanary, inBaseline] = [share(one.canary, served.canary), share(one.baseline, served.baseline)]
        return {
          ...{ attribute: 'new edge', value, ratio: inBaseline ? (inCanary ?? 0) / inBaseline : null },
          baseline: { requests: served.baseline, errors: one.baseline },
          canary: { requests: served.canary, errors: one.canary },
        }
      })
  }

  return { observe, closeBlock, read }
}

/** An edge may be called like a property that every object has. */
function podsOf({ fresh }: EdgeSightings, edge: string): ByPod<number> {
  return Object.hasOwn(fresh, edge) ? fresh[edge]! : {}
}

function counts(one: Seen | undefined): boolean {
  return one !== undefined && one.pods.size >= leastPods
}

function share(events: number, served: number): number | null {
  return served === 0 ? null : events / served
}
