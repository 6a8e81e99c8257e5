import type { Suspect } from '../../domain/explanation.ts'
import { formatDuration } from '../../domain/format.ts'
import type { ReasonCode } from '../../domain/verdict.ts'

/** A change of the same environment. Times are Unix milliseconds. */
export type Change = Pick<Suspect, 'deploymentId' | 'service' | 'strategy' | 'version' | 'relation' | 'startedAt'> & {
  /** Whether it was shown to do harm by itself. */
  readonly isHarmful: boolean
}

const hourMs = 3_600_000

/** What the two versions at the same time cannot have in common. */
const ownHarm: ReadonlySet<ReasonCode> = new Set<ReasonCode>(['HARM_SHOWN', 'HARM_LIKELY'])

/**
 * Who changed at the time, most suspect first. Harm that the canary has and the baseline beside it has not is the
 * canary's own; what befalls both came from elsewhere: first what was shown to do harm, then what the service calls,
 * since faults travel from the called to the caller, then by how shortly before the onset the change came. What came
 * after the onset is no suspect.
 * @param onset since when there is harm, Unix milliseconds
 */
export function rankSuspects(changes: readonly Change[], code: ReasonCode, onset: number): Suspect[] {
  const before = changes.filter(({ startedAt }) => startedAt <= onset + 60_000 && startedAt >= onset - 24 * hourMs)
  const place = ({ relation, isHarmful, startedAt }: Change): number => {
    const own = relation === 'itself'
    if (ownHarm.has(code) && own) return -10
    const near = onset - startedAt <= hourMs ? 0 : 2
    const kin = relation === 'callee' ? 0 : relation === 'other' ? 2 : 1
    return (isHarmful ? 0 : 5) + near + kin
  }
  return before
    .toSorted((a, b) => place(a) - place(b) || b.startedAt - a.startedAt || (a.deploymentId < b.deploymentId ? -1 : 1))
    .slice(0, 5)
    .map(({ isHarmful, ...change }) => ({ ...change, reason: reasonOf({ isHarmful, ...change }, code, onset) }))
}

const relations = {
  itself: 'the release that is judged',
  callee: 'a service that it calls',
  caller: 'a service that calls it',
  other: 'another service of the environment',
} as const

function reasonOf({ relation, isHarmful, startedAt }: Change, code: ReasonCode, onset: number): string {
  if (relation === 'itself' && ownHarm.has(code))
    return 'The version beside it at the same time does not have the harm.'
  const seconds = Math.max(0, Math.round((onset - startedAt) / 1000))
  const harm = isHarmful ? ', and was shown to do harm itself' : ''
  return `It is ${relations[relation]}, changed ${formatDuration(seconds)} before${harm}.`
}
