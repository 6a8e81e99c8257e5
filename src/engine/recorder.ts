import type { Look } from '../domain/look.ts'
import type { Verdict } from '../domain/verdict.ts'
import { isChange } from '../judges/verdict/verdict-of.ts'
import { digestOf } from '../platform/digest.ts'
import type { Logger } from '../platform/logger.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Facts } from '../storage/facts.ts'
import type { Looks } from '../storage/looks.ts'
import type { Bus } from './bus.ts'
import type { Deployments } from './deployments.ts'

/** A look with the verdict before it. */
export type Step = { readonly before: Verdict | null; readonly look: Look }

export type RecorderOptions = {
  readonly deployments: Deployments
  readonly looks: Looks
  readonly facts: Facts
  readonly bus: Bus
  readonly log: Logger
  readonly metrics: Metrics
}

/** Puts looks on record: their rows first, then what follows from them. */
export class Recorder {
  readonly #o: RecorderOptions

  constructor(options: RecorderOptions) {
    this.#o = options
  }

  /**
   * Writes look rows, the changes among them, and closes what was rolled back.
   * @returns the deployments of which another process had written other looks: theirs stand, nothing of these follows.
   */
  async record(steps: readonly Step[]): Promise<ReadonlySet<string>> {
    if (steps.length === 0) return new Set()
    const looks = steps.map(({ look }) => look)
    const token = digestOf(looks.map(({ verdict }) => verdict.id))
    const foreign = await this.#o.looks.write(looks, token)
    const lost = new Set<string>()
    for (const id of foreign) {
      if (!(await this.#stand(looks.filter(({ deploymentId }) => deploymentId === id)))) lost.add(id)
    }
    const standing = steps.filter(({ look }) => !lost.has(look.deploymentId))
    for (const step of standing) await this.#writeChange(step)
    for (const { look } of standing) this.#o.bus.publish({ type: 'verdict', data: look.verdict })
    return lost
  }

  /**
   * Writes what should follow from rows that are on record and does not: the writing was cut off in between.
   * @param before the verdict before the first of them.
   */
  async complete(looks: readonly Look[], before: Verdict | null): Promise<void> {
    const steps = looks.map((look, index) => ({ before: looks[index - 1]?.verdict ?? before, look }))
    const changes = steps.filter(({ before, look }) => isChange(before, look.verdict))
    const written = await this.#o.facts.existing('verdict', changes.map(keyOf))
    for (const step of changes) if (!written.has(keyOf(step))) await this.#writeChange(step)
    const newest = looks.at(-1)?.verdict
    if (newest !== undefined) await this.#closeRolledBack(newest)
  }

  /** Whether these looks are on record as they are, whoever wrote them. */
  async #stand(looks: readonly Look[]): Promise<boolean> {
    const [first] = looks
    if (first === undefined) return true
    const rows = new Map(
      (await this.#o.looks.list(first.deploymentId, first.look)).map((row) => [row.look, contentOf(row)]),
    )
    return looks.every((look) => rows.get(look.look) === contentOf(look))
  }

  /** A verdict that says something new is a fact, the outbox of deliveries. */
  async #writeChange({ before, look }: Step): Promise<void> {
    const { verdict } = look
    if (isChange(before, verdict)) {
      const key = keyOf({ look })
      const { won } = await this.#o.facts.putOnce('verdict', key, verdict.deploymentId, verdict)
      if (won) this.#tellOf(verdict)
    }
    await this.#closeRolledBack(verdict)
  }

  async #closeRolledBack({ decision, deploymentId }: Verdict): Promise<void> {
    const { deployments, log } = this.#o
    if (decision !== 'rollback' || deployments.get(deploymentId).status === 'closed') return
    const { outcome } = await deployments.closeOnce(deploymentId, 'rolled-back', 'davy')
    if (outcome === 'rolled-back') return
    log.warn({ deploymentId, outcome }, 'a rollback was decided while the deployment was being closed otherwise')
  }

  #tellOf(verdict: Verdict): void {
    const { service, environment, decision, reason, look } = verdict
    const unit = this.#o.metrics.unitLabels(service, environment)
    this.#o.metrics.verdicts.inc({ ...unit, verdict: decision })
    const fields = { deploymentId: verdict.deploymentId, service, environment, decision, code: reason.code, look }
    this.#o.log.info({ ...fields, summary: reason.summary }, 'the verdict changed')
  }
}

function keyOf({ look: { verdict } }: Pick<Step, 'look'>): string {
  return `${verdict.deploymentId}/${verdict.look}`
}

function contentOf({ evidence, verdict }: Look): string {
  return JSON.stringify([evidence, verdict])
}
