import type { Deployment } from '../domain/deployment.ts'
import type { Verdict } from '../domain/verdict.ts'
import type { RunningTrial } from '../judges/verdict/running-trial.ts'
import { nextWindow } from './timetable.ts'

/** The trials that this process has in memory, and what they say of the looks to come. */
export class RunningTrials {
  readonly #trials = new Map<string, RunningTrial>()
  /** When the next look of each deployment was due when it was last known, also of one whose trial had to be dropped. */
  readonly #dueAt = new Map<string, number>()
  readonly #startedAt: number

  /** @param startedAt of this process, Unix milliseconds. */
  constructor(startedAt: number) {
    this.#startedAt = startedAt
  }

  get(deploymentId: string): RunningTrial | undefined {
    return this.#trials.get(deploymentId)
  }

  set(deployment: Deployment, trial: RunningTrial): void {
    this.#trials.set(deployment.id, trial)
    this.#dueAt.set(deployment.id, lookDueAt(deployment, trial.seenUpTo))
  }

  /** What is not on record, or failed, is read again from the rows. */
  drop(deploymentId: string): void {
    this.#trials.delete(deploymentId)
  }

  /** Its deployment is closed, and its last word is said. */
  forget(deploymentId: string): void {
    this.#trials.delete(deploymentId)
    this.#dueAt.delete(deploymentId)
  }

  /** When the next look of a deployment will be, Unix milliseconds; null when it is not being judged. */
  nextLookAt(deployment: Deployment): number | null {
    const trial = this.#trials.get(deployment.id)
    return trial === undefined || deployment.status === 'closed' ? null : lookDueAt(deployment, trial.seenUpTo)
  }

  /** As {@link nextLookAt}; while a deployment that is open has no trial, since when a look has been due at least. */
  dueAt(deployment: Deployment): number | null {
    const { id, status, createdAt } = deployment
    if (status === 'closed') return null
    const next = this.nextLookAt(deployment) ?? this.#dueAt.get(id)
    return next ?? Math.max(lookDueAt(deployment, null), Date.parse(createdAt), this.#startedAt)
  }

  /** End of the last slice with a request to the canary; null when there was none or it is not known here. */
  lastCanaryAt(deploymentId: string): number | null {
    return this.#trials.get(deploymentId)?.lastCanaryAt ?? null
  }

  /** The newest verdict of a deployment that is being judged here; null when it is not. */
  newestOf(deploymentId: string): Verdict | null {
    return this.#trials.get(deploymentId)?.newest ?? null
  }
}

/** When the look that follows what was seen is due, Unix milliseconds. */
function lookDueAt(deployment: Deployment, seenUpTo: number | null): number {
  return nextWindow(deployment, seenUpTo).to + deployment.template.watermarkSeconds * 1000
}
