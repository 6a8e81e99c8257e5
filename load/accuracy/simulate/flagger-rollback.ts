import type { CanaryRun } from './canary-run.ts'

const mostErrors = 0.01
const threshold = 5

/**
 * Seconds until Flagger's rule rolls the canary back, or null: five checks, each of one minute's error rate against 1%,
 * have failed. Failed checks add up over the whole rollout, as Flagger's do; a minute without requests passes.
 * Source: fluxcd/flagger, pkg/controller/scheduler.go.
 */
export function flaggerRollback({ minutes }: CanaryRun): number | null {
  let failed = 0
  for (const [index, { canary }] of minutes.entries()) {
    if (canary.errors > mostErrors * canary.requests) failed++
    if (failed >= threshold) return (index + 1) * 60
  }
  return null
}
