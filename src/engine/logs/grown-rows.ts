import type { Steps } from '../../judges/log-templates/steps.ts'
import type { NewSkeletonCount, SkeletonCount } from '../../storage/log-templates-writer.ts'
import { rowKey } from './mine-tick.ts'

/** So many rows are compared in a few milliseconds. */
const rowsOfStep = 1000

/**
 * What has to be added to `counted` so that as many lines are counted of a service and tick as `mined` has: late lines are, and
 * nothing is counted twice. Where a line lies elsewhere than it did when it was counted (its skeleton has become part
 * of a template since, or its trace has come), it stays where it is.
 *
 * @returns [] when nothing has grown
 */
export function* grownRows(
  mined: readonly NewSkeletonCount[],
  counted: readonly SkeletonCount[],
): Steps<readonly NewSkeletonCount[]> {
  const before = new Map<string, SkeletonCount>()
  for (const [at, row] of counted.entries()) {
    if (at % rowsOfStep === rowsOfStep - 1) yield
    before.set(rowKey(row), row)
  }
  let room = sum(mined) - sum(counted)
  const grown: NewSkeletonCount[] = []
  for (const [key, row] of yield* inOrder(mined)) {
    const known = before.get(key)
    const lines = Math.min(room, row.lines - (known?.lines ?? 0))
    if (lines <= 0) continue
    room -= lines
    grown.push({ ...row, lines, requests: Math.max(0, Math.min(lines, row.requests - (known?.requests ?? 0))) })
    if (grown.length % rowsOfStep === 0) yield
  }
  return withOneExample(grown)
}

/** By skeleton, then by key: what all processes find first is the same. One sort of all keys would take long. */
function* inOrder(rows: readonly NewSkeletonCount[]): Steps<readonly (readonly [string, NewSkeletonCount])[]> {
  const bySkeleton = new Map<number, (readonly [string, NewSkeletonCount])[]>()
  for (const [at, row] of rows.entries()) {
    if (at % rowsOfStep === rowsOfStep - 1) yield
    const own = bySkeleton.get(row.skeleton)
    const keyed = [rowKey(row), row] as const
    if (own === undefined) bySkeleton.set(row.skeleton, [keyed])
    else own.push(keyed)
  }
  const ordered: (readonly [string, NewSkeletonCount])[] = []
  for (const [at, [, own]] of [...bySkeleton].sort(([one], [other]) => one - other).entries()) {
    if (at % rowsOfStep === 0) yield
    own.sort(([one], [other]) => (one < other ? -1 : 1))
    for (const row of own) ordered.push(row)
  }
  return ordered
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
