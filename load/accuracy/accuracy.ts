import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openDataFolder } from './data-folder.ts'
import type { DataSet, SetScore } from './data-set.ts'
import { goalTable, type ScoredSet } from './goal-table.ts'
import { dataSets } from './index.ts'
import { scoreTable } from './score-table.ts'

const usage = 'usage: npm run accuracy -- --data DIR [--only NAME] [--json]'

/**
 * `npm run accuracy -- --data DIR`: every data set that lies in DIR or is invented, through the judges of this project, blind to the
 * truth until scoring, and how each goal stands; `--json` prints the scores alone. A goal that is missed is printed and
 * is no failure. Exit code 0 when something was judged, 1 when a set failed, 2 when nothing could be judged.
 */
function main(args: readonly string[]): number {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: 'string' },
      only: { type: 'string', multiple: true },
      json: { type: 'boolean', default: false },
    },
  })
  if (values.data === undefined) {
    console.error(usage)
    return 2
  }
  const root = values.data
  const wanted = dataSets.filter(({ name }) => values.only?.includes(name) ?? true)
  const there = wanted.filter(({ name, isInvented }) => isInvented === true || existsSync(join(root, name)))
  if (there.length === 0) {
    console.error(
      `nothing to judge in ${root}: expected at least one folder of ${wanted.map((set) => set.name).join(', ')}`,
    )
    return 2
  }
  const scored: ScoredSet[] = []
  let failures = 0
  for (const set of there) {
    try {
      scored.push(runSet(set, join(root, set.name)))
    } catch (error) {
      failures += 1
      console.error(`\r${set.name} could not be judged:`, error)
    }
  }
  const scores: Readonly<Record<string, SetScore>> = Object.assign({}, ...scored.map((one) => one.scores))
  console.log(
    values.json ? JSON.stringify(scores, undefined, 2) : `${scoreTable(scores, there)}\n\n${goalTable(scored)}`,
  )
  return failures > 0 ? 1 : 0
}

function runSet(set: DataSet, path: string): ScoredSet {
  const started = performance.now()
  const judged = set.judge(openDataFolder(path, true), (done, of) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${set.name}: ${done} of ${of} judged `)
  })
  process.stderr.write(`${process.stderr.isTTY ? '\r' : ''}${set.name}: judged in ${seconds(started)} s\n`)
  const folder = openDataFolder(path, false)
  return { set, scores: set.score(judged, folder), halves: set.halve(judged).map((half) => set.score(half, folder)) }
}

function seconds(started: number): string {
  return ((performance.now() - started) / 1000).toFixed(1)
}

try {
  process.exitCode = main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.error(usage)
  process.exitCode = 2
}
