import type { Cell } from './cells.ts'
import { type CellLearning, learnFromHistory } from './learn-from-history.ts'
import { randomSource } from './random-source.ts'
import { simulateRuns } from './simulate-runs.ts'

/** What a worker can be asked to do: plain data in, plain data out. */
export const work = {
  learn: ({ seed, cell }: { readonly seed: string; readonly cell: Cell }): CellLearning =>
    learnFromHistory(cell, randomSource(`${seed}/${cell.name}/history`)),
  simulate: simulateRuns,
}

export type Work = typeof work
