import { cohortKey, defaultEnvironment, isSameUnit, type Unit } from '../domain/cohort.ts'
import type { Deployment, Outcome, Override, Progress } from '../domain/deployment.ts'
import { DavyError } from '../domain/errors.ts'
import type { DeploymentFact, Opening } from '../domain/fold-deployment.ts'
import { digestOf } from '../platform/digest.ts'
import type { Facts } from '../storage/facts.ts'
import type { RollupReader } from '../storage/rollup-reader.ts'
import { chooseBaseline } from './baseline.ts'
import { Register } from './register.ts'
import { checkCohorts, onlyNamespace, type Registration, startOf } from './registration.ts'
import { outranked } from './supersession.ts'
import type { Templates } from './templates.ts'

const hourMs = 3_600_000

export type Registered = { readonly deployment: Deployment; readonly created: boolean }

export type KillSwitch = { readonly on: boolean; readonly by: string; readonly at: string; readonly reason: string }

export type DeploymentsOptions = {
  readonly facts: Facts
  readonly rollups: RollupReader
  readonly templates: Templates
  readonly now: () => number
  readonly newId: () => string
}

/**
 * What is open, what was closed and why. It holds no truth of its own: every change is a fact that is written first and
 * folded back, so any number of processes see the same deployments.
 */
export class Deployments {
  readonly #options: DeploymentsOptions
  readonly #register: Register
  #opening: Promise<unknown> = Promise.resolve()

  constructor(options: DeploymentsOptions) {
    this.#options = options
    this.#register = new Register(options.facts)
  }

  /** Takes in what has been written since. Every reader that must not be stale awaits it first. */
  refresh(): Promise<void> {
    return this.#register.refresh()
  }

  /** Newest first. */
  list(): readonly Deployment[] {
    return this.#register.list()
  }

  open(): readonly Deployment[] {
    return this.list().filter((deployment) => deployment.status === 'open')
  }

  /** The newest closed ones that `wanted` asks for, at most `limit`. */
  closed(wanted: (deployment: Deployment) => boolean, limit: number): readonly Deployment[] {
    const found: Deployment[] = []
    for (const deployment of this.list()) {
      if (found.length >= limit) break
      if (deployment.status === 'closed' && wanted(deployment)) found.push(deployment)
    }
    return found
  }

  /** @throws DavyError NOT_FOUND */
  get(id: string): Deployment {
    const deployment = this.#register.get(id)
    if (deployment === undefined) {
      throw new DavyError('NOT_FOUND', `There is no deployment ${JSON.stringify(id.slice(0, 64))}.`, {
        expected: 'an id from GET /api/v1/deployments',
        where: 'id',
      })
    }
    return deployment
  }

  /** null: nothing is known of it (yet). */
  find(id: string): Deployment | null {
    return this.#register.get(id) ?? null
  }

  /** What a deployment is a fold of: all that happened to it, oldest first. */
  history(id: string): readonly DeploymentFact[] {
    return this.#register.history(id)
  }

  get killSwitch(): KillSwitch | null {
    const newest = this.#register.killSwitch
    return newest === null ? null : ({ ...(newest.body as object), at: newest.at } as KillSwitch)
  }

