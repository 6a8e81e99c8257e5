import type { NullParameters } from '../../domain/null-parameters.ts'
import { combineLogE } from '../../stats/combine-evidence.ts'
import { type RatioPrior, ratioPrior, type Stratum } from '../../stats/ratio-process.ts'
import { armTau, coldStart } from '../sequential/cold-start.ts'
import {
  harmEvidence,
  harmlessEvidence,
  logEvidence,
  type RatioEvidence,
  withBlock,
} from '../sequential/ratio-evidence.ts'

/** A pod that ran in a minute and the signatures (templates, exception fingerprints) that it logged, [] for none. */
export type PodSignatures = { readonly pod: string; readonly signatures: Iterable<string> }

/** One minute of both arms: every pod that ran, silent ones too, because each is a pod-minute of exposure. */
export type SignatureMinute = {
  readonly canary: readonly PodSignatures[]
  readonly baseline: readonly PodSignatures[]
}

/** One signature's evidence. `new`: the canary logs it more often. `vanished`: a known one, the canary logs it less. */
type SignatureEvidence = {
  readonly signature: string
  readonly kind: 'new' | 'vanished'
  readonly logE: number
  /** Pod-minutes with it after its first minute, and how many canary pods logged it at all. */
  readonly canaryPodMinutes: number
  readonly baselinePodMinutes: number
  readonly canaryPods: number
}

/** What all minutes say. `logE` is the weighted average; `signatures` has every followed one, the strongest first. */
export type NoveltyEvidence = {
  readonly logE: number
  /** Pod-minutes with any signature that the dictionary does not hold. */
  readonly anyNewLogE: number
  readonly signatures: readonly SignatureEvidence[]
}

/** Collects the evidence that a canary logs what its baseline does not. */
export type NewSignatures = {
  /** The next minute. RangeError for a pod that is twice in it. */
  add(minute: SignatureMinute): void
  evidence(): NoveltyEvidence
}

const anyNewWeight = 0.5
const newWeight = 0.25
const vanishedWeight = 0.25
/** Later discoveries would weigh less than 1.6e-5 each. */
const maxFollowed = 200

type Followed = {
  readonly signature: string
  readonly kind: 'new' | 'vanished'
  evidence: RatioEvidence
  canaryPodMinutes: number
  baselinePodMinutes: number
  readonly canaryPods: Set<string>
}

/**
 * The two-stream count process over pod-minutes, each counted once however often a pod repeats itself. Half of the budget is on
 * "a pod-minute with a signature that `dictionary` does not hold". The rest is on single signatures: those new, and those
 * of the dictionary that vanish. Which signature is followed is known only from the data, so its process starts with the minute
 * after its first one; the i-th followed weighs 6 / (pi^2 i^2), which sums to 1 over any number of discoveries. A
 * weighted average of e-processes is one, so the false alarm rate at log E >= log(1 / alpha) is at most alpha.
 *
 * The null allows a pod its own *rate*; it does not know that a rare state may sit on one pod alone for long. So ask
 * for `canaryPods` above 1 where there are several.
 *
 * @param dictionary signatures of the service's history, 14 days say; empty: all are new, and only the arms are compared
 */
