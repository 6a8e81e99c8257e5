import type { ArmSlice, Slice } from '../../domain/evidence.ts'
import type { NullParameters } from '../../domain/null-parameters.ts'
import type { MetricSpec } from '../../domain/template.ts'
import type { Where } from '../../domain/verdict.ts'
import { combineLogE } from '../../stats/combine-evidence.ts'
import { emptyStratum, plusStratum } from '../../stats/ratio-process.ts'
import { byDiscovery } from './by-discovery.ts'
import type { Look, MetricTrial, Reading } from './metric-trial.ts'
import { plainReading } from './plain-reading.ts'
import { intervalOf } from './rate-comparison.ts'
import { harmEvidence, harmlessEvidence, logEvidence, withBlock } from './ratio-evidence.ts'
import { openRecurringEvidence, type RecurringEvidence } from './recurring-evidence.ts'
import { widenPriors } from './widen-priors.ts'

/**
 * Shares of the metric's budget, fixed before the data: requests with anything that nobody had logged before, single
 * new signatures, single known ones.
 */
const shares = { any: 0.4, new: 0.35, known: 0.25 } as const
/** Signatures that are followed, of the new ones and of the known ones; the next would have a share below 0.0002. */
const mostFollowed = 50
/** Signatures that are counted at all: of more, what the canary logs is still in the share of anything new. */
const mostSeen = 1000
/** A signature has vanished from the canary when it logs it at most so often in comparison, */
const vanishedBelow = 0.25
/** and what comes more often has to outweigh what has vanished: a text that was reworded is no harm. */
const outweighs = 1.5
const mostShown = 5
/** What pods log differs more than how often they fail: a thing that goes wrong may lie with one of them. */
const leastTauPod = 0.4

type Seen = {
  readonly text: string
  readonly severity: number
  xc: number
  xb: number
  /** null: so many were followed before it that it is only counted. */
  readonly evidence: RecurringEvidence | null
}

type Sighting = {
  readonly key: string
  readonly text: string
  readonly severity: number
  readonly isKnown: boolean
  xc: number
  xb: number
  readonly pods: string[]
}

/**
 * The judge of logged errors and warnings: whether a signature, one that nobody had logged before the deployment or one
 * that was known, comes with more of the canary's requests than `margin` times as many of the baseline's.
 *
 * Which signatures there are is known from the data alone. So the process of one starts with the slice after its first
 * sighting, and the i-th to be seen has the share 6 / (pi^2 i^2), which sums to 1 over any number. An average of
 * e-processes with weights that are known when each of them starts is one (Vovk & Wang, "E-values: calibration,
 * combination and applications", 2021): however many signatures there are, it exceeds 1 / a with probability a at most.
 * What has come in one block only or from one of several pods counts as 1 at most; and so does everything as long as
 * what has vanished makes up for what comes more often. Both can only lower it.
 *
 * @param parameters of the null, the same at every look
 */
