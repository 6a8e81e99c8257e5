import type { Slice } from '../../src/domain/evidence.ts'
import type { TrialContext } from '../../src/domain/judge.ts'
import type { Conclusion } from '../../src/domain/verdict.ts'
import { openTrial } from '../../src/judges/sequential/open-trial.ts'
import { startedAt } from './rollout.ts'

/** Seconds of evidence until a trial of these slices first decides so, or null; what comes after is not judged. */
export function decisionAfter(
  slices: readonly Slice[],
  context: TrialContext,
  decision: Conclusion['decision'],
): number | null {
  const trial = openTrial(context)
  for (const slice of slices) {
    trial.observe(slice)
    const conclusion = trial.conclude(slice.to + context.template.watermarkSeconds * 1000)
    if (conclusion.decision === decision) return (slice.to - startedAt) / 1000
  }
  return null
}
