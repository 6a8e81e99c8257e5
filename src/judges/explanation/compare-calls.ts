import type { Arm } from '../../domain/cohort.ts'
import type { EdgeComparison, EdgeFigures, ErrorTypeShare, TimeComparison } from '../../domain/explanation.ts'

/** Calls of one edge by one arm, summed; edge null: the arm's own failed requests of that type. */
export type CallSums = {
  readonly arm: Arm
  readonly edge: string | null
  readonly failed: boolean
  readonly errorType: string
  readonly calls: number
  readonly nanoseconds: number
}

/** What an arm answered, and how long it took together. */
export type RequestSums = { readonly requests: number; readonly nanoseconds: number }

/**
 * An edge that one arm has and the other has not is told when so many calls were to be expected of the other: first
 * sighting is no finding.
 */
const leastCalls = 20

/** More types of error are not shown. */
const shown = 12

/** All edges of a service, by how much time each adds to a mean request; new and vanished ones first. */
export function compareEdges(
  calls: readonly CallSums[],
  requests: Readonly<Record<Arm, RequestSums>>,
): EdgeComparison[] {
  if (requests.baseline.requests === 0 || requests.canary.requests === 0) return []
  const byEdge = Map.groupBy(calls, ({ edge }) => edge)
  const figures = (rows: readonly CallSums[], arm: Arm): EdgeFigures & { readonly perRequest: number } => {
    const of = rows.filter((row) => row.arm === arm)
    const count = sum(of, (row) => row.calls)
    const seconds = sum(of, (row) => row.nanoseconds) / 1e9
    return {
      calls: count,
      callsPerRequest: count / requests[arm].requests,
      failed: count === 0 ? null : sum(of, (row) => (row.failed ? row.calls : 0)) / count,
      seconds: count === 0 ? null : seconds / count,
      perRequest: seconds / requests[arm].requests,
    }
  }
  const edges = [...byEdge].flatMap(([edge, rows]): EdgeComparison[] => {
    if (edge === null) return []
    const { perRequest: before, ...baseline } = figures(rows, 'baseline')
    const { perRequest: after, ...canary } = figures(rows, 'canary')
    const state = stateOf(baseline, canary, requests)
    return state === null ? [] : [{ edge, state, baseline, canary, secondsMore: after - before }]
  })
  const rank = ({ state }: EdgeComparison): number => (state === 'both' ? 1 : 0)
  return edges.sort(
    (a, b) => rank(a) - rank(b) || Math.abs(b.secondsMore) - Math.abs(a.secondsMore) || (a.edge < b.edge ? -1 : 1),
  )
}

/** null: one arm has so few calls that the other may just have had none of them yet. */
function stateOf(
  baseline: EdgeFigures,
  canary: EdgeFigures,
  requests: Readonly<Record<Arm, RequestSums>>,
): EdgeComparison['state'] | null {
  if (baseline.calls > 0 && canary.calls > 0) return 'both'
  if (baseline.calls === 0) {
    return canary.callsPerRequest * requests.baseline.requests >= leastCalls && canary.calls >= leastCalls
      ? 'new'
      : null
  }
  return baseline.callsPerRequest * requests.canary.requests >= leastCalls && baseline.calls >= leastCalls
    ? 'vanished'
    : null
}

/**
 * Where the time of a mean request goes, so that a slow callee is not taken for a slow service. Calls that overlap in
 * time are counted each, so `self` may be too small, and is never below 0. null without requests in both arms.
 */
export function compareTime(
  calls: readonly CallSums[],
  requests: Readonly<Record<Arm, RequestSums>>,
): TimeComparison | null {
  if (requests.baseline.requests === 0 || requests.canary.requests === 0) return null
  const of = (arm: Arm) => {
    const { requests: count, nanoseconds } = requests[arm]
    const request = nanoseconds / 1e9 / count
    const inCalls = sum(
      calls.filter((row) => row.arm === arm && row.edge !== null),
      (row) => row.nanoseconds,
    )
    const seconds = inCalls / 1e9 / count
    return { request, calls: seconds, self: Math.max(0, request - seconds) }
  }
  return { baseline: of('baseline'), canary: of('canary') }
}

/** Types of error of the service's own failed requests, those first that the canary has more of per request. */
export function compareErrorTypes(
  calls: readonly CallSums[],
  requests: Readonly<Record<Arm, RequestSums>>,
): ErrorTypeShare[] {
  const own = calls.filter(({ edge }) => edge === null)
  const figures = (errorType: string, arm: Arm) => {
    const errors = sum(
      own.filter((row) => row.errorType === errorType && row.arm === arm),
      (row) => row.calls,
    )
    return { errors, perRequest: requests[arm].requests === 0 ? 0 : errors / requests[arm].requests }
  }
  return [...new Set(own.map(({ errorType }) => errorType))]
    .map((errorType) => ({
      errorType,
      baseline: figures(errorType, 'baseline'),
      canary: figures(errorType, 'canary'),
    }))
    .sort(
      (a, b) =>
        b.canary.perRequest - b.baseline.perRequest - (a.canary.perRequest - a.baseline.perRequest) ||
        (a.errorType < b.errorType ? -1 : 1),
    )
    .slice(0, shown)
}

function sum<Row>(rows: readonly Row[], value: (row: Row) => number): number {
  return rows.reduce((total, row) => total + value(row), 0)
}
