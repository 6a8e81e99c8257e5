import { cohortLabel } from '../../domain/cohort.ts'
import type { Deployment } from '../../domain/deployment.ts'
import type { Slice } from '../../domain/evidence.ts'
import type { Beginnings, Judge, Trial } from '../../domain/judge.ts'
import type { Look } from '../../domain/look.ts'
import type { Conclusion, Verdict } from '../../domain/verdict.ts'

/** What slices that start at or after `from` saw per arm: for counting what arrived after them. */
export type Seen = { readonly from: number; readonly baseline: number; readonly canary: number }

/** A deployment's trial with its place in the row of looks: a fold over the look rows, and nothing but them. */
export class RunningTrial {
  readonly #trial: Trial
  readonly #seen: Seen[] = []
  readonly templateDigest: string
  /** The instrument that its requests are counted by; null: spans. */
  readonly requestsFrom: string | null
  #look = -1
  #seenUpTo: number | null = null
  #newest: Verdict | null = null
  #lastCanaryAt: number | null = null

  private constructor(deployment: Deployment, beginnings: Beginnings, judge: Judge) {
    this.templateDigest = deployment.templateDigest
    this.requestsFrom = beginnings.requestsFrom ?? null
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
    const { slice } = look.evidence
    const conclusion = slice === null ? this.conclude(look.at) : this.observe(slice, look.at)
    this.record(look.verdict)
    return conclusion
  }

  /** Takes the next slice and concludes, since a conclusion latches. */
  observe(slice: Slice, at: number): Conclusion {
    this.#trial.observe(slice)
    this.#seenUpTo = slice.to
    this.#seen.push({ from: slice.from, baseline: slice.baseline.requests, canary: slice.canary.requests })
    if (slice.canary.requests > 0) this.#lastCanaryAt = slice.to
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
