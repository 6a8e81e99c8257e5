import type { Arm } from '../domain/cohort.ts'
import { type ArmSlice, emptyArm } from '../domain/evidence.ts'
import type { SourceAnswer, SourceQuestion } from '../domain/metric-source.ts'
import { type FillText, filling, unasked } from './arm-text.ts'
import type { QueryLanguage } from './fill-query.ts'

/** Deployments start on whole ticks. */
const tickMs = 10_000

/** What reads one arm: `fill` fills its texts in, `since` (Unix milliseconds) is from when on what is told counts. */
export type ReadArm = (asked: {
  readonly arm: Arm
  readonly fill: FillText
  readonly since: number
}) => Promise<readonly ArmSlice[]>

/**
 * Both arms in each window of a question, each read by itself.
 * @param system for people, as `Loki`
 * @throws DavyError SOURCE_DOWN when both arms would be asked the same, or as `read` does
 */
export async function answerByArm(
  question: SourceQuestion,
  { system, language }: { readonly system: string; readonly language: QueryLanguage },
  read: ReadArm,
): Promise<readonly SourceAnswer[]> {
  const asked: Readonly<Record<Arm, Set<string>>> = { baseline: new Set(), canary: new Set() }
  const since = sinceOf(question)
  const ask = async (arm: Arm): Promise<readonly ArmSlice[]> => {
    // Who it is asked about is not known yet, so nothing is known of it either.
    if (question.deployment[arm] === null) return []
    const fill = filling(question, arm, language, system)
    const noting: FillText = (text) => {
      const filled = fill(text)
      if (filled !== null) asked[arm].add(filled)
      return filled
    }
    return read({ arm, fill: noting, since })
  }
  const [baseline, canary] = await Promise.all([ask('baseline'), ask('canary')])
  const both = [...asked.canary].find((text) => asked.baseline.has(text))
  if (both !== undefined) {
    const reason = `both arms are asked the same, so they are not told apart: ${both.slice(0, 300)}`
    throw unasked(system, question.metric.name, reason)
  }
  return question.windows.map((_, index) => ({
    baseline: baseline[index] ?? emptyArm,
    canary: canary[index] ?? emptyArm,
  }))
}

/** From when on what is told counts: what a late source tells of the time before the start is about no canary. */
export function sinceOf({ deployment, windows }: SourceQuestion): number {
  const start = Math.floor(Date.parse(deployment.startedAt) / tickMs) * tickMs
  return (windows[0]?.from ?? start) >= start ? start : Number.NEGATIVE_INFINITY
}
