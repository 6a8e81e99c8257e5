import type { Deployment } from '../../domain/deployment.ts'

/** Who was told to roll back and asks again within this time did not hear it, or is about to stop. */
const repeatMs = 60_000

/** What was replaced is asked about for so long at most, until its controller has noticed. */
const windingUpMs = 120_000

/** A controller that said that it is over may have one more question under way. */
const underWayMs = 10_000

/** A rollback that nobody was told is news for so long. */
const newsMs = 24 * 3_600_000

export type LastQuestion = {
  /** Unix milliseconds. */
  readonly askedAt: number
  /** Whether the controller was told to roll back. */
  readonly isTold: boolean
  /** Who closed the deployment; `davy` when that was no caller. */
  readonly closedBy: string
  /** Names under which controllers close. */
  readonly controllers: readonly string[]
}

/**
 * Whether a closed deployment goes on answering for its pair of sides, or a question opens the next attempt. Controllers
 * do not say which attempt they ask about. A rollback must be heard once, also by who asks late, and must not abort what
 * somebody starts anew; a newer deployment must not be pushed aside by one that is being wound up.
 */
export function stillAnswers({ outcome, endedAt }: Deployment, question: LastQuestion, now: number): boolean {
  const { askedAt, isTold, closedBy, controllers } = question
  const closedForMs = now - Date.parse(endedAt ?? '')
  if (controllers.includes(closedBy)) return closedForMs < underWayMs
  // A person or a pipeline finished it by name, and whoever asks now means something else.
  if (closedBy !== 'davy') return false
  if (outcome === 'rolled-back') return isTold ? now - askedAt < repeatMs : closedForMs < newsMs
  return outcome === 'superseded' && closedForMs < windingUpMs
}
