import { type Cell, type Effect, effects } from './cells.ts'
import type { CellLearning } from './learn-from-history.ts'
import { type RunsTask, sumTallies, type Tally } from './simulate-runs.ts'
import type { WorkerPool } from './worker-pool.ts'

export type SimulationPlan = {
  readonly seed: string
  readonly cells: readonly Cell[]
  /** Runs of a cell without harm, and as many on the margin; a real effect has half as many, as its rates need fewer. */
  readonly runs: number
  readonly isAskedAlways: boolean
}

/** One row of the tables. */
export type SimulatedRow = { readonly cell: Cell; readonly effect: Effect; readonly tally: Tally }

export type Simulation = {
  readonly learnings: readonly { readonly cell: Cell; readonly learning: CellLearning }[]
  readonly rows: readonly SimulatedRow[]
}

/** So many runs are one task: seconds of work. */
const runsPerTask = 25

/** Runs of a cell with this effect. */
export function runsOf(runs: number, effect: Effect): number {
  return effect > 1.25 ? Math.ceil(runs / 2) : runs
}

/**
 * First the nulls of every cell, each from a history of its own, then every cell with every effect through every judge.
 * The same plan gives the same simulation however many threads there are.
 *
 * @param progress is told in words what is done, and how many of how many tasks
 */
export async function runSimulation(
  { seed, cells, runs, isAskedAlways }: SimulationPlan,
  pool: WorkerPool,
  progress: (what: string, done: number, of: number) => void,
): Promise<Simulation> {
  const learned = await pool.run(
    'learn',
    cells.map((cell) => ({ seed, cell })),
    (done) => progress('histories learned', done, cells.length),
  )
  const learnings = cells.map((cell, i) => ({ cell, learning: learned[i]! }))
  const parts = learnings.flatMap(({ cell, learning: { nulls } }) =>
    effects.flatMap((effect) => {
      const own: RunsTask[] = []
      for (let first = 0; first < runsOf(runs, effect); first += runsPerTask) {
        const end = Math.min(first + runsPerTask, runsOf(runs, effect))
        own.push({ seed, cell, effect, first, end, nulls, isAskedAlways })
      }
      return own
    }),
  )
  const tallies = await pool.run('simulate', parts, (done) => progress('batches of runs judged', done, parts.length))
  const rows = cells.flatMap((cell) =>
    effects.map((effect) => {
      const own = tallies.filter((_, i) => parts[i]!.cell === cell && parts[i]!.effect === effect)
      return { cell, effect, tally: sumTallies(own) }
    }),
  )
  return { learnings, rows }
}
