import { resolveArm } from '../domain/cohort.ts'
import type { Deployment } from '../domain/deployment.ts'
import type { Pairs } from '../domain/evidence.ts'
import type { AnswerRow } from '../storage/rollup-reader.ts'
import type { Window } from './timetable.ts'

/** Both answers to a mirrored request come within so long of each other. */
const answerMs = 60_000

/** Answers are read from so long before a window on: twice as far, so that a retry is not taken for a first answer. */
export const pairMs = 2 * answerMs

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
    if (row.service !== deployment.service || row.at < from - pairMs || row.at >= to) continue
    const arm = resolveArm(row, deployment, deployment)
    if (arm === null) continue
    const key = `${row.traceId} ${row.operation}`
    const both = byRequest.get(key) ?? {}
    // A retry within the trace is no answer of its own: the first one counts.
    if ((both[arm]?.at ?? Number.POSITIVE_INFINITY) <= row.at) continue
    byRequest.set(key, { ...both, [arm]: row })
  }
  let [pairs, canaryWorse, baselineWorse] = [0, 0, 0]
  for (const { canary, baseline } of byRequest.values()) {
    if (canary === undefined || baseline === undefined || Math.max(canary.at, baseline.at) < from) continue
    if (Math.abs(canary.at - baseline.at) > answerMs) continue
    pairs += 1
    if (canary.failed && !baseline.failed) canaryWorse += 1
    if (baseline.failed && !canary.failed) baselineWorse += 1
  }
  return { pairs, canaryWorse, baselineWorse }
}
