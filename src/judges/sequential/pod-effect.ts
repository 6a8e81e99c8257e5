import type { ArmSlice, Slice } from '../../domain/evidence.ts'
import { type IntervalPriors, intervalPriors } from '../../stats/ratio-interval.ts'
import { type RatioPrior, ratioPrior } from '../../stats/ratio-process.ts'
import { armTau, coldStart } from './cold-start.ts'

/** Pods with less than this share of their arm's requests do not average the arm's pod effects out. */
const countedShare = 0.01

/** So many requests a pod, and a pod that is not seen is gone rather than overlooked (e^-10 by chance). */
const requestsPerPod = 10

/** How many pods carry the arm: those with at least 1% of its requests; 1 when no pod is named, 0 without requests. */
export function countPods(requests: number, requestsByPod: ReadonlyMap<string, number>): number {
  if (requests === 0) return 0
  let pods = 0
  for (const count of requestsByPod.values()) if (count > 0 && count >= countedShare * requests) pods++
  return Math.max(1, pods)
}

type ArmPods = { requests: number; readonly byPod: Map<string, number> }

function addPods(arm: ArmPods, slice: ArmSlice): void {
  arm.requests += slice.requests
  for (const [pod, counts] of Object.entries(slice.pods)) {
    arm.byPod.set(pod, (arm.byPod.get(pod) ?? 0) + counts.requests)
  }
}

export type PodEffect = {
  observe(slice: Slice): void
  closeBlock(): void
  /** For a pod's own effect of sd `tauPod`. Empty until a first block with requests in both arms has closed. */
  priors(tauPod?: number): readonly RatioPrior[]
  intervals(tauPod?: number): readonly IntervalPriors[]
  /** Counted pods of the newest block with requests, for people. */
  pods(): { readonly baseline: number; readonly canary: number }
}

type Pods = { readonly canary: number; readonly baseline: number }

/** What one tauPod makes of the fixed pods. */
type Tables = {
  readonly pods: readonly Pods[]
  readonly priors: readonly RatioPrior[]
  readonly intervals: readonly IntervalPriors[]
}

function tablesOf(tauPod: number, pods: readonly Pods[], before: Tables | undefined): Tables {
  const taus = pods.map(({ canary, baseline }) => armTau(tauPod, canary, baseline))
  const isKept = (i: number): boolean => before !== undefined && before.pods[i] === pods[i]
  return {
    pods,
    priors: taus.map((tau, i) => (isKept(i) ? before!.priors[i]! : ratioPrior(tau))),
    intervals: taus.map((tau, i) => (isKept(i) ? before!.intervals[i]! : intervalPriors(tau))),
  }
}

/**
 * How far the arms may differ by their pods alone: tau of the null.
 *
 * A process must keep the tau that it starts with; a tau that follows the pods would be another process at each look.
 * So it is fixed by the pods of the first block that closes with requests in both arms, and ratio evidence counts as 1
 * until then (a single block decides nothing anyway: the null explains it as a burst). This takes the pods, like the
 * exposures that every term is conditional on, as not caused by the errors under the null. When pods go away later, the
 * larger tau is added and the *least* of both processes is used, which is below the first one and so as valid; it
 * can only take evidence away. More pods do not help: they would need a smaller tau, chosen after the data.
 *
 * What is fixed are counts of pods, which all metrics share; the tau of a metric is its own tauPod times what they give.
 */
export function trackPodEffect(): PodEffect {
  let open = { canary: newArm(), baseline: newArm() }
  let shown: Pods = { baseline: 0, canary: 0 }
  /** The pods of the first block, then those of the later ones that give the largest tau. */
  let fixed: readonly Pods[] = []
  const byTauPod = new Map<number, Tables>()

  function count(): Pods {
    return {
      baseline: countPods(open.baseline.requests, open.baseline.byPod),
      canary: countPods(open.canary.requests, open.canary.byPod),
    }
  }

  function fix(now: Pods): void {
    const [first] = fixed
    if (first === undefined) {
      fixed = [now]
    } else if (
      perPod(now) > perPod(fixed.at(-1)!) &&
      open.canary.requests >= requestsPerPod * first.canary &&
      open.baseline.requests >= requestsPerPod * first.baseline
    ) {
      fixed = [first, now]
    }
  }

  function tables(tauPod: number): Tables {
    const before = byTauPod.get(tauPod)
    if (before?.pods === fixed) return before
    const now = tablesOf(tauPod, fixed, before)
    byTauPod.set(tauPod, now)
    return now
  }

  return {
    observe(slice) {
      addPods(open.canary, slice.canary)
      addPods(open.baseline, slice.baseline)
      const now = count()
      shown = { baseline: now.baseline || shown.baseline, canary: now.canary || shown.canary }
    },
    closeBlock() {
      const now = count()
      if (now.canary > 0 && now.baseline > 0) fix(now)
      open = { canary: newArm(), baseline: newArm() }
    },
    priors: (tauPod = coldStart.tauPod) => tables(tauPod).priors,
    intervals: (tauPod = coldStart.tauPod) => tables(tauPod).intervals,
    pods: () => shown,
  }
}

/** The arms' tau for a tauPod of 1. */
function perPod(pods: Pods): number {
  return armTau(1, pods.canary, pods.baseline)
}

function newArm(): ArmPods {
  return { requests: 0, byPod: new Map() }
}
