import { defaultEnvironment } from '../../domain/cohort.ts'
import type { Deployment, Outcome } from '../../domain/deployment.ts'
import type { Facts } from '../../storage/facts.ts'
import type { Bus } from '../bus.ts'
import type { Deployments } from '../deployments.ts'
import type { Registration } from '../registration.ts'
import type { Workloads } from '../workloads/workloads.ts'

/** What somebody tells of a deployment that it carries out by itself. */
export type Announcement = {
  /** Who, for the record: `github`. */
  readonly by: string
  /**
   * The same whenever the same thing is told, so that a repetition opens nothing anew: the number of the deployment where
   * the teller has one, else that of the event.
   */
  readonly key: string
  readonly registration: Registration
  /** The teller says the same again now and then, without a number: what was promoted and is the newest is no news. */
  readonly isRepeated?: boolean
} & (
  | { readonly type: 'started' }
  /** `step` absent: the deployment goes on, and nothing else is known. */
  | { readonly type: 'progressed'; readonly step?: string; readonly weight: number | null }
  | { readonly type: 'finished'; readonly outcome: Outcome }
)

export type AnnouncementsOptions = {
  readonly facts: Facts
  readonly deployments: Deployments
  readonly workloads: Pick<Workloads, 'openStep'>
  readonly bus: Bus
}

/** Registers, steps and finishes deployments by what platforms tell, each thing once however often it is told. */
export class Announcements {
  readonly #o: AnnouncementsOptions

  constructor(options: AnnouncementsOptions) {
    this.#o = options
  }

  /** @returns null when the end of something is told that Davy does not know: nothing is opened for that. */
  async take(announcement: Announcement): Promise<Deployment | null> {
    await this.#o.deployments.refresh()
    const { type, by, key, registration } = announcement
    const known = (await this.#byKey(key)) ?? (type === 'started' ? null : this.#openTwin(registration))
    if (type === 'finished') return known === null ? null : this.#finish(known, announcement.outcome, by)
    const repeated = announcement.isRepeated === true ? this.#promoted(registration) : null
    const deployment = known ?? repeated ?? (await this.#register(registration, key))
    if (type === 'started' || announcement.step === undefined) return deployment
    return this.#o.workloads.openStep(deployment.id, announcement.step, announcement.weight)
  }

  /** Ends whatever is open of the unit: somebody says that it went back, and not from what. */
  async finishUnit({ service, environment }: Unit, outcome: Outcome, by: string): Promise<Deployment | null> {
    await this.#o.deployments.refresh()
    const open = this.#o.deployments.open().find((each) => each.service === service && each.environment === environment)
    return open === undefined ? null : this.#finish(open, outcome, by)
  }

  async #register(registration: Registration, key: string): Promise<Deployment> {
    const { deployment, created } = await this.#o.deployments.register(registration, key)
    if (created) this.#o.bus.publish({ type: 'deployment', data: deployment })
    return deployment
  }

  async #finish({ id, status }: Deployment, outcome: Outcome, by: string): Promise<Deployment> {
    const closed = await this.#o.deployments.closeOnce(id, outcome, by)
    if (status === 'open') this.#o.bus.publish({ type: 'deployment', data: closed })
    return closed
  }

  async #byKey(key: string): Promise<Deployment | null> {
    const [fact] = await this.#o.facts.list<{ readonly deploymentId: string }>({ kind: 'idempotency', key })
    return fact === undefined ? null : this.#o.deployments.find(fact.body.deploymentId)
  }

  #openTwin(registration: Registration): Deployment | null {
    const { version } = registration.canary
    return (
      this.#o.deployments.open().find((each) => isOf(registration, each) && each.canary.version === version) ?? null
    )
  }

  /** The newest deployment, when it is of this version and was promoted. */
  #promoted(registration: Registration): Deployment | null {
    const newest = this.#o.deployments.list().find((each) => isOf(registration, each))
    if (newest?.outcome !== 'promoted') return null
    return newest.canary.version === registration.canary.version ? newest : null
  }
}

type Unit = { readonly service: string; readonly environment: string }

function isOf({ service, environment, namespace }: Registration, deployment: Deployment): boolean {
  if (deployment.service !== service || deployment.environment !== (environment ?? defaultEnvironment)) return false
  return namespace === undefined || deployment.namespace === namespace
}
