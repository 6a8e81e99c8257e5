import { type Cell, type Effect, effects, type Service } from './cells.ts'
import type { ServiceLearning } from './learn-from-history.ts'
import { type RunsTask, sumTallies, type Tally } from './simulate-runs.ts'
import type { WorkerPool } from './worker-pool.ts'

export type SimulationPlan = {
  readonly seed: string
  readonly cells: readonly Cell[]
  /** Runs of a cell without harm, and as many on the margin; a real effect has half as many, as its rates need fewer. */
  readonly runs: number
  /** Nulls are learned from so many histories of each service, and its cells' runs dealt out among them. */
  readonly histories: number
  readonly isAskedAlways: boolean
}

/** One row of the tables. */
export type SimulatedRow = { readonly cell: Cell; readonly effect: Effect; readonly tally: Tally }

export type Simulation = {
  readonly learnings: readonly { readonly service: Service; readonly learning: ServiceLearning }[]
  readonly rows: readonly SimulatedRow[]
}

/** At most so many runs are one task: seconds of work. */
const mostRunsPerTask = 25

/** Runs of a cell with this effect. */
export function runsOf(runs: number, effect: Effect): number {
  return effect > 1.25 ? Math.ceil(runs / 2) : runs
}

/**
 * First the nulls of every service, each from histories of its own, then every cell with every effect through every judge.
 * The same plan gives the same simulation however many threads there are.
 *
 * @param progress is told in words what is done, and how many of how many tasks
 */
export async function runSimulation(
  { seed, cells, runs, histories, isAskedAlways }: SimulationPlan,
  pool: WorkerPool,
  progress: (what: string, done: number, of: number) => void,
): Promise<Simulation> {
  const chapters = servicesOf(cells).flatMap((service) =>
    Array.from({ length: histories }, (_, history) => ({ seed, service, history })),
  )
  const learned = await pool.run('learn', chapters, (done) => progress('histories learned', done, chapters.length))
  const learnings = chapters.map(({ service }, i) => ({ service, learning: learned[i]! }))
  const parts = cells.flatMap((cell) => {
    const nulls = learnings.filter(({ service }) => isOf(cell, service)).map(({ learning }) => learning.nulls)
    return effects.flatMap((effect) => {
      const own: RunsTask[] = []
      const perTask = Math.min(mostRunsPerTask, Math.ceil(runsOf(runs, effect) / histories))
      for (let first = 0; first < runsOf(runs, effect); first += perTask) {
        const end = Math.min(first + perTask, runsOf(runs, effect))
        own.push({ seed, cell, effect, first, end, nulls: nulls[own.length % histories]!, isAskedAlways })
      }
      return own
    })
  })
  const tallies = await pool.run('simulate', parts, (done) => progress('batches of runs judged', done, parts.length))
  const rows = cells.flatMap((cell) =>
    effects.map((effect) => {
      const own = tallies.filter((_, i) => parts[i]!.cell === cell && parts[i]!.effect === effect)
      return { cell, effect, tally: sumTallies(own) }
    }),
  )
  return { learnings, rows }
}

function isOf(cell: Cell, { noise, requestsPerSecond }: Service): boolean {
  return cell.noise === noise && cell.requestsPerSecond === requestsPerSecond
}

/** Each service once, in the order of its first cell. */
function servicesOf(cells: readonly Cell[]): Service[] {
  return cells
    .filter((cell, i) => cells.findIndex((other) => isOf(other, cell)) === i)
    .map(({ noise, requestsPerSecond }) => ({ noise, requestsPerSecond }))
}
