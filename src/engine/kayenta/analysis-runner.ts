import { derivedId } from '../../platform/ids.ts'
import type { Logger } from '../../platform/logger.ts'
import { Failures } from '../failures.ts'
import type { Accounts } from './accounts.ts'
import { type AnalysisOutcome, type CanaryAnalysis, dueAt, outcomeOf, partOf, planOf } from './canary-analysis.ts'
import { allWaiting, type CanaryRuns } from './canary-runs.ts'
import { exceptionOf, type RunOutcome } from './run-outcome.ts'

/** The id of the k-th judgement of an analysis, k from 1. */
export function partId(id: string, analysis: Pick<CanaryAnalysis, 'buildTimeMillis'>, k: number): string {
  return derivedId(analysis.buildTimeMillis, 'judgement', id, String(k))
}

export type AnalysisRunnerOptions = {
  readonly runs: CanaryRuns
  readonly accounts: Accounts
  readonly log: Logger
  readonly now: () => number
}

/** Asks for the judgements that standalone analyses are due, one after the other, and ends those that are decided. */
export class AnalysisRunner {
  readonly #o: AnalysisRunnerOptions
  readonly #failures = new Failures()

  constructor(options: AnalysisRunnerOptions) {
    this.#o = options
  }

  async tick(): Promise<void> {
    const { runs, now, log } = this.#o
    for (const { key, body } of await runs.waitingAnalyses(allWaiting.analyses)) {
      if (this.#failures.isPaused(key, now())) continue
      try {
        await this.#follow(key, body)
        this.#failures.forget(key)
      } catch (error) {
        const retryAt = new Date(this.#failures.note(key, now())).toISOString()
        log.error({ err: error, canaryAnalysisExecutionId: key, retryAt }, 'a canary analysis could not be followed')
      }
    }
  }

  async #follow(id: string, analysis: CanaryAnalysis): Promise<void> {
    const { runs, now, accounts } = this.#o
    const plan = planOf(analysis)
    const ids = Array.from({ length: plan.judgements }, (_, i) => partId(id, analysis, i + 1))
    const outcomes = await runs.outcomes(ids)
    const judged: RunOutcome[] = []
    for (const part of ids) {
      const outcome = outcomes.get(part)
      if (outcome === undefined) break
      judged.push(outcome)
    }
    const end = outcomeOf(analysis, plan, judged, now())
    if (end !== null) return runs.endAnalysis(id, analysis, end)
    const k = judged.length + 1
    if (dueAt(plan, analysis.buildTimeMillis, k) > now()) return
    const part = ids[k - 1]
    if (part === undefined || (await runs.asked([part])).size > 0) return
    const failed = (exception: AnalysisOutcome['exception']): AnalysisOutcome => ({
      ...{ executionStatus: 'TERMINAL', didPassThresholds: false, endTimeMillis: now() },
      canaryScoreMessage: 'A canary judgement could not be asked for, so there is no final score.',
      ...(exception === undefined ? {} : { exception }),
    })
    let run: ReturnType<typeof partOf>
    try {
      run = partOf(id, analysis, plan, k, accounts, now())
    } catch (error) {
      // Since it was asked for, an account is gone, or means something else.
      return runs.endAnalysis(id, analysis, failed(exceptionOf(error, `runCanary #${k}`, now())))
    }
    await runs.askPart(part, run)
  }
}
