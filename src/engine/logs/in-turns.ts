import { setImmediate } from 'node:timers/promises'
import type { Steps } from '../../judges/log-templates/steps.ts'

/** Takes all steps, and lets whatever else this process has to do go on in between. */
export async function inTurns<Result>(steps: Steps<Result>): Promise<Result> {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
    await setImmediate()
  }
}
