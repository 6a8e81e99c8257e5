import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { runVectors } from './run-vectors.ts'

const usage = 'usage: npm run vectors -- FILE [--json]'

/** Differences that a person wants to read at once. */
const mostShown = 10

/**
 * `npm run vectors -- FILE [--json]`: reference vectors against the project's own code. Exit code 0 when every vector
 * that could be run agrees, 1 when one does not, 2 when nothing could be run.
 */
function main(args: readonly string[]): number {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const [path] = positionals
  if (path === undefined || positionals.length > 1) {
    console.error(usage)
    return 2
  }
  const { cases, mismatches, worstRelativeError, skipped, differences } = runVectors(
    JSON.parse(readFileSync(path, 'utf8')),
  )
  const kinds = Object.entries(skipped)
  const skippedCount = kinds.reduce((sum, [, count]) => sum + count, 0)
  if (values.json) {
    const shown = differences.slice(0, mostShown)
    const report = { cases, mismatches, worstRelativeError, skipped: skippedCount, skippedKinds: skipped }
    console.log(JSON.stringify({ ...report, differences: shown }))
  } else {
    console.log(`${cases} cases, ${mismatches} mismatches, worst relative error ${worstRelativeError}`)
    if (skippedCount > 0) {
      console.log(
        `${skippedCount} skipped, nothing computes them: ${kinds.map(([kind, n]) => `${kind} ${n}`).join(', ')}`,
      )
    }
    for (const difference of differences.slice(0, mostShown)) console.log(`  ${difference}`)
    if (differences.length > mostShown) console.log(`  and ${differences.length - mostShown} more`)
  }
  if (cases === 0) console.error('no vector was run')
  return cases === 0 ? 2 : mismatches > 0 ? 1 : 0
}

try {
  process.exitCode = main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.error(usage)
  process.exitCode = 2
}