  /**
   * Opens a deployment, or finds the open one that the registration means: same unit, strategy and canary, and the same
   * baseline if one is named. An idempotency key that was used before answers with what it opened then.
   */
  async register(registration: Registration, idempotencyKey?: string): Promise<Registered> {
    checkCohorts(registration.canary, registration.baseline)
    return this.#oneByOne(async () => {
      if (idempotencyKey !== undefined) {
        const earlier = await this.#byIdempotencyKey(idempotencyKey, registration)
        if (earlier !== null) return { deployment: earlier, created: false }
      }
      // Also where it is not needed, as for a deployment that is open already: a name that is none is a mistake.
      if (registration.template !== undefined) this.#options.templates.named(registration.template)
      const registered = await this.#findOrOpen(registration)
      if (idempotencyKey !== undefined) {
        const body = { deploymentId: registered.deployment.id, request: digestOf(registration) }
        await this.#options.facts.putOnce('idempotency', idempotencyKey, registered.deployment.id, body)
      }
      return registered
    })
  }

  /**
   * Opens a deployment for a version that showed up in the telemetry.
   * @param isStillNews asked again once no other opening is under way.
   * @returns null when it is no news any more.
   */
  async openDetected(
    unit: Unit,
    version: string,
    startedAt: string,
    isStillNews: (deployments: readonly Deployment[]) => boolean,
  ): Promise<Registered | null> {
    return this.#oneByOne(async () => {
      if (!isStillNews(this.list())) return null
      return this.#openNew(unit, { service: unit.service, canary: { version }, startedAt }, 'detected')
    })
  }

  /** @throws DavyError CONFLICT when it is closed with another outcome. */
  async close(id: string, outcome: Outcome, by: string): Promise<Deployment> {
    const before = this.get(id)
    const isOther = before.status === 'closed' && before.outcome !== outcome
    const closed = isOther ? before : await this.closeOnce(id, outcome, by)
    if (closed.outcome === outcome) return closed
    throw new DavyError('CONFLICT', `Deployment ${id} is closed as ${closed.outcome}.`, {
      expected: `outcome ${closed.outcome}, or a new deployment`,
      got: outcome,
      where: 'outcome',
    })
  }

  /** Closes unless it is closed already; whose outcome stands is in the answer. */
  async closeOnce(id: string, outcome: Outcome, by: string, supersededBy: string | null = null): Promise<Deployment> {
    const before = this.get(id)
    if (before.status === 'open') {
      await this.#options.facts.putOnce('close', id, id, { outcome, by, supersededBy })
      await this.refresh()
    } else if (before.outcome === 'rolled-back' && by !== 'davy' && outcome !== 'promoted') {
      // It was closed when that was decided; now who carried it out says that it is done.
      await this.#options.facts.putOnce('rolled-back', id, id, { by })
    }
    return this.get(id)
  }

  /** Closes open deployments that a newer one of the same unit and strategy replaced. */
  async supersedeOlder(): Promise<void> {
    const isOpenedLater = (id: string, than: string) => this.#register.isOpenedLater(id, than)
    for (const { older, newer } of outranked(this.open(), isOpenedLater)) {
      await this.closeOnce(older.id, 'superseded', 'davy', newer.id)
    }
  }

  async progress(id: string, progress: Progress): Promise<Deployment> {
    return this.#append('progress', id, progress, 'takes no progress')
  }

  async override(id: string, override: Override): Promise<Deployment> {
    return this.#append('override', id, override, 'cannot be overridden; register it again for a new attempt')
  }

  async feedback(id: string, feedback: { verdictWas: string; note: string | null; by: string }): Promise<void> {
    this.get(id)
    await this.#options.facts.putOnce('feedback', this.#options.newId(), id, feedback)
  }

  /** @throws DavyError CONFLICT when another word counts as later than this one. */
  async setKillSwitch(on: boolean, by: string, reason: string): Promise<void> {
    await this.refresh()
    const turn = this.#register.nextTurn
    await this.#options.facts.putOnce('kill-switch', this.#options.newId(), '', { on, by, reason, turn })
    await this.refresh()
    const counting = this.killSwitch
    if (counting === null || counting.on === on) return
    throw new DavyError(
      'CONFLICT',
      `What ${counting.by} set counts as later: the kill switch is ${on ? 'off' : 'on'}.`,
      {
        expected: `nobody who sets it at the same time, and clocks that agree; that one is dated ${counting.at}`,
      },
    )
  }

  /** Versions of the unit whose newest deployment ended in a rollback. */
  rolledBackVersions(unit: Unit): ReadonlySet<string> {
    const newest = new Map<string, Outcome | null>()
    for (const deployment of this.list()) {
      const version = deployment.canary.version
      if (version === undefined || !isSameUnit(deployment, unit) || newest.has(version)) continue
      newest.set(version, deployment.outcome)
    }
    return new Set([...newest].filter(([, outcome]) => outcome === 'rolled-back').map(([version]) => version))
  }

  /**
   * Openings go one by one, each with everything before it in sight: two at once would take each other for older.
   * Between processes the facts' turns decide the same.
   */
  #oneByOne<T>(open: () => Promise<T>): Promise<T> {
    const result = this.#opening.then(async () => {
      await Promise.all([this.refresh(), this.#options.templates.refresh()])
      return open()
    })
    this.#opening = result.catch(() => undefined)
    return result
  }

  async #append(kind: 'progress' | 'override', id: string, body: object, refusal: string): Promise<Deployment> {
    const deployment = this.get(id)
    if (deployment.status === 'closed') {
      throw new DavyError('CONFLICT', `Deployment ${id} is closed as ${deployment.outcome} and ${refusal}.`)
    }
    await this.#options.facts.putOnce(kind, this.#options.newId(), id, body)
    await this.refresh()
    return this.get(id)
  }

  async #byIdempotencyKey(key: string, registration: Registration): Promise<Deployment | null> {
    type Body = { deploymentId: string; request: string }
    const [fact] = await this.#options.facts.list<Body>({ kind: 'idempotency', key })
    if (fact === undefined) return null
    if (fact.body.request !== digestOf(registration)) {
      throw new DavyError('CONFLICT', 'This Idempotency-Key was used for another request.', {
        expected: 'the same body as the first time, or a new key',
        where: 'Idempotency-Key',
      })
    }
    return this.get(fact.body.deploymentId)
  }

  async #findOrOpen(registration: Registration): Promise<Registered> {
    const unit = await this.#unitOf(registration)
    const twin = this.#openTwin(unit, registration)
    if (twin !== undefined) return { deployment: await this.#adopt(twin, registration), created: false }
    const opened = await this.#openNew(unit, registration, 'api')
    // Another process was first; what it opened may be a mere observation.
    return opened.created ? opened : { deployment: await this.#adopt(opened.deployment, registration), created: false }
  }

  /** The unit that a registration means; an absent namespace is read from the telemetry when only one is there. */
  async #unitOf(registration: Registration): Promise<Unit> {
    const unit = { service: registration.service, environment: registration.environment ?? defaultEnvironment }
    if (registration.namespace !== undefined) return { ...unit, namespace: registration.namespace }
    const now = this.#options.now()
    const versions = await this.#options.rollups.versions({ service: unit.service, from: now - 24 * hourMs, to: now })
    return { ...unit, namespace: onlyNamespace(versions, unit) }
  }

  #openTwin(unit: Unit, registration: Registration): Deployment | undefined {
    const canary = cohortKey(registration.canary)
    const baseline = registration.baseline === undefined ? null : cohortKey(registration.baseline)
    return this.open().find(
      (open) =>
        isSameUnit(open, unit) &&
        open.strategy === (registration.strategy ?? 'canary') &&
        cohortKey(open.canary) === canary &&
        (baseline === null || cohortKey(open.baseline) === baseline),
    )
  }

  /** A detected deployment becomes the registrant's: enforced, under the template that the registration names. */
  async #adopt(open: Deployment, registration: Registration): Promise<Deployment> {
    if (open.origin !== 'detected') return open
    const template =
      registration.template === undefined ? open.template : this.#options.templates.named(registration.template)
    const body = {
      mode: template.mode ?? 'enforce',
      template,
      templateDigest: digestOf(template),
      plannedWeight: registration.plannedWeight ?? null,
    }
    await this.#options.facts.putOnce('adopt', open.id, open.id, body)
    await this.refresh()
    return this.get(open.id)
  }

  async #openNew(unit: Unit, registration: Registration, origin: 'api' | 'detected'): Promise<Registered> {
    const now = this.#options.now()
    const startedAt = startOf(registration, now)
    const template = this.#options.templates.named(registration.template ?? 'default')
    const baseline = await this.#baselineOf(unit, registration, Date.parse(startedAt))
    const strategy = registration.strategy ?? 'canary'
    const cohorts = [cohortKey(registration.canary), cohortKey(baseline.baseline)]
    const key = [unit.namespace, unit.service, unit.environment, strategy, ...cohorts].map(encodeURIComponent).join('/')
    const attempt = 1 + this.list().filter((deployment) => deployment.key === key).length
    const opening: Opening = {
      ...unit,
      ...baseline,
      id: this.#options.newId(),
      key,
      attempt,
      strategy,
      canary: registration.canary,
      origin,
      mode: template.mode ?? (origin === 'api' ? 'enforce' : 'observe'),
      template,
      templateDigest: digestOf(template),
      plannedWeight: registration.plannedWeight ?? null,
      startedAt,
      createdAt: new Date(now).toISOString(),
      turn: this.#register.nextTurn,
    }
    const { won, body } = await this.#options.facts.putOnce('deployment', `${key}#${attempt}`, opening.id, opening)
    await this.refresh()
    await this.supersedeOlder()
    return { deployment: this.get(body.id), created: won }
  }

  async #baselineOf(
    unit: Unit,
    registration: Registration,
    startedAt: number,
  ): Promise<Pick<Deployment, 'baseline' | 'baselineFrom'>> {
    if (registration.baseline !== undefined) {
      const baselineFrom = registration.isFromController === true ? 'controller' : 'registered'
      return { baseline: registration.baseline, baselineFrom }
    }
    const window = { from: startedAt - hourMs, to: startedAt }
    const versions = await this.#options.rollups.versions({ service: unit.service, ...window })
    const chosen = chooseBaseline(unit, registration.canary, versions, this.rolledBackVersions(unit))
    if (chosen === null) return { baseline: null, baselineFrom: 'none' }
    return { baseline: { version: chosen.version }, baselineFrom: 'traffic' }
  }
}
