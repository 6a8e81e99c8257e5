import { resolveArm } from '../domain/cohort.ts'
import type { Deployment } from '../domain/deployment.ts'
import type { Pairs } from '../domain/evidence.ts'
import type { AnswerRow } from '../storage/rollup-reader.ts'
import type { Window } from './timetable.ts'

/** Both answers to a mirrored request come within so long of each other. */
export const pairMs = 60_000

/** Whether the deployment's arms answer the same requests, and somebody wants to know how. */
export function isShadow({ strategy, template }: Deployment): boolean {
  return strategy === 'shadow' && template.metrics.some(({ kind }) => kind === 'paired')
}

/**
 * Requests that both arms answered: mirrored traffic carries its trace with it, so the two answers share trace and
 * operation. A pair belongs to the window in which its later answer ended.
 */
export function pairsOf(deployment: Deployment, { from, to }: Window, answers: readonly AnswerRow[]): Pairs {
  const byRequest = new Map<string, { canary?: AnswerRow; baseline?: AnswerRow }>()
  for (const row of answers) {
    const arm = resolveArm(row, deployment, deployment)
    if (arm === null || row.at >= to) continue
    const key = `${row.traceId} ${row.operation}`
    byRequest.set(key, { ...byRequest.get(key), [arm]: row })
  }
  let [pairs, canaryWorse, baselineWorse] = [0, 0, 0]
  for (const { canary, baseline } of byRequest.values()) {
    if (canary === undefined || baseline === undefined || Math.max(canary.at, baseline.at) < from) continue
    pairs += 1
    if (canary.failed && !baseline.failed) canaryWorse += 1
    if (baseline.failed && !canary.failed) baselineWorse += 1
  }
  return { pairs, canaryWorse, baselineWorse }
}
