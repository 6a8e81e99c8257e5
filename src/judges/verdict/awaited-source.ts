import { cohortLabel } from '../../domain/cohort.ts'
import type { Deployment } from '../../domain/deployment.ts'
import { formatTime } from '../../domain/format.ts'
import type { Conclusion } from '../../domain/verdict.ts'
import { inSentence } from '../sequential/metric-words.ts'
import { fitSummary, shortName, shortVersion } from '../sequential/words.ts'

/** A source without which a deployment is not opened yet. Times are Unix milliseconds. */
export type AwaitedSource = {
  readonly metric: string
  /** Why it could not be asked, in one sentence without secrets. */
  readonly fault: string
  /** When it last failed. */
  readonly at: number
  /** The deployment is opened without it then. */
  readonly until: number
}

/** What is said of a deployment that waits for a source before its first look. */
export function awaitingSource(
  { service, canary }: Pick<Deployment, 'service' | 'canary'>,
  { metric, fault, until }: AwaitedSource,
): Conclusion['reason'] {
  const [s, c] = [shortName(service), shortVersion(cohortLabel(canary))]
  const name = shortName(inSentence(metric.replaceAll('-', ' ')))
  return {
    code: 'SOURCE_DOWN',
    summary: fitSummary([
      `${s} ${c} is not judged yet: the source of ${name} cannot be asked.`,
      `The source of a metric of ${s} cannot be asked.`,
    ]),
    detail: `${fault} It is asked again and again; judging starts once it answers, or at ${formatTime(until)} without it.`,
  }
}
