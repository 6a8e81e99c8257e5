import { proportionInterval } from '../../../src/stats/proportion-interval.ts'
import type { Noise } from './cells.ts'
import type { JudgeName } from './judges.ts'
import type { SimulatedRow } from './run-simulation.ts'
import { type Rollbacks, rollbacksOf, sumTallies } from './simulate-runs.ts'

/** What is promised of the sequential judge, and how it stands: by the worst cell, or the worst noise when pooled. */
export type Goal = {
  readonly name: string
  readonly limit: string
  /** The worst figure and where it is; null: nothing that this goal is about was simulated. */
  readonly worst: { readonly figure: number | null; readonly unit: 'share' | 'seconds'; readonly where: string } | null
  readonly isReached: boolean | null
}

/** Every A/A run of one noise together, with the exact 95% interval. */
export type PooledAa = Rollbacks & { readonly noise: Noise; readonly low: number; readonly high: number }

/** The false rollbacks of one judge over all cells of each noise that was simulated. */
export function pooledAa(rows: readonly SimulatedRow[], judge: JudgeName): PooledAa[] {
  const noises = [...new Set(rows.map(({ cell }) => cell.noise))]
  return noises.map((noise) => {
    const own = rows.filter(({ cell, effect }) => cell.noise === noise && effect === 1)
    const rollbacks = rollbacksOf(sumTallies(own.map(({ tally }) => tally)), judge)
    return { noise, ...rollbacks, ...proportionInterval(rollbacks.rollbacks, rollbacks.runs) }
  })
}

/** The goals of one judge; observed rates are compared, so few runs say little. */
export function goalsOf(rows: readonly SimulatedRow[], judge: JudgeName): Goal[] {
  const figures = (isIn: (row: SimulatedRow) => boolean, figure: (rollbacks: Rollbacks) => number | null) =>
    rows.filter(isIn).map((row) => ({ where: row.cell.name, figure: figure(rollbacksOf(row.tally, judge)) }))
  const share = ({ share }: Rollbacks): number => share
  const median = ({ medianSeconds }: Rollbacks): number | null => medianSeconds
  // One pod of sd 50% hides up to 7.5 times the errors however long one looks, so nothing is promised there.
  const isHarm = ({ cell, effect }: SimulatedRow): boolean => effect === 10 && cell.noise !== 'uneven'
  const isRich = ({ cell }: SimulatedRow): boolean => cell.requestsPerSecond === 500
  const pooled = pooledAa(rows, judge).map(({ noise, share }) => ({ where: noise, figure: share }))
  return [
    goal('0.5% -> 5% errors found, every cell', { least: 0.98 }, 'share', figures(isHarm, share)),
    goal(
      '0.5% -> 5% errors, median, every cell at 500/s',
      { most: 70 },
      'seconds',
      figures((row) => isHarm(row) && isRich(row), median),
    ),
    goal(
      'A/A rolled back, every cell',
      { most: 0.01 },
      'share',
      figures(({ effect }) => effect === 1, share),
    ),
    goal('A/A rolled back, pooled by noise', { most: 0.003 }, 'share', pooled),
    goal(
      'on the margin rolled back, every cell',
      { most: 0.015 },
      'share',
      figures(({ effect }) => effect === 1.25, share),
    ),
  ]
}

function goal(
  name: string,
  limit: { readonly least: number } | { readonly most: number },
  unit: 'share' | 'seconds',
  figures: readonly { readonly where: string; readonly figure: number | null }[],
): Goal {
  const [bound, sign, word] = 'least' in limit ? [limit.least, -1, '>='] : [limit.most, 1, '<=']
  // A median that is missing, as nothing was found, is the worst.
  const badness = ({ figure }: { readonly figure: number | null }): number =>
    figure === null ? Infinity : sign * figure
  const worst = figures.toSorted((a, b) => badness(b) - badness(a))[0]
  const text = unit === 'share' ? `${word} ${Number((bound * 100).toFixed(2))}%` : `${word} ${bound} s`
  if (worst === undefined) return { name, limit: text, worst: null, isReached: null }
  return { name, limit: text, worst: { ...worst, unit }, isReached: badness(worst) <= sign * bound }
}
