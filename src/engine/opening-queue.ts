import type { Deployment } from '../domain/deployment.ts'
import { mainQuery } from '../domain/template.ts'
import type { AwaitedSource } from '../judges/verdict/awaited-source.ts'
import { isPauseOn } from '../platform/backoff.ts'
import type { Logger } from '../platform/logger.ts'
import type { RollupReader } from '../storage/rollup-reader.ts'
import { baselinePods, hourBefore } from './beginnings.ts'
import { askBeginnings, type OwnBeginnings } from './own-beginnings.ts'
import type { Sources } from './sources.ts'

/** So long after its start a deployment waits for a source that cannot be asked about the time before. */
const patienceMs = 60_000

/** ... and so long when that source is its main evidence: without it there is nothing to look at meanwhile. */
const mainPatienceMs = 600_000

/** A source that failed is asked again after this. */
const retryMs = 5_000

export type OpeningQueueOptions = {
  readonly rollups: RollupReader
  readonly sources: Sources
  readonly log: Logger
  readonly now: () => number
}

/** `toldAt`: Unix milliseconds of the newest answer. */
type Opening = { told: OwnBeginnings | null; toldAt: number; retryAt: number; isAsking: boolean }

/**
 * Asks sources of single metrics, in the background, how the baseline was in the hour before deployments started. What a
 * source cannot tell is waited for, with an end: a deployment that opens without it judges a gauge of it never, and
 * durations by what it sees itself.
 */
export class OpeningQueue {
  readonly #o: OpeningQueueOptions
  readonly #openings = new Map<string, Opening>()
  readonly #stop = new AbortController()

  constructor(options: OpeningQueueOptions) {
    this.#o = options
  }

  /** What was told; `waiting`: not yet, ask in the next tick. */
  take(deployment: Deployment): OwnBeginnings | 'waiting' {
    const now = this.#o.now()
    const opening = this.#openings.get(deployment.id) ?? { told: null, toldAt: now, retryAt: now, isAsking: false }
    this.#openings.set(deployment.id, opening)
    const { told } = opening
    if (told !== null && isEnough(deployment, told, now)) {
      this.#openings.delete(deployment.id)
      return told
    }
    if (!opening.isAsking && !isPauseOn(opening.retryAt, retryMs, now)) this.#ask(deployment, opening)
    return 'waiting'
  }

  /** The source that an opening waits for, the main one first; null: none that has failed. */
  awaited(deployment: Deployment): AwaitedSource | null {
    const { told, toldAt } = this.#openings.get(deployment.id) ?? {}
    if (told === undefined || told === null || toldAt === undefined) return null
    const main = mainQuery(deployment.template)?.name
    const faults = Object.entries(told.faults)
    const [metric, fault] = faults.find(([name]) => name === main) ?? faults[0] ?? []
    if (metric === undefined || fault === undefined) return null
    return { metric, fault, at: toldAt, until: patienceEnd(deployment, told) }
  }

  forget(deploymentId: string): void {
    this.#openings.delete(deploymentId)
  }

  /** Gives up what is under way. */
  stop(): void {
    this.#stop.abort()
  }

  #ask(deployment: Deployment, opening: Opening): void {
    opening.isAsking = true
    this.#beginningsOf(deployment)
      .then(
        (told) => {
          opening.told = told
          opening.toldAt = this.#o.now()
          const faults = Object.entries(told.faults)
          if (faults.length === 0) return
          this.#o.log.warn(
            { deploymentId: deployment.id, faults },
            'how the baseline was before the start cannot be asked; it is tried again for a while',
          )
        },
        (error) => {
          if (this.#stop.signal.aborted) return
          this.#o.log.error({ err: error, deploymentId: deployment.id }, 'an opening failed; it is tried again')
        },
      )
      .finally(() => {
        opening.isAsking = false
        opening.retryAt = this.#o.now() + retryMs
      })
  }

  async #beginningsOf(deployment: Deployment): Promise<OwnBeginnings> {
    if (deployment.baseline === null) return { faults: {} }
    const hour = hourBefore(deployment)
    const pods = await baselinePods(this.#o.rollups, deployment, hour)
    return askBeginnings(this.#o.sources, deployment, hour, pods, this.#stop.signal)
  }
}

function isEnough(deployment: Deployment, told: OwnBeginnings, now: number): boolean {
  // A person's word needs no evidence, and is a verdict only once there is a trial.
  if (Object.keys(told.faults).length === 0 || deployment.override !== null) return true
  return now >= patienceEnd(deployment, told)
}

/** Until when an opening waits for what could not be told, Unix milliseconds. */
function patienceEnd({ template, startedAt, createdAt }: Deployment, told: OwnBeginnings): number {
  const main = mainQuery(template)
  const isMainDown = main !== null && Object.hasOwn(told.faults, main.name)
  const since = Math.max(Date.parse(startedAt), Date.parse(createdAt))
  return since + (isMainDown ? mainPatienceMs : patienceMs)
}
