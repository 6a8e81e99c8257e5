import type { Explanation } from '../../domain/explanation.ts'
import type { ReasonCode, Verdict } from '../../domain/verdict.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Facts } from '../../storage/facts.ts'
import type { Deployments } from '../deployments.ts'
import { FactTail } from '../fact-tail.ts'
import { Failures } from '../failures.ts'
import { type ExplainOptions, explainVerdict } from './explain-verdict.ts'

const dayMs = 86_400_000

/** Verdicts about which people ask what it comes from. */
const explainedCodes: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'HARM_SHOWN',
  'HARM_LIKELY',
  'SHARED_OUTAGE',
  'BASELINE_UNHEALTHY',
])

/** What could not be looked at so often is too much for the storage, which has other work: raw telemetry is read for it. */
const mostTries = 8

type Waiting = { readonly key: string; readonly verdict: Verdict; tries: number }

export type ExplanationsOptions = Omit<ExplainOptions, 'deployments'> & {
  readonly facts: Facts
  readonly known: Deployments
  readonly log: Logger
}

/**
 * Makes the explanation that each change to a harmful verdict should have and has not, once, as a fact. A verdict waits
 * for none of it.
 */
export class Explanations {
  readonly #o: ExplanationsOptions
  readonly #tail: FactTail
  readonly #waiting = new Map<string, Waiting>()
  readonly #failures = new Failures()

  constructor(options: ExplanationsOptions) {
    this.#o = options
    this.#tail = new FactTail(options.facts, ['verdict'], new Date(options.now() - dayMs).toISOString())
  }

  async tick(signal: AbortSignal): Promise<void> {
    const { facts, known, log, now } = this.#o
    await this.#tail.read(({ key, body }) => {
      const verdict = body as Verdict
      if (explainedCodes.has(verdict.reason.code)) this.#waiting.set(key, { key, verdict, tries: 0 })
    })
    if (this.#waiting.size === 0) return
    for (const done of await facts.existing('explanation', [...this.#waiting.keys()])) this.#waiting.delete(done)
    for (const waiting of [...this.#waiting.values()]) {
      const { key, verdict } = waiting
      if (signal.aborted) return
      if (this.#failures.isPaused(key, now())) continue
      const isLastTry = waiting.tries + 1 >= mostTries || now() - Date.parse(verdict.decidedAt) > dayMs
      try {
        const deployment = known.get(verdict.deploymentId)
        const options = { ...this.#o, deployments: () => known.list() }
        const explanation = await explainVerdict(options, deployment, verdict, isLastTry, signal)
        await facts.putOnce('explanation', key, verdict.deploymentId, explanation)
        this.#waiting.delete(key)
        this.#failures.forget(key)
      } catch (error) {
        if (signal.aborted) return
        waiting.tries += 1
        if (isLastTry) {
          this.#waiting.delete(key)
          this.#failures.forget(key)
          log.error({ err: error, deploymentId: verdict.deploymentId }, 'a verdict could not be explained; it stays so')
          continue
        }
        const retryAt = new Date(this.#failures.note(key, now())).toISOString()
        log.warn({ err: error, deploymentId: verdict.deploymentId, retryAt }, 'a verdict could not be explained yet')
      }
    }
  }

  /** The newest explanation of a deployment; null when none was made, since nothing had to be explained or not yet. */
  async newestOf(deploymentId: string): Promise<Explanation | null> {
    const made = await this.#o.facts.list<Explanation>({ kind: 'explanation', subject: deploymentId })
    return made.at(-1)?.body ?? null
  }
}
