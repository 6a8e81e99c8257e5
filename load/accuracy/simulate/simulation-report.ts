import { canaryPercent } from './cells.ts'
import { type Goal, goalsOf, pooledAa } from './goals.ts'
import { judgeNames, judges } from './judges.ts'
import type { SimulatedRow, Simulation } from './run-simulation.ts'
import { type Rollbacks, rollbacksOf } from './simulate-runs.ts'

/** The simulation as tables: rates by cell, what was learned, A/A runs together, goals. */
export function simulationReport(simulation: Simulation): string {
  return [
    'Share of runs rolled back, median seconds where that is 10% or more. Ratio 1: A/A, 1.25: exactly on the margin,',
    '2: 0.5% -> 1% errors, 10: 0.5% -> 5%.',
    ratesTable(simulation.rows),
    '',
    'Nulls learned, one line a history:',
    nullsTable(simulation),
    '',
    'A/A runs of all cells together, with the 95% interval of Clopper and Pearson:',
    pooledTable(simulation.rows),
    '',
    'Goals:',
    goalsTable(simulation.rows),
  ].join('\n')
}

function ratesTable(rows: readonly SimulatedRow[]): string {
  const head = ['noise', 'requests/s', 'canary', 'ratio', 'runs', ...judgeNames.map((name) => judges[name].title)]
  const body = rows.map(({ cell, effect, tally }) => [
    cell.noise,
    String(cell.requestsPerSecond),
    `${canaryPercent(cell.canaryPods)}%`,
    String(effect),
    String(tally.runs),
    ...judgeNames.map((name) => rollbackText(rollbacksOf(tally, name))),
  ])
  return table([head, ...body])
}

function nullsTable({ learnings }: Simulation): string {
  const body = learnings.map(({ service: { noise, requestsPerSecond }, learning: { nulls, reason } }) => {
    const [learned] = Object.values(nulls)
    const name = `${noise}-${requestsPerSecond}`
    if (learned === undefined) return [name, '-', '-', '-', '-', `cold start: ${reason}`]
    const { tauPod, sigb, eps, phi } = learned
    return [name, ...[tauPod, sigb, eps].map(String), phi.toFixed(2), '']
  })
  return table([['service', 'tauPod', 'sigb', 'eps', 'phi', ''], ...body])
}

function pooledTable(rows: readonly SimulatedRow[]): string {
  const body = judgeNames.flatMap((name) =>
    pooledAa(rows, name).map(({ noise, rollbacks, runs, share, low, high }) => [
      judges[name].title,
      noise,
      `${rollbacks} of ${runs}`,
      percent(share),
      `${percent(low)} to ${percent(high)}`,
    ]),
  )
  return table([['judge', 'noise', 'rolled back', 'share', 'interval'], ...body])
}

function goalsTable(rows: readonly SimulatedRow[]): string {
  const learned = goalsOf(rows, 'learned')
  const cold = goalsOf(rows, 'cold')
  const body = learned.map((goal, i) => [goal.name, goal.limit, standing(goal), standing(cold[i]!)])
  return table([['goal', 'limit', judges.learned.title, judges.cold.title], ...body])
}

function standing({ worst, isReached }: Goal): string {
  if (worst === null) return 'not simulated'
  const { figure, unit, where } = worst
  const text = figure === null ? 'never' : unit === 'share' ? percent(figure) : `${figure} s`
  return `${isReached ? 'reached' : 'NOT REACHED'}: worst ${text} (${where})`
}

function rollbackText({ share, medianSeconds }: Rollbacks): string {
  return share < 0.1 || medianSeconds === null
    ? `${(100 * share).toFixed(1)}%`
    : `${Number((100 * share).toFixed(1))}% @${Math.round(medianSeconds)}s`
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)}%`
}

function table([head, ...body]: readonly (readonly string[])[]): string {
  const lines = [head!, ...body]
  const widths = head!.map((_, column) => Math.max(3, ...lines.map((line) => line[column]!.length)))
  const text = (line: readonly string[]): string =>
    `| ${line.map((value, column) => value.padEnd(widths[column]!)).join(' | ')} |`
  return [text(head!), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...body.map(text)].join('\n')
}
