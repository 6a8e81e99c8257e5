import { cohortKey } from '../../domain/cohort.ts'
import type { Deployment, Outcome } from '../../domain/deployment.ts'
import { DavyError } from '../../domain/errors.ts'
import type { Bus } from '../bus.ts'
import type { Deployments } from '../deployments.ts'
import type { Registration } from '../registration.ts'
import { Queues } from './queues.ts'
import type { RolloutLog } from './rollout-log.ts'
import type { Opened } from './rollout-notes.ts'
import { stillAnswers } from './still-answers.ts'
import type { Hints, Identity, Side, Unidentified, Workload } from './workload.ts'

/** What could not be identified is looked for again after this time, however often it is asked about. */
const unknownMs = 1_000

/** By these names controllers close what they said is over. */
const controllers = ['argo-rollouts', 'flagger'] as const

export type OpeningsOptions = {
  readonly log: RolloutLog
  readonly deployments: Deployments
  readonly bus: Bus
  readonly now: () => number
}

/** The deployments of workloads: when one is opened, taken up again, stepped and closed. */
export class Openings {
  readonly #o: OpeningsOptions
  readonly #startedAt: number
  readonly #askedAt = new Map<string, number>()
  readonly #unknown = new Map<string, { readonly until: number; readonly answer: Unidentified }>()
  readonly #queues = new Queues()

  constructor(options: OpeningsOptions) {
    this.#o = options
    this.#startedAt = options.now()
  }

  /** The deployment when it is the one that a question is about: an open one, or a closed one that still answers. */
  usable(opened: Opened | undefined): Deployment | null {
    if (opened === undefined) return null
    const { deploymentId, isTold } = opened
    const deployment = this.#o.deployments.list().find(({ id }) => id === deploymentId)
    // Another process opened it a moment ago; it is there once the facts are read anew.
    if (deployment === undefined) return null
    const now = this.#o.now()
    if (deployment.status === 'closed') {
      const askedAt = this.#askedAt.get(deploymentId) ?? this.#startedAt
      const close = this.#o.deployments.history(deploymentId).find(({ kind }) => kind === 'close')
      const { by } = (close?.body ?? { by: 'davy' }) as { readonly by: string }
      if (!stillAnswers(deployment, { askedAt, isTold, closedBy: by, controllers }, now)) return null
    }
    this.#askedAt.set(deploymentId, now)
    return deployment
  }

  /**
   * Opens the deployment that `identify` tells of, or finds it open.
   * @param question what is asked, word for word: while it cannot be answered it is not looked for at every asking.
   */
  async open(
    subject: string,
    question: string,
    { canary, stable, hints }: { readonly canary: Side; readonly stable: Side; readonly hints: Hints },
    identify: () => Promise<Identity | Unidentified>,
  ): Promise<Deployment | Unidentified> {
    const unknown = this.#unknown.get(subject + question)
    if (unknown !== undefined && this.#o.now() < unknown.until) return unknown.answer
    const identity = await identify()
    if ('question' in identity) {
      this.#remember(subject + question, identity)
      return identity
    }
    this.#unknown.delete(subject + question)
    const { deployment, created } = await this.#o.deployments.register(this.#registrationOf(subject, identity, hints))
    await this.#o.log.add(subject, { type: 'opened', deploymentId: deployment.id, canary, stable })
    this.#askedAt.set(deployment.id, this.#o.now())
    if (created) this.#o.bus.publish({ type: 'deployment', data: deployment })
    return deployment
  }

  /** Names the step that a gate asks about, once: what is asked there is answered with evidence from then on, too. */
  async step(deploymentId: string, step: string, weight: number | null): Promise<Deployment> {
    const hasStep = () => this.#o.deployments.get(deploymentId).progress.some((each) => each.step === step)
    const { status } = this.#o.deployments.get(deploymentId)
    if (status === 'closed' || hasStep()) return this.#o.deployments.get(deploymentId)
    return this.#queues.run(deploymentId, async () => {
      await this.#o.deployments.refresh()
      if (hasStep()) return this.#o.deployments.get(deploymentId)
      const at = new Date(this.#o.now()).toISOString()
      try {
        const stepped = await this.#o.deployments.progress(deploymentId, { at, weight, step })
        this.#o.bus.publish({ type: 'deployment', data: stepped })
        return stepped
      } catch (error) {
        // Closed in the meantime: there is nothing to open a step of, and the answer is what it was closed with.
        if (error instanceof DavyError && error.code === 'CONFLICT') return this.#o.deployments.get(deploymentId)
        throw error
      }
    })
  }

  /** Closes it in the controller's name unless it is closed. */
  async close(deploymentId: string, outcome: Outcome, { controller }: Workload): Promise<Deployment> {
    await this.#o.deployments.refresh()
    const wasOpen = this.#o.deployments.get(deploymentId).status === 'open'
    const closed = await this.#o.deployments.closeOnce(deploymentId, outcome, controller)
    if (wasOpen) this.#o.bus.publish({ type: 'deployment', data: closed })
    return closed
  }

  #registrationOf(subject: string, { unit, canary, baseline, canarySince }: Identity, hints: Hints): Registration {
    const isFirst = !this.#o.deployments
      .list()
      .some((each) => each.service === unit.service && cohortKey(each.canary) === cohortKey(canary))
    const { weight } = this.#o.log.of(subject)
    return {
      ...unit,
      canary,
      ...(baseline === undefined ? {} : { baseline, isFromController: true }),
      ...(hints.template === undefined ? {} : { template: hints.template }),
      ...(hints.strategy === undefined ? {} : { strategy: hints.strategy }),
      ...(weight === null ? {} : { plannedWeight: weight }),
      // Another attempt is judged by what comes after it began.
      ...(isFirst && canarySince !== null ? { startedAt: new Date(canarySince).toISOString() } : {}),
    }
  }

  /** What is asked about with ever other names must not fill the memory. */
  #remember(question: string, answer: Unidentified): void {
    const now = this.#o.now()
    for (const [key, { until }] of this.#unknown) if (until <= now) this.#unknown.delete(key)
    this.#unknown.set(question, { until: now + unknownMs, answer })
  }
}
