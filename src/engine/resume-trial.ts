import { setImmediate } from 'node:timers/promises'
import type { Deployment } from '../domain/deployment.ts'
import type { Judge } from '../domain/judge.ts'
import type { Look } from '../domain/look.ts'
import { RunningTrial } from '../judges/verdict/running-trial.ts'

/** So many looks are folded without letting other work in. */
const looksAtOnce = 20

/**
 * Continues a trial where the rows say. A long history takes seconds to fold, so it lets other work in between.
 * @param looks all of the deployment's, in order, look 0 first.
 */
export async function resumeTrial(deployment: Deployment, looks: readonly Look[], judge: Judge): Promise<RunningTrial> {
  const trial = RunningTrial.reopen(deployment, looks[0], judge)
  for (const [index, look] of looks.entries()) {
    if (index % looksAtOnce === looksAtOnce - 1) await setImmediate()
    trial.take(look)
  }
  return trial
}
