import { isSameUnit } from '../domain/cohort.ts'
import type { Deployment } from '../domain/deployment.ts'
import type { RunningTrial } from '../judges/verdict/running-trial.ts'
import type { RollupReader } from '../storage/rollup-reader.ts'
import { firstTick } from './timetable.ts'

/** Exporters and collectors try again within this time, and a gap of less than it is no outage. */
const quietMs = 60_000

/** Whoever has kept more than can be sent in this time holds up no verdict any longer; what comes then counts as late. */
const longestMs = 15 * 60_000

/** Rollups are of ten seconds. */
const countedEachMs = 10_000

/** What is stored of the time of an outage: how much, since when so much, and when that was counted. */
type Backlog = { readonly requests: number; readonly since: number; readonly countedAt: number }

export type SettlingOptions = {
  readonly rollups: Pick<RollupReader, 'totals' | 'durationTotals'>
  readonly now: () => number
}

/**
 * Senders that could not reach Davy for a while send what they have kept once it is back. Looked at before, that time
 * would be judged without it, and what comes then would count as lost. So after a start looks at that time wait for a
 * minute, and on until a minute has brought nothing more of it.
 */
export class Settling {
  readonly #o: SettlingOptions
  readonly #startedAt: number
  readonly #backlogs = new Map<string, Backlog>()
  readonly #over = new Set<string>()

  constructor(options: SettlingOptions) {
    this.#o = options
    this.#startedAt = options.now()
  }

  /** Whether looks at a deployment are to wait. */
  async isOn(deployment: Deployment, trial: Pick<RunningTrial, 'seenUpTo' | 'requestsFrom'>): Promise<boolean> {
    const { id, template } = deployment
    const now = this.#o.now()
    const from = trial.seenUpTo ?? firstTick(deployment)
    const knownSince = Date.parse(deployment.createdAt)
    if (knownSince >= this.#startedAt || this.#over.has(id) || now >= this.#startedAt + longestMs) {
      this.#backlogs.delete(id)
      return false
    }
    // Where looks are far apart, one that is not due yet is no sign of an outage.
    const dueAt = Math.max(from, knownSince) + (template.lookSeconds + template.watermarkSeconds) * 1000
    if (this.#startedAt - dueAt <= quietMs) return false
    let backlog = this.#backlogs.get(id)
    if (backlog === undefined || now >= backlog.countedAt + countedEachMs) {
      const requests = await this.#count(deployment, trial.requestsFrom, from)
      const isMore = backlog !== undefined && requests > backlog.requests
      backlog = { requests, since: isMore ? now : (backlog?.since ?? this.#startedAt), countedAt: now }
      this.#backlogs.set(id, backlog)
    }
    if (now < backlog.since + quietMs) return true
    this.#backlogs.delete(id)
    this.#over.add(id)
    return false
  }

  /** Whether looks at a deployment waited when that was last asked. */
  isWaiting(deploymentId: string): boolean {
    return this.#backlogs.has(deploymentId)
  }

  forget(deploymentId: string): void {
    this.#backlogs.delete(deploymentId)
    this.#over.delete(deploymentId)
  }

  async #count(deployment: Deployment, requestsFrom: string | null, from: number): Promise<number> {
    const { rollups } = this.#o
    const { service } = deployment
    const totals =
      requestsFrom === null
        ? await rollups.totals([service], from, this.#startedAt)
        : await rollups.durationTotals([service], [requestsFrom], from, this.#startedAt)
    return totals.filter((row) => isSameUnit(row, deployment)).reduce((sum, { requests }) => sum + requests, 0)
  }
}
