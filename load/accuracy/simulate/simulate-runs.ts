import type { MetricNulls } from '../../../src/domain/null-parameters.ts'
import { simulateCanary } from './canary-run.ts'
import type { Cell, Effect } from './cells.ts'
import { type JudgeName, judgeNames, judges } from './judges.ts'
import { randomSource } from './random-source.ts'

/** Some of the runs of one cell and effect, those numbered from `first` up to `end`, exclusive. */
export type RunsTask = {
  readonly seed: string
  readonly cell: Cell
  readonly effect: Effect
  readonly first: number
  readonly end: number
  readonly nulls: MetricNulls
  readonly isAskedAlways: boolean
}

/** How many runs there were, and for each judge the seconds to the rollback of those in which it rolled back. */
export type Tally = { readonly runs: number; readonly seconds: Readonly<Record<JudgeName, readonly number[]>> }

/** One run in so many is judged a second time, as fully as can be. */
const controlEvery = 50

/**
 * Every run through every judge. A run has its own seed, so it is the same in whatever task it is.
 *
 * @throws Error when a judge that was asked at every look rolls back elsewhere than one that was asked where it could
 * decide: then `davy-rollback.ts` no longer knows where that is
 */
export function simulateRuns({ seed, cell, effect, first, end, ...setting }: RunsTask): Tally {
  const seconds = noSeconds()
  for (let number = first; number < end; number++) {
    const run = simulateCanary(cell, effect, randomSource(`${seed}/${cell.name}/${effect}/${number}`))
    for (const name of judgeNames) {
      const rollback = judges[name].rollback(run, setting)
      if (number % controlEvery === 0) {
        const full = judges[name].rollback(run, { ...setting, isAskedAlways: true })
        if (full !== rollback) {
          throw new Error(
            `${name}, run ${number} of ${cell.name} at ratio ${effect}: expected a rollback at ${full} s as when asked at every look, got ${rollback}`,
          )
        }
      }
      if (rollback !== null) seconds[name].push(rollback)
    }
  }
  return { runs: end - first, seconds }
}

/** All tallies as one. */
export function sumTallies(tallies: readonly Tally[]): Tally {
  const seconds = noSeconds()
  for (const tally of tallies) for (const name of judgeNames) seconds[name].push(...tally.seconds[name])
  return { runs: tallies.reduce((sum, { runs }) => sum + runs, 0), seconds }
}

function noSeconds(): Record<JudgeName, number[]> {
  return { learned: [], cold: [], kayenta: [], kayentaAtTheEnd: [], flagger: [], zTest: [] }
}

/** The rollbacks of one judge: how many of how many, their share, and the median of their seconds (null: none). */
export type Rollbacks = {
  readonly runs: number
  readonly rollbacks: number
  readonly share: number
  readonly medianSeconds: number | null
}

/** One judge's part of a tally. */
export function rollbacksOf({ runs, seconds }: Tally, name: JudgeName): Rollbacks {
  const sorted = seconds[name].toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const medianSeconds = sorted.length === 0 ? null : (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2
  return { runs, rollbacks: sorted.length, share: sorted.length / runs, medianSeconds }
}
