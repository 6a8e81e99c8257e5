import type { RolloutJudgement } from './judge-rollout.ts'
import { explainsOutages } from './judge-rollouts.ts'

/**
 * Rollouts of the same time, most suspect first: by harm, and of equals the one whose canary came last before the first
 * outage. Timing alone accuses nobody, because releases of the same time start within minutes.
 *
 * When no release explains an outage, what is known of its spreading comes before harm, because no harm is proven then:
 * a cause precedes its effect, faults travel from the called to the caller, and a canary does not break its baseline. So
 * first the releases that were there before the outage, are called by a failing service and do not fail themselves;
 * then the others that were there before; last those that came after.
 */
export function rankCulprits(judgements: readonly RolloutJudgement[]): RolloutJudgement[] {
  const outages = judgements.flatMap((judgement) => judgement.outages)
  const since = Math.min(...outages.map((outage) => outage.since))
  const failing = new Set(outages.filter(({ kind }) => kind === 'failing').map(({ edge }) => edge.to))
  const isExplained = judgements.some(explainsOutages)

  function distance({ service, callers, firstCanaryReady }: RolloutJudgement): number {
    if (isExplained || outages.length === 0) return 0
    if (firstCanaryReady === null || firstCanaryReady > since) return 2
    return callers.some((caller) => failing.has(caller)) && !failing.has(service) ? 0 : 1
  }

  function ready({ firstCanaryReady }: RolloutJudgement): number {
    return firstCanaryReady === null || firstCanaryReady > since ? 0 : firstCanaryReady
  }

  return judgements.toSorted((a, b) => distance(a) - distance(b) || b.harm - a.harm || ready(b) - ready(a))
}
