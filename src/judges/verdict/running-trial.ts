import { cohortLabel } from '../../domain/cohort.ts'
import type { Deployment } from '../../domain/deployment.ts'
import { type ArmSlice, emptyArm, type Slice } from '../../domain/evidence.ts'
import type { Beginnings, Judge, Trial } from '../../domain/judge.ts'
import type { Look } from '../../domain/look.ts'
import { mainQuery } from '../../domain/template.ts'
import type { Conclusion, Verdict } from '../../domain/verdict.ts'

/** What slices that start at or after `from` saw per arm: for counting what arrived after them. */
export type Seen = { readonly from: number; readonly baseline: number; readonly canary: number }

/** A pod that nothing has told of for longer is gone. */
const podMs = 600_000

/** A deployment's trial with its place in the row of looks: a fold over the look rows, and nothing but them. */
export class RunningTrial {
  readonly #trial: Trial
  readonly #seen: Seen[] = []
  readonly templateDigest: string
  /** The instrument that its requests are counted by; null: spans. */
  readonly requestsFrom: string | null
  readonly #isCountedBySource: boolean
  #look = -1
  #seenUpTo: number | null = null
  #newest: Verdict | null = null
  #lastCanaryAt: number | null = null
  readonly #ownSeenUpTo = new Map<string, number>()
  readonly #podsSeen = { baseline: new Map<string, number>(), canary: new Map<string, number>() }

  private constructor(deployment: Deployment, beginnings: Beginnings, judge: Judge) {
    this.templateDigest = deployment.templateDigest
    this.requestsFrom = beginnings.requestsFrom ?? null
    this.#isCountedBySource = mainQuery(deployment.template) !== null
    this.#trial = judge({
      service: deployment.service,
      baselineLabel: cohortLabel(deployment.baseline),
      canaryLabel: cohortLabel(deployment.canary),
      hasBaseline: deployment.baseline !== null,
      startedAt: Date.parse(deployment.startedAt),
      attempt: deployment.attempt,
      template: deployment.template,
      strategy: deployment.strategy,
      ...beginnings,
    })
  }

  /** A trial without any look. */
  static start(deployment: Deployment, beginnings: Beginnings, judge: Judge): RunningTrial {
    return new RunningTrial(deployment, beginnings, judge)
  }

  /** A trial as look 0 opened it, before any look is folded: {@link take} each of them, look 0 first. */
  static reopen(deployment: Deployment, opening: Pick<Look, 'evidence'> | undefined, judge: Judge): RunningTrial {
    const { slice: _none, calibration: _shown, ...opened } = opening?.evidence ?? { slice: null }
    return new RunningTrial(deployment, { reference: [], ...opened }, judge)
  }

  /** Folds the next look on record: what it saw, and what was said of it. */
  take(look: Pick<Look, 'at' | 'evidence' | 'verdict'>): Conclusion {
    // A row without a slice was a conclusion too, and conclusions latch.
    const slice = this.#asOwn(look)
    const conclusion = slice === null ? this.conclude(look.at) : this.observe(slice, look.at)
    this.record(look.verdict)
    return conclusion
  }

  /**
   * A metric of the same name may have asked something else under the template of before an adoption: what sources told
   * then is left out, so that they are asked anew about all of the time since the start. When one of them counts the
   * requests, those that were counted before are left out too, or they would count twice.
   */
  #asOwn({ evidence: { slice }, verdict }: Pick<Look, 'evidence' | 'verdict'>): Slice | null {
    if (slice === null || verdict.template.digest === this.templateDigest) return slice
    const { own: _ofAnother, ...telemetry } = slice
    if (!this.#isCountedBySource) return telemetry
    return { ...telemetry, baseline: withoutRequests(slice.baseline), canary: withoutRequests(slice.canary) }
  }

  /** Takes the next slice and concludes, since a conclusion latches. */
  observe(slice: Slice, at: number): Conclusion {
    this.#trial.observe(slice)
    this.#seenUpTo = slice.to
    this.#seen.push({ from: slice.from, baseline: slice.baseline.requests, canary: slice.canary.requests })
    if (slice.canary.requests > 0) this.#lastCanaryAt = slice.to
    for (const [metric, own] of Object.entries(slice.own ?? {})) {
      if (!('fault' in own)) this.#ownSeenUpTo.set(metric, slice.to)
    }
    for (const arm of ['baseline', 'canary'] as const) {
      for (const pod of podsOf(slice[arm])) this.#podsSeen[arm].set(pod, slice.to)
    }
    return this.#trial.conclude(at)
  }

  conclude(at: number): Conclusion {
    return this.#trial.conclude(at)
  }

  record(verdict: Verdict): void {
    this.#look = verdict.look
    this.#newest = verdict
  }

  /** Number of the next look row. */
  get nextLook(): number {
    return this.#look + 1
  }

  /** End of the last slice, Unix milliseconds; null before the first. */
  get seenUpTo(): number | null {
    return this.#seenUpTo
  }

  get newest(): Verdict | null {
    return this.#newest
  }

  /** End of the last slice in which the canary answered a request, Unix milliseconds. */
  get lastCanaryAt(): number | null {
    return this.#lastCanaryAt
  }

  /** Up to where the source of a metric of its own has told everything, Unix milliseconds; null: nothing yet. */
  ownSeenUpTo(metric: string): number | null {
    return this.#ownSeenUpTo.get(metric) ?? null
  }

  /**
   * The pods of each arm that telemetry named in the newest slices, in order. One that changed its version and kept its
   * name, as those of a StatefulSet do, is of the arm that named it last.
   */
  pods(): { readonly baseline: readonly string[]; readonly canary: readonly string[] } {
    const since = (this.#seenUpTo ?? 0) - podMs
    const { baseline, canary } = this.#podsSeen
    const recent = (pods: ReadonlyMap<string, number>, others: ReadonlyMap<string, number>) =>
      [...pods].flatMap(([pod, at]) => (at > since && at >= (others.get(pod) ?? 0) ? [pod] : [])).sort()
    return { baseline: recent(baseline, canary), canary: recent(canary, baseline) }
  }

  /** What the slices that start at or after `from` saw when they were taken; null when there are none. */
  seenSince(from: number): Seen | null {
    let sum = null as Seen | null
    for (let index = this.#seen.length - 1; index >= 0; index -= 1) {
      const seen = this.#seen[index] as Seen
      if (seen.from < from) break
      sum = {
        from: seen.from,
        baseline: seen.baseline + (sum?.baseline ?? 0),
        canary: seen.canary + (sum?.canary ?? 0),
      }
    }
    return sum
  }
}

function withoutRequests({ gauges, events }: ArmSlice): ArmSlice {
  return { ...emptyArm, ...(gauges && { gauges }), ...(events && { events }) }
}

/** The pods of an arm that said anything, by name. */
function podsOf({ pods, gauges = {}, events = {} }: ArmSlice): readonly string[] {
  return [pods, ...Object.values(gauges), ...Object.values(events)]
    .flatMap((byPod) => Object.keys(byPod))
    .filter((pod) => pod !== '')
}