export function openLogSignatures(spec: MetricSpec, parameters: NullParameters): MetricTrial {
  const seen = new Map<string, Seen>()
  const followed = { new: [] as RecurringEvidence[], known: [] as RecurringEvidence[] }
  const any = openRecurringEvidence(spec.margin, parameters)
  let harm = harmEvidence(spec.margin, parameters)
  let harmless = harmlessEvidence(spec.promoteMargin, parameters)
  const widen = widenPriors(leastTauPod, parameters)
  let [open, all] = [emptyStratum, emptyStratum]

  function observe({ canary, baseline }: Slice): void {
    if (canary.signatures === undefined || baseline.signatures === undefined) return
    const exposure = { nc: canary.requests, nb: baseline.requests }
    const now = sightingsOf(canary, baseline)
    const fresh = [...now.values()].filter(({ isKnown }) => !isKnown)
    any.observe(exposure, { xc: sum(fresh, 'xc'), xb: sum(fresh, 'xb'), pods: fresh.flatMap(({ pods }) => pods) })
    for (const [key, one] of seen) one.evidence?.observe(exposure, now.get(key) ?? null)
    for (const sighting of inOrderOfDiscovery(now.values())) count(sighting)
    const whole = { ...exposure, xc: sum([...now.values()], 'xc'), xb: sum([...now.values()], 'xb') }
    open = plusStratum(open, whole)
    all = plusStratum(all, whole)
  }

  function count({ key, text, severity, isKnown, xc, xb }: Sighting): void {
    let one = seen.get(key)
    if (one === undefined) {
      if (seen.size >= mostSeen) return
      const pool = isKnown ? followed.known : followed.new
      const evidence = pool.length < mostFollowed ? openRecurringEvidence(spec.margin, parameters) : null
      if (evidence !== null) pool.push(evidence)
      one = { text, severity, xc: 0, xb: 0, evidence }
      seen.set(key, one)
    }
    one.xc += xc
    one.xb += xb
  }

  function closeBlock(): void {
    for (const evidence of [any, ...followed.new, ...followed.known]) evidence.closeBlock()
    harm = withBlock(harm, [open])
    harmless = withBlock(harmless, [open])
    open = emptyStratum
  }

  function read(given: Look): Reading {
    const look = widen(given)
    const risen = [...seen.values()].filter(isRisen)
    const logE = logEOf(look)
    const now = { harm: withBlock(harm, [open]), harmless: withBlock(harmless, [open]) }
    return plainReading(spec, look, {
      baseline: { value: all.nb === 0 ? null : all.xb / all.nb, samples: all.nb, pods: look.pods.baseline },
      canary: { value: all.nc === 0 ? null : all.xc / all.nc, samples: all.nc, pods: look.pods.canary },
      hasData: all.nc > 0 && all.nb > 0,
      effect: {
        ratio: all.xb === 0 || all.nc === 0 ? null : all.xc / all.nc / (all.xb / all.nb),
        ...intervalOf(now.harm, look),
      },
      beyondMargin: risen.length > 0,
      logE,
      logPromote: logEvidence(now.harmless, look.priors),
      smallestDetectable: null,
      where: placesOf(risen, look),
    })
  }

  function logEOf({ priors, pods }: Look): number {
    const logOf = (evidence: RecurringEvidence) => evidence.read(priors, pods.canary)
    const pools = [followed.new, followed.known].map((pool) => byDiscovery(pool.map(logOf)))
    const logE = combineLogE([logOf(any), ...pools], [shares.any, shares.new, shares.known])
    return isReplaced() ? Math.min(0, logE) : logE
  }

  function rateIn(one: { readonly xc: number; readonly xb: number }) {
    return { canary: all.nc === 0 ? 0 : one.xc / all.nc, baseline: all.nb === 0 ? 0 : one.xb / all.nb }
  }

  function isRisen(one: Seen): boolean {
    const { canary, baseline } = rateIn(one)
    return canary > spec.margin * baseline
  }

  function isReplaced(): boolean {
    let [risen, vanished] = [0, 0]
    for (const one of seen.values()) {
      const { canary, baseline } = rateIn(one)
      risen += Math.max(0, canary - baseline)
      if (canary <= vanishedBelow * baseline) vanished += baseline - canary
    }
    return risen < outweighs * vanished
  }

  function placesOf(risen: readonly Seen[], look: Look): readonly Where[] {
    const strength = (one: Seen) => one.evidence?.read(look.priors, look.pods.canary) ?? 0
    return risen
      .map((one) => ({ one, logE: strength(one) }))
      .sort((a, b) => b.logE - a.logE || b.one.xc - a.one.xc || (a.one.text < b.one.text ? -1 : 1))
      .slice(0, mostShown)
      .map(({ one }) => {
        const { canary, baseline } = rateIn(one)
        return {
          attribute: 'log.template',
          value: one.text,
          ratio: baseline === 0 ? null : canary / baseline,
          baseline: { requests: all.nb, errors: one.xb },
          canary: { requests: all.nc, errors: one.xc },
        }
      })
  }

  return { observe, closeBlock, read }
}

/** What both arms logged in one slice. */
function sightingsOf(canary: ArmSlice, baseline: ArmSlice): ReadonlyMap<string, Sighting> {
  const all = new Map<string, Sighting>()
  for (const [arm, slice] of [
    ['xc', canary],
    ['xb', baseline],
  ] as const) {
    for (const [key, { text, severity, isKnown, pods }] of Object.entries(slice.signatures ?? {})) {
      const one = all.get(key) ?? { key, text, severity, isKnown, xc: 0, xb: 0, pods: [] }
      for (const [pod, events] of Object.entries(pods)) {
        if (!(events > 0)) continue
        one[arm] += events
        if (arm === 'xc') one.pods.push(pod)
      }
      all.set(key, one)
    }
  }
  return all
}

/** The worst first, so that what matters most has the larger share; by key, so that it is the same everywhere. */
function inOrderOfDiscovery(sightings: Iterable<Sighting>): readonly Sighting[] {
  return [...sightings].sort((a, b) => b.severity - a.severity || (a.key < b.key ? -1 : 1))
}

function sum(sightings: readonly Sighting[], arm: 'xc' | 'xb'): number {
  return sightings.reduce((total, one) => total + one[arm], 0)
}
