import type { CheckRecord, CheckState } from '../../domain/check.ts'
import { isSameUnit } from '../../domain/cohort.ts'
import type { Deployment } from '../../domain/deployment.ts'
import { DavyError } from '../../domain/errors.ts'
import { checkStates, type DatedCheck } from '../../judges/verdict/check-state.ts'
import type { Facts } from '../../storage/facts.ts'
import { FactMirror } from '../fact-mirror.ts'

/** A deployment with more checks than this is somebody's loop. */
const mostChecks = 200

/** What people's own tests and scanners say of deployments. */
export class Checks {
  readonly #facts: Facts
  readonly #mirror: FactMirror
  readonly #newId: () => string
  #byDeployment: ReadonlyMap<string, readonly DatedCheck[]> = new Map()
  #folded: unknown = null

  constructor(facts: Facts, newId: () => string) {
    this.#facts = facts
    this.#mirror = new FactMirror(facts, ['check'])
    this.#newId = newId
  }

  /** Takes in what has been written since. */
  refresh(): Promise<void> {
    return this.#mirror.refresh()
  }

  /** @throws DavyError CONFLICT when the deployment is closed: nothing would come of it. */
  async add(deployment: Deployment, check: CheckRecord): Promise<void> {
    if (deployment.status === 'closed') {
      const detail = `Deployment ${deployment.id} is closed as ${deployment.outcome} and takes no more checks.`
      throw new DavyError('CONFLICT', detail, { expected: 'a deployment that is open' })
    }
    await this.refresh()
    // What Davy finds out by itself is bounded where it asks, and must not be lost among the reports of others.
    const reports = (this.#all().get(deployment.id) ?? []).filter(({ by }) => by !== 'davy')
    if (check.by !== 'davy' && reports.length >= mostChecks) {
      throw new DavyError('CONFLICT', `Deployment ${deployment.id} has ${mostChecks} reports, which is the most.`)
    }
    await this.#facts.putOnce('check', this.#newId(), deployment.id, check)
    await this.refresh()
  }

  /**
   * What the checks of a deployment say now. A scan is compared with the baseline's: one that came with this deployment,
   * or with the one that brought the baseline's version here.
   */
  statesOf(deployment: Deployment, all: readonly Deployment[]): readonly CheckState[] {
    const own = this.#all().get(deployment.id) ?? []
    if (own.length === 0) return []
    const version = deployment.baseline?.version
    const brought = all
      .filter(({ id, canary }) => id !== deployment.id && version !== undefined && canary.version === version)
      .filter((other) => isSameUnit(other, deployment))
      .toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1))
    const inherited = brought.flatMap(({ id }) => this.#all().get(id) ?? []).filter(({ arm }) => arm === 'canary')
    return checkStates(own, inherited)
  }

  #all(): ReadonlyMap<string, readonly DatedCheck[]> {
    if (this.#folded === this.#mirror.facts) return this.#byDeployment
    const byDeployment = new Map<string, DatedCheck[]>()
    for (const { subject, at, body } of this.#mirror.facts) {
      const check = { ...(body as CheckRecord), at }
      byDeployment.set(subject, [...(byDeployment.get(subject) ?? []), check])
    }
    this.#byDeployment = byDeployment
    this.#folded = this.#mirror.facts
    return byDeployment
  }
}
