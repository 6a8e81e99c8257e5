import { setImmediate } from 'node:timers/promises'
import { cohortLabel } from '../domain/cohort.ts'
import type { Deployment } from '../domain/deployment.ts'
import type { Histogram, Slice } from '../domain/evidence.ts'
import type { Judge, Trial } from '../domain/judge.ts'
import type { MetricNulls } from '../domain/null-parameters.ts'
import type { Conclusion, Verdict } from '../domain/verdict.ts'
import type { Look } from '../storage/looks.ts'

/** So many looks are folded without letting other work in. */
const looksAtOnce = 20

/** What slices that start at or after `from` saw per arm: for counting what arrived after them. */
export type Seen = { readonly from: number; readonly baseline: number; readonly canary: number }

/** A deployment's trial with its place in the row of looks: a fold over the look rows, and nothing but them. */
export class RunningTrial {
  readonly #trial: Trial
  readonly #seen: Seen[] = []
  readonly templateDigest: string
  #look = -1
  #seenUpTo: number | null = null
  #newest: Verdict | null = null
  #lastCanaryAt: number | null = null

  private constructor(deployment: Deployment, reference: Histogram, judge: Judge, nulls: MetricNulls | null) {
    this.templateDigest = deployment.templateDigest
    this.#trial = judge({
      service: deployment.service,
      baselineLabel: cohortLabel(deployment.baseline),
      canaryLabel: cohortLabel(deployment.canary),
      hasBaseline: deployment.baseline !== null,
      startedAt: Date.parse(deployment.startedAt),
      attempt: deployment.attempt,
      template: deployment.template,
      reference,
      ...(nulls === null ? {} : { nulls }),
    })
  }

  /** A trial without any look. @param nulls what history taught; null: the judge's cold start. */
  static start(
    deployment: Deployment,
    reference: Histogram,
    judge: Judge,
    nulls: MetricNulls | null = null,
  ): RunningTrial {
    return new RunningTrial(deployment, reference, judge, nulls)
  }

  /**
   * Continues where the rows say, with the nulls that look 0 holds. A long history takes seconds to fold, so it lets other work in between.
   * @param looks all of the deployment's, in order, look 0 first.
   */
  static async resume(deployment: Deployment, looks: readonly Look[], judge: Judge): Promise<RunningTrial> {
    const { reference = [], nulls = null } = looks[0]?.evidence ?? {}
    const trial = new RunningTrial(deployment, reference, judge, nulls)
    for (const [index, look] of looks.entries()) {
      if (index % looksAtOnce === looksAtOnce - 1) await setImmediate()
      // A row without a slice was a conclusion too, and conclusions latch.
      if (look.evidence.slice === null) trial.conclude(look.at)
      else trial.observe(look.evidence.slice, look.at)
      trial.record(look.verdict)
    }
    return trial
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
