import { setImmediate } from 'node:timers/promises'
import type { Deployment } from '../domain/deployment.ts'
import type { Judge } from '../domain/judge.ts'
import type { Look } from '../domain/look.ts'
import type { Verdict } from '../domain/verdict.ts'
import { RunningTrial } from '../judges/verdict/running-trial.ts'
import type { Looks } from '../storage/looks.ts'

/** So many looks are folded without letting other work in. */
const looksAtOnce = 20

/** So many looks are read at once: those of weeks would not fit into memory. */
const looksPerPage = 1000

/**
 * Continues a trial where the rows say. A long history takes seconds to fold, so it lets other work in between.
 * @param looks in order, look 0 first, or those that follow what `begun` took.
 */
export async function resumeTrial(
  deployment: Deployment,
  looks: readonly Look[],
  judge: Judge,
  begun: RunningTrial | null = null,
): Promise<RunningTrial> {
  const trial = begun ?? RunningTrial.reopen(deployment, looks[0], judge)
  for (const [index, look] of looks.entries()) {
    if (index % looksAtOnce === looksAtOnce - 1) await setImmediate()
    trial.take(look)
  }
  return trial
}

export type TrialRecord = {
  readonly looks: Pick<Looks, 'list'>
  readonly judge: Judge
  /** Takes the looks that were read, page by page, each page with the verdict before it. */
  readonly taken: (looks: readonly Look[], before: Verdict | null) => Promise<void>
}

/** Continues the trial of a deployment as it is on record; null: no look is. */
export async function resumeFromRecord(
  deployment: Deployment,
  record: TrialRecord,
  pageSize = looksPerPage,
): Promise<RunningTrial | null> {
  let trial: RunningTrial | null = null
  for (;;) {
    const page = await record.looks.list(deployment.id, trial?.nextLook ?? 0, pageSize)
    if (page.length === 0) return trial
    const before: Verdict | null = trial?.newest ?? null
    trial = await resumeTrial(deployment, page, record.judge, trial)
    await record.taken(page, before)
    if (page.length < pageSize || trial.newest?.final === true) return trial
  }
}
