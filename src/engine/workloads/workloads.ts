import { cohortKey, cohortLabel, isSameUnit } from '../../domain/cohort.ts'
import type { Deployment, Outcome } from '../../domain/deployment.ts'
import type { Facts } from '../../storage/facts.ts'
import type { WorkloadReader } from '../../storage/workload-reader.ts'
import type { Bus } from '../bus.ts'
import type { Deployments } from '../deployments.ts'
import type { Templates } from '../templates.ts'
import { identifyPair, identifyRun } from './identify.ts'
import { Openings } from './openings.ts'
import { Queues } from './queues.ts'
import { RolloutLog } from './rollout-log.ts'
import { type Opened, pairKey, type Rollout } from './rollout-notes.ts'
import { selectsTheSame } from './selects-the-same.ts'
import { type Hints, type Identity, type Side, subjectOf, type Unidentified, type Workload } from './workload.ts'

/** A question of a controller that names both sides. */
export type PairQuestion = {
  readonly workload: Workload
  readonly canary: Side
  readonly stable: Side
  readonly hints: Hints
}

/** A question of a controller that names neither side; `target` is the Deployment that is the canary. */
export type RunQuestion = { readonly workload: Workload; readonly target: string; readonly hints: Hints }

/** Whether the canary that was judged is the one that answers. */
export type Currency = { readonly is: 'current' } | { readonly is: 'replaced' | 'unknown'; readonly why: string }

export type WorkloadsOptions = {
  readonly facts: Facts
  readonly reader: WorkloadReader
  readonly deployments: Deployments
  readonly templates: Templates
  readonly bus: Bus
  readonly now: () => number
  readonly newId: () => string
}

/**
 * Finds the deployment that a controller means by a workload's Kubernetes name, and opens it when there is none. The
 * same question always finds the same one, without any key of the caller's, also when it is asked twice at once.
 */
export class Workloads {
  readonly #o: WorkloadsOptions
  readonly #log: RolloutLog
  readonly #openings: Openings
  readonly #queues = new Queues()

  constructor(options: WorkloadsOptions) {
    this.#o = options
    this.#log = new RolloutLog(options.facts, options.newId)
    const { deployments, bus, now } = options
    this.#openings = new Openings({ log: this.#log, deployments, bus, now })
  }

  /** The deployment of a pair of sides: the open one, the closed one while that still answers, or a new attempt. */
  async ofPair(question: PairQuestion): Promise<Deployment | Unidentified> {
    const { workload, canary, stable, hints } = question
    const key = pairKey(canary, stable)
    const subject = subjectOf(workload)
    await this.#log.ready()
    const known = this.#openings.usable(this.#log.of(subject).pairs.get(key))
    if (known !== null) return known
    return this.#queues.run(subject, async () => {
      await Promise.all([this.#log.refresh(), this.#o.deployments.refresh()])
      const found = this.#openings.usable(this.#log.of(subject).pairs.get(key))
      if (found !== null) return found
      return this.#openings.open(subject, JSON.stringify([key, hints]), question, async () => {
        const asked = { workload, hints, now: this.#o.now() }
        const identity = await identifyPair(this.#o.reader, asked, canary, stable)
        return 'question' in identity ? identity : this.#asOpened(identity, question)
      })
    })
  }

