import { isSameUnit, type Unit } from '../domain/cohort.ts'
import type { GaugeRow } from '../storage/metrics-rollup-reader.ts'
import type { Window } from './timetable.ts'

/** A pod that said nothing for longer is one that is seen for the first time. */
export const riseMs = 300_000

/** How much a pod's counts rose in a window. */
export type Rise = { readonly row: GaugeRow; readonly increase: number }

/**
 * What counts of a unit that are sent as gauges (restarts, as Kubernetes tells them) rose by in a window: from each row to the one
 * before it of the same pod, which may lie up to {@link riseMs} before the window. A fall is a new beginning, from zero.
 * The first row of a pod says nothing: what rose unseen, and when, is not known.
 */
export function risesOf(rows: readonly GaugeRow[], unit: Unit, { from, to }: Window): Rise[] {
  const near = rows.filter((row) => row.at >= from - riseMs && row.at < to && isSameUnit(row, unit))
  const byPod = Map.groupBy(near, (row) =>
    JSON.stringify([row.metric, row.version, row.cohort, row.replicaSet, row.pod]),
  )
  return [...byPod.values()].flatMap((own) => {
    const inOrder = own.toSorted((a, b) => a.at - b.at)
    return inOrder.flatMap((row, index) => {
      const before = inOrder[index - 1]
      if (before === undefined || row.at < from || row.at - before.at > riseMs) return []
      // A container that is missing from one tick, or new in it, is no fall and no rise.
      if (row.series !== before.series) return []
      const now = levelOf(row)
      return [{ row, increase: now < levelOf(before) ? now : now - levelOf(before) }]
    })
  })
}

/** All series of a pod (its containers) together. */
function levelOf({ sum, count, series }: GaugeRow): number {
  return (sum / count) * series
}
