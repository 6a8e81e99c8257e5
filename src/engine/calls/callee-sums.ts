import type { Arm } from '../../domain/cohort.ts'
import { type ArmSlice, type CalleeTime, mostCallees } from '../../domain/evidence.ts'
import { sortedRecord } from '../../domain/sorted-record.ts'
import { otherEdges } from '../../judges/explanation/blame-callee.ts'
import type { CalleeRow } from '../../storage/calls-rollup-reader.ts'
import { edgeName } from './edge-name.ts'

/** Of so many edges with failed calls the failures are kept, however little time these take. */
const mostFailing = 4

/** Whole nanoseconds: added up in any order they give the same bytes, and storage promises no order. */
type Sum = { calls: number; failed: number; nanoseconds: number }

const noSum: Sum = { calls: 0, failed: 0, nanoseconds: 0 }

/** What both arms call, while rows are being added. */
export class CalleeSums {
  readonly #edges: Record<Arm, Map<string, Sum>> = { baseline: new Map(), canary: new Map() }

  add(arm: Arm, row: CalleeRow): void {
    addTo(this.#edges[arm], edgeName(row), { calls: row.calls, failed: row.failures, nanoseconds: row.nanoseconds })
  }

  /** Both arms name the same edges: those that take most time of both together or fail most, and the rest as one. */
  slices(): Record<Arm, Pick<ArmSlice, 'callees'>> {
    const { baseline, canary } = this.#edges
    const named = [...new Set([...canary.keys(), ...baseline.keys()])]
    const most = (key: keyof Sum): string[] => {
      const of = (edge: string): number => (canary.get(edge) ?? noSum)[key] + (baseline.get(edge) ?? noSum)[key]
      return named.filter((edge) => of(edge) > 0).sort((a, b) => of(b) - of(a) || (a < b ? -1 : 1))
    }
    const failing = most('failed').slice(0, mostFailing)
    // Calls that take no time are edges, too.
    const names = new Set([...new Set([...failing, ...most('nanoseconds'), ...most('calls')])].slice(0, mostCallees))
    const slice = (edges: ReadonlyMap<string, Sum>): Pick<ArmSlice, 'callees'> => {
      const sums = new Map<string, Sum>()
      for (const [edge, sum] of edges) addTo(sums, names.has(edge) ? edge : otherEdges, sum)
      return sums.size === 0 ? {} : { callees: sortedRecord(new Map([...sums].map(timeOf))) }
    }
    return { baseline: slice(baseline), canary: slice(canary) }
  }
}

function timeOf([edge, { calls, failed, nanoseconds }]: readonly [string, Sum]): [string, CalleeTime] {
  return [edge, { calls, failed, seconds: nanoseconds / 1e9 }]
}

function addTo(sums: Map<string, Sum>, edge: string, { calls, failed, nanoseconds }: Sum): void {
  const before = sums.get(edge) ?? noSum
  sums.set(edge, {
    calls: before.calls + calls,
    failed: before.failed + failed,
    nanoseconds: before.nanoseconds + nanoseconds,
  })
}