  /**
   * With the selectors that these two sides are, or were, open by: a further attempt counts as one, and what Davy noticed
   * before it was asked is adopted.
   */
  async #asOpened(identity: Identity, { workload, canary, stable }: PairQuestion): Promise<Identity> {
    const { deployments, reader, now } = this.#o
    const { unit } = identity
    const isOfUnit = (each: Deployment) => isSameUnit({ ...unit, namespace: unit.namespace ?? each.namespace }, each)
    const opened = this.#log.of(subjectOf(workload)).pairs.get(pairKey(canary, stable))
    const before = opened === undefined ? null : deployments.find(opened.deploymentId)
    const noticed = () => deployments.open().find((each) => each.origin === 'detected' && isOfUnit(each))
    const known = before !== null && isOfUnit(before) ? before : noticed()
    if (known === undefined) return identity
    if (!(await selectsTheSame(reader, known, { identity, sides: [canary, stable], now: now() }))) return identity
    const { baseline: told, ...rest } = identity
    const baseline = known.baseline ?? told
    return { ...rest, canary: known.canary, ...(baseline === undefined ? {} : { baseline }) }
  }

  /** The deployment of the workload's run, of which {@link rollout} tells the state. */
  async ofRun({ workload, target, hints }: RunQuestion): Promise<Deployment | Unidentified> {
    const subject = subjectOf(workload)
    await this.#log.ready()
    const known = this.#openings.usable(openedIn(this.#log.of(subject)))
    if (known !== null) return known
    return this.#queues.run(subject, async () => {
      await Promise.all([this.#log.refresh(), this.#o.deployments.refresh()])
      const run = this.#log.of(subject)
      const found = this.#openings.usable(openedIn(run))
      if (found !== null) return found
      const isNew = run.begunAt === null || run.isOver || run.deploymentId !== null
      const { begunAt } = isNew ? await this.#begin(subject) : run
      const now = this.#o.now()
      const sides = { canary: {}, stable: {}, hints }
      const opened = await this.#openings.open(subject, JSON.stringify([begunAt, target, hints]), sides, () =>
        identifyRun(this.#o.reader, { workload, hints, now }, target, Math.min(now, Date.parse(begunAt ?? ''))),
      )
      // Nobody said that it began, and its canary answers already: it has its first share of the traffic.
      if (isNew && !('question' in opened)) await this.#log.add(subject, { type: 'let-in' })
      return opened
    })
  }

  /** What is known of the workload's newest run. */
  async rollout(workload: Workload): Promise<Rollout> {
    await this.#log.ready()
    return this.#log.of(subjectOf(workload))
  }

  /** Begins a run, unless one began of which `isFresh` says that it is the one that is meant. */
  async begin(workload: Workload, isFresh: (run: Rollout) => boolean): Promise<void> {
    await this.#note(workload, async (run, subject) => {
      if (run.begunAt === null || run.isOver || !isFresh(run)) await this.#begin(subject)
    })
  }

  /**
   * Whether the run's canary is still the deployment's: where nobody says that another run began, its pods show it. When it
   * is not, the next question is about the other one.
   */
  async currency({ workload, target, hints }: RunQuestion, deployment: Deployment): Promise<Currency> {
    const now = this.#o.now()
    const { begunAt } = await this.rollout(workload)
    const since = Math.min(now, Date.parse(begunAt ?? deployment.startedAt))
    // Whose telemetry it is was found out when the deployment was opened; raw spans are not for every gate.
    const { service, namespace: serviceNamespace, environment } = deployment
    const asked = { workload, hints: { ...hints, service, serviceNamespace, environment }, now }
    const identity = await identifyRun(this.#o.reader, asked, target, since)
    if ('question' in identity) return { is: 'unknown', why: identity.question }
    if (cohortKey(identity.canary) === cohortKey(deployment.canary)) return { is: 'current' }
    await this.begin(workload, (run) => run.deploymentId !== deployment.id)
    await this.letIn(workload)
    return {
      is: 'replaced',
      why: `Another canary answers than the one that was judged: ${cohortLabel(identity.canary)}.`,
    }
  }

  /** The first share of the traffic was let through. */
  async letIn(workload: Workload): Promise<void> {
    await this.#note(workload, async (_run, subject) => void (await this.#log.add(subject, { type: 'let-in' })))
  }

  /** The controller moved traffic; a run that nobody noticed begins with it. */
  async weigh(workload: Workload, weight: number, step: string): Promise<void> {
    await this.#note(workload, async (run, subject) => {
      if (run.begunAt === null || run.isOver) await this.#begin(subject)
      const { deploymentId } = await this.#log.add(subject, { type: 'weight', weight })
      if (deploymentId !== null) await this.#openings.step(deploymentId, step, weight)
    })
  }

  /** The controller took a step that has no weight. */
  async step(workload: Workload, step: string): Promise<void> {
    await this.#note(workload, async ({ deploymentId, isOver }) => {
      if (deploymentId !== null && !isOver) await this.#openings.step(deploymentId, step, null)
    })
  }

  /** The run is over; its deployment, when it has an open one, is closed with this outcome. */
  async end(workload: Workload, outcome: Outcome): Promise<Deployment | null> {
    return this.#note(workload, async (run, subject) => {
      if (run.begunAt === null || run.isOver) return null
      await this.#log.add(subject, { type: 'ended' })
      return run.deploymentId === null ? null : this.#openings.close(run.deploymentId, outcome, workload)
    })
  }

  /** The deployment whose canary has this hash is over. @returns null when none was opened. */
  async endCanary(workload: Workload, hash: string, outcome: Outcome): Promise<Deployment | null> {
    const id = (await this.#newestOf(workload, hash))?.deploymentId
    return id === undefined ? null : this.#openings.close(id, outcome, workload)
  }

  /** The deployment that was opened last for this canary; null when none was. */
  async ofCanary(workload: Workload, hash: string): Promise<Deployment | null> {
    const opened = await this.#newestOf(workload, hash)
    if (opened === undefined) return null
    await this.#o.deployments.refresh()
    return this.#o.deployments.get(opened.deploymentId)
  }

  /** The deployment that was opened last for this workload; null when none was. */
  async newest(workload: Workload): Promise<Deployment | null> {
    await this.#log.refresh()
    const opened = [...this.#log.of(subjectOf(workload)).pairs.values()].at(-1)
    if (opened === undefined) return null
    await this.#o.deployments.refresh()
    return this.#o.deployments.get(opened.deploymentId)
  }

  /** Names the step that a gate asks about, once: what is asked there is answered with evidence from then on, too. */
  openStep(deploymentId: string, step: string, weight: number | null): Promise<Deployment> {
    return this.#openings.step(deploymentId, step, weight)
  }

  /** The controller is being told to roll back. */
  async tell(workload: Workload, deploymentId: string): Promise<void> {
    const isTold = ({ pairs }: Rollout): boolean =>
      [...pairs.values()].some((each) => each.deploymentId === deploymentId && each.isTold)
    if (isTold(this.#log.of(subjectOf(workload)))) return
    await this.#note(workload, async (run, subject) => {
      if (!isTold(run)) await this.#log.add(subject, { type: 'told', deploymentId })
    })
  }

  /** Whether what is asked for would only be observed; what is not opened yet goes by its template. */
  isObserved({ template }: Hints): boolean {
    return this.#o.templates.named(template ?? 'default').mode === 'observe'
  }

  #begin(subject: string): Promise<Rollout> {
    return this.#log.add(subject, { type: 'begun', at: new Date(this.#o.now()).toISOString() })
  }

  async #newestOf(workload: Workload, hash: string): Promise<Opened | undefined> {
    await this.#log.refresh()
    return [...this.#log.of(subjectOf(workload)).pairs.values()].findLast(({ canary }) => canary.hash === hash)
  }

  #note<T>(workload: Workload, write: (run: Rollout, subject: string) => Promise<T>): Promise<T> {
    const subject = subjectOf(workload)
    return this.#queues.run(subject, async () => {
      await Promise.all([this.#log.refresh(), this.#o.deployments.refresh()])
      return write(this.#log.of(subject), subject)
    })
  }
}

/** The deployment of the newest run. */
function openedIn({ deploymentId, isOver, pairs }: Rollout): Opened | undefined {
  return isOver ? undefined : [...pairs.values()].find((opened) => opened.deploymentId === deploymentId)
}
