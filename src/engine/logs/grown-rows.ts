import type { NewSkeletonCount, SkeletonCount } from '../../storage/log-templates-writer.ts'
import { rowKey } from './mine-tick.ts'

/**
 * What has to be added to `counted` so that as many lines are counted of a service and tick as `mined` has: late lines are, and
 * nothing is counted twice. Where a line lies elsewhere than it did when it was counted (its skeleton has become part
 * of a template since, or its trace has come), it stays where it is.
 *
 * @returns [] when nothing has grown
 */
export function grownRows(
  mined: readonly NewSkeletonCount[],
  counted: readonly SkeletonCount[],
): readonly NewSkeletonCount[] {
  const before = new Map(counted.map((row) => [rowKey(row), row]))
  let room = sum(mined) - sum(counted)
  const grown: NewSkeletonCount[] = []
  const sorted = mined.map((row) => [rowKey(row), row] as const).sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [key, row] of sorted) {
    const known = before.get(key)
    const lines = Math.min(room, row.lines - (known?.lines ?? 0))
    if (lines <= 0) continue
    room -= lines
    grown.push({ ...row, lines, requests: Math.max(0, Math.min(lines, row.requests - (known?.requests ?? 0))) })
  }
  return withOneExample(grown)
}

/** An example is kept once a tick: twenty pods say the same. */
function withOneExample(rows: readonly NewSkeletonCount[]): readonly NewSkeletonCount[] {
  const seen = new Set<number>()
  return rows.map((row) => {
    if (!seen.has(row.skeleton)) {
      seen.add(row.skeleton)
      return row
    }
    return { ...row, example: '' }
  })
}

function sum(rows: readonly { readonly lines: number }[]): number {
  return rows.reduce((total, { lines }) => total + lines, 0)
}