export function trackNewSignatures(
  dictionary: ReadonlySet<string>,
  parameters: NullParameters = coldStart,
): NewSignatures {
  let anyNew = harmEvidence(1, parameters)
  const followed = { new: new Map<string, Followed>(), vanished: new Map<string, Followed>() }
  let priors: readonly RatioPrior[] = []

  function add(minute: SignatureMinute): void {
    const pods = countArms(minute)
    if (pods.nc > 0 && pods.nb > 0) priors = widerPriors(priors, armTau(parameters.tauPod, pods.nc, pods.nb))
    const sightings = sightingsOf(minute)
    const fresh = (one: PodSignatures) => anyOf(one.signatures, (signature) => !dictionary.has(signature))
    anyNew = withBlock(anyNew, [
      { ...pods, xc: minute.canary.filter(fresh).length, xb: minute.baseline.filter(fresh).length },
    ])
    for (const signature of [...sightings.keys()].sort()) {
      const { canary, baseline } = sightings.get(signature) as Sightings
      const kind = dictionary.has(signature) ? 'vanished' : 'new'
      const one = followed[kind].get(signature)
      if (one !== undefined) observe(one, { ...pods, xc: canary.length, xb: baseline })
      else if (followed[kind].size < maxFollowed) followed[kind].set(signature, follow(signature, kind, parameters))
      for (const pod of canary) followed[kind].get(signature)?.canaryPods.add(pod)
    }
  }

  function evidence(): NoveltyEvidence {
    const fresh = [...followed.new.values()].map((one) => read(one, priors))
    const vanished = [...followed.vanished.values()].map((one) => read(one, priors))
    const anyNewLogE = logEvidence(anyNew, priors)
    const logE = combineLogE(
      [anyNewLogE, byDiscovery(fresh), byDiscovery(vanished)],
      [anyNewWeight, newWeight, vanishedWeight],
    )
    return { logE, anyNewLogE, signatures: [...fresh, ...vanished].sort((a, b) => b.logE - a.logE) }
  }

  return { add, evidence }
}

function follow(signature: string, kind: 'new' | 'vanished', parameters: NullParameters): Followed {
  const evidence = kind === 'new' ? harmEvidence(1, parameters) : harmlessEvidence(1, parameters)
  return { signature, kind, evidence, canaryPodMinutes: 0, baselinePodMinutes: 0, canaryPods: new Set() }
}

function observe(one: Followed, stratum: Stratum): void {
  one.evidence = withBlock(one.evidence, [stratum])
  one.canaryPodMinutes += stratum.xc
  one.baselinePodMinutes += stratum.xb
}

function read(one: Followed, priors: readonly RatioPrior[]): SignatureEvidence {
  const { signature, kind, canaryPodMinutes, baselinePodMinutes, canaryPods } = one
  const logE = logEvidence(one.evidence, priors)
  return { signature, kind, logE, canaryPodMinutes, baselinePodMinutes, canaryPods: canaryPods.size }
}

/** The average over the order of discovery; what is not followed counts with E = 1. */
function byDiscovery(all: readonly SignatureEvidence[]): number {
  const weights = all.map((_, at) => 6 / (Math.PI * (at + 1)) ** 2)
  return combineLogE(
    all.map(({ logE }) => logE),
    weights,
  )
}

/** The tau of the first minute with both arms; a larger one later is added, and the least of both counts. */
function widerPriors(priors: readonly RatioPrior[], tau: number): readonly RatioPrior[] {
  const [first] = priors
  if (first === undefined) return [ratioPrior(tau)]
  return tau > (priors.at(-1) as RatioPrior).tau ? [first, ratioPrior(tau)] : priors
}

function countArms({ canary, baseline }: SignatureMinute): Pick<Stratum, 'nc' | 'nb'> {
  const names = new Set<string>()
  for (const { pod } of [...canary, ...baseline]) {
    if (names.has(pod)) throw new RangeError(`signatures of a minute: expected each pod once, got ${pod} again`)
    names.add(pod)
  }
  return { nc: canary.length, nb: baseline.length }
}

type Sightings = { readonly canary: string[]; baseline: number }

function sightingsOf({ canary, baseline }: SignatureMinute): Map<string, Sightings> {
  const all = new Map<string, Sightings>()
  function of(signature: string): Sightings {
    const known = all.get(signature) ?? { canary: [], baseline: 0 }
    all.set(signature, known)
    return known
  }
  for (const { pod, signatures } of canary) for (const one of new Set(signatures)) of(one).canary.push(pod)
  for (const { signatures } of baseline) for (const one of new Set(signatures)) of(one).baseline += 1
  return all
}

function anyOf<T>(values: Iterable<T>, test: (value: T) => boolean): boolean {
  for (const value of values) if (test(value)) return true
  return false
}
