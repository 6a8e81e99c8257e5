import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { cellsNamed, effects, usualCells } from './cells.ts'
import { goalsOf, pooledAa } from './goals.ts'
import { judgeNames, judges } from './judges.ts'
import { machine } from './machine.ts'
import { runSimulation, runsOf, type Simulation } from './run-simulation.ts'
import { rollbacksOf } from './simulate-runs.ts'
import { simulationReport } from './simulation-report.ts'
import { openWorkerPool } from './worker-pool.ts'

const usage =
  'usage: npm run accuracy:simulate -- [--runs N] [--histories N] [--seed TEXT] [--only CELL]... [--threads N] [--every-look] [--json]'

/** So the whole takes about three minutes of two cores. */
const usualRuns = 200
const usualHistories = 4

/**
 * `npm run accuracy:simulate`: simulated canaries of an hour, harmless and harmful, through the judges of this project
 * and simpler rules, side by side. `--only od-500` takes the cells whose names begin so; `--every-look` asks the
 * sequential judge at every look instead of where it could decide, which gives the same. Exit code 0 when it ran, whether
 * goals were reached or not; 2 when the arguments make no sense.
 */
async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: String(usualRuns) },
      histories: { type: 'string', default: String(usualHistories) },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', multiple: true },
      threads: { type: 'string', default: String(availableParallelism()) },
      'every-look': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  })
  const plan = {
    seed: values.seed,
    cells: values.only === undefined ? usualCells : cellsNamed(values.only),
    runs: wholeNumber('--runs', values.runs),
    histories: wholeNumber('--histories', values.histories),
    isAskedAlways: values['every-look'],
  }
  const started = performance.now()
  await using pool = openWorkerPool(wholeNumber('--threads', values.threads))
  const simulation = await runSimulation(plan, pool, showProgress)
  const runs = effects.map((effect) => `${runsOf(plan.runs, effect)} at ratio ${effect}`).join(', ')
  const facts = {
    machine: machine(),
    date: new Date().toISOString().slice(0, 10),
    seed: plan.seed,
    seconds: Math.round((performance.now() - started) / 1000),
    threads: wholeNumber('--threads', values.threads),
  }
  if (values.json) {
    console.log(JSON.stringify({ ...facts, ...figures(simulation) }, undefined, 2))
    return
  }
  console.log(`${facts.date}, ${facts.machine}; ${facts.seconds} s in ${facts.threads} threads, seed ${facts.seed}`)
  console.log(`${plan.cells.length} cells; runs of each: ${runs}; ${plan.histories} histories of each service\n`)
  console.log(simulationReport(simulation))
}

function figures({ learnings, rows }: Simulation) {
  return {
    cells: rows.map(({ cell, effect, tally }) => ({
      ...cell,
      ratio: effect,
      runs: tally.runs,
      judges: Object.fromEntries(judgeNames.map((name) => [name, rollbacksOf(tally, name)])),
    })),
    nulls: learnings.map(({ service, learning }) => ({ ...service, ...learning })),
    pooledAa: Object.fromEntries(judgeNames.map((name) => [name, pooledAa(rows, name)])),
    titles: Object.fromEntries(judgeNames.map((name) => [name, judges[name].title])),
    goals: { learned: goalsOf(rows, 'learned'), cold: goalsOf(rows, 'cold') },
  }
}

function wholeNumber(option: string, text: string): number {
  const number = Number(text)
  if (!(Number.isInteger(number) && number >= 1)) {
    throw new RangeError(`${option}: expected a whole number from 1, got ${text}`)
  }
  return number
}

function showProgress(what: string, done: number, of: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${of} ${what}${done === of ? '\n' : ' '}`)
  else if (done === of) process.stderr.write(`${of} ${what}\n`)
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.error(usage)
  process.exitCode = 2
}
