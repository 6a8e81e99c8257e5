import { usableNulls } from '../domain/calibration.ts'
import type { Deployment } from '../domain/deployment.ts'
import type { Judge } from '../domain/judge.ts'
import type { Verdict } from '../domain/verdict.ts'
import { type AwaitedSource, awaitingSource } from '../judges/verdict/awaited-source.ts'
import { RunningTrial } from '../judges/verdict/running-trial.ts'
import { verdictOf } from '../judges/verdict/verdict-of.ts'
import { derivedId } from '../platform/ids.ts'
import type { Looks } from '../storage/looks.ts'
import type { Calibrations } from './calibration/calibrations.ts'
import type { Deployments } from './deployments.ts'
import { firstTick } from './timetable.ts'

export type NewestVerdictsOptions = {
  readonly deployments: Deployments
  readonly looks: Looks
  readonly calibrations: Pick<Calibrations, 'before'>
  readonly judge: Judge
  /** The source that a deployment waits for before its first look; null: none that has failed. */
  readonly awaitedSource: (deployment: Deployment) => AwaitedSource | null
  readonly engine: string
  readonly publicUrl: string
}

/** Answers for the newest verdict, also in the moment between a deployment's opening and its first row. */
export class NewestVerdicts {
  readonly #o: NewestVerdictsOptions

  constructor(options: NewestVerdictsOptions) {
    this.#o = options
  }

  /** @throws DavyError NOT_FOUND */
  async of(deploymentId: string): Promise<Verdict> {
    await this.#o.deployments.refresh()
    const deployment = this.#o.deployments.get(deploymentId)
    const newest = await this.#o.looks.newest([deploymentId])
    return newest.get(deploymentId) ?? (await this.#lookZero(deployment))
  }

  /** The same verdict that look 0's row will hold, with the same id; while a source is waited for, that it is. */
  async #lookZero(deployment: Deployment): Promise<Verdict> {
    const at = firstTick(deployment)
    const nulls = usableNulls(await this.#o.calibrations.before(deployment, deployment.templateDigest, at))
    // Before its first slice a trial says the same whatever the hour before the start was like.
    const beginnings = { reference: [], ...(nulls === null ? {} : { nulls }) }
    const conclusion = RunningTrial.start(deployment, beginnings, this.#o.judge).conclude(at)
    const frame = { look: 0, engine: this.#o.engine, publicUrl: this.#o.publicUrl }
    const awaited = deployment.status === 'open' ? this.#o.awaitedSource(deployment) : null
    if (awaited === null) {
      return verdictOf(deployment, conclusion, { ...frame, id: derivedId(at, deployment.id, '0'), at })
    }
    const reason = awaitingSource(deployment, awaited)
    // Whoever waits for news is told when it waits for something else.
    const id = derivedId(at, deployment.id, '0', reason.summary, reason.detail)
    return verdictOf(deployment, { ...conclusion, reason }, { ...frame, id, at: awaited.at })
  }
}
