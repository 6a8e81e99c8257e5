import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openDataFolder } from './data-folder.ts'
import type { DataSet, SetScore } from './data-set.ts'
import { dataSets } from './index.ts'
import { scoreTable } from './score-table.ts'

const usage = 'usage: npm run accuracy -- --data DIR [--only NAME] [--json]'

/**
 * `npm run accuracy -- --data DIR`: every data set that lies in DIR, through the judges of this project, blind to the
 * truth until scoring. Exit code 0 when something was judged, 1 when a set failed, 2 when nothing could be judged.
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
  const there = wanted.filter(({ name }) => existsSync(join(root, name)))
  if (there.length === 0) {
    console.error(
      `nothing to judge in ${root}: expected at least one folder of ${wanted.map((set) => set.name).join(', ')}`,
    )
    return 2
  }
  const scores: Record<string, SetScore> = {}
  let failures = 0
  for (const set of there) {
    try {
      Object.assign(scores, runSet(set, join(root, set.name)))
    } catch (error) {
      failures += 1
      console.error(`\r${set.name} could not be judged:`, error)
    }
  }
  if (values.json) console.log(JSON.stringify(scores, undefined, 2))
  else console.log(scoreTable(scores, there))
  return failures > 0 ? 1 : 0
}

function runSet(set: DataSet, path: string): Readonly<Record<string, SetScore>> {
  const started = performance.now()
  const judged = set.judge(openDataFolder(path, true), (done, of) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${set.name}: ${done} of ${of} judged `)
  })
  process.stderr.write(`${process.stderr.isTTY ? '\r' : ''}${set.name}: judged in ${seconds(started)} s\n`)
  return set.score(judged, openDataFolder(path, false))
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
