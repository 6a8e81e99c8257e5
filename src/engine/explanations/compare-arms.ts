import { type Arm, resolveArm } from '../../domain/cohort.ts'
import type { Deployment } from '../../domain/deployment.ts'
import { type Counts, plusCounts } from '../../domain/evidence.ts'
import type { Explanation } from '../../domain/explanation.ts'
import {
  type CallSums,
  compareEdges,
  compareErrorTypes,
  compareTime,
  type RequestSums,
} from '../../judges/explanation/compare-calls.ts'
import type { CallTotalRow, RequestTimeRow } from '../../storage/calls-rollup-reader.ts'
import type { TotalRow } from '../../storage/rollup-reader.ts'
import { edgeName } from '../calls/edge-name.ts'

/** What a service answered and called in a window. */
export type CalledRows = {
  readonly totals: readonly TotalRow[]
  readonly calls: readonly CallTotalRow[]
  readonly times: readonly RequestTimeRow[]
}

export type ArmComparison = Pick<Explanation, 'edges' | 'time' | 'errorTypes'> & {
  /** Share of requests that failed. */
  readonly failed: Readonly<Record<Arm, number>>
}

type Sums = {
  readonly calls: readonly CallSums[]
  readonly requests: RequestSums
  readonly counts: Counts
}

/** What each arm calls and answers in one window. */
export function compareArms(deployment: Deployment, rows: CalledRows): ArmComparison {
  return compare(sumsOf(deployment, rows, 'baseline'), sumsOf(deployment, rows, 'canary'))
}

/** What the baseline called and answered before the start, as `baseline`, and since then, in the place of `canary`. */
export function compareWithBefore(deployment: Deployment, before: CalledRows, now: CalledRows): ArmComparison {
  return compare(sumsOf(deployment, before, 'baseline'), sumsOf(deployment, now, 'baseline'))
}

function compare(baseline: Sums, canary: Sums): ArmComparison {
  const calls = [
    ...baseline.calls.map((row) => ({ ...row, arm: 'baseline' as const })),
    ...canary.calls.map((row) => ({ ...row, arm: 'canary' as const })),
  ]
  const requests = { baseline: baseline.requests, canary: canary.requests }
  return {
    edges: compareEdges(calls, requests),
    time: compareTime(calls, requests),
    errorTypes: compareErrorTypes(calls, requests),
    failed: { baseline: rate(baseline.counts), canary: rate(canary.counts) },
  }
}

function sumsOf(deployment: Deployment, { totals, calls, times }: CalledRows, arm: Arm): Sums {
  const isOfArm = (row: TotalRow | CallTotalRow | RequestTimeRow) => resolveArm(row, deployment, deployment) === arm
  return {
    calls: calls.filter(isOfArm).map((row) => {
      const { isCall, failed, errorType, calls: count, nanoseconds } = row
      return { arm, edge: isCall ? edgeName(row) : null, failed, errorType, calls: count, nanoseconds }
    }),
    requests: times.filter(isOfArm).reduce<RequestSums>(
      (sum, { requests, nanoseconds }) => ({
        requests: sum.requests + requests,
        nanoseconds: sum.nanoseconds + nanoseconds,
      }),
      { requests: 0, nanoseconds: 0 },
    ),
    counts: totals.filter(isOfArm).reduce<Counts>(plusCounts, { requests: 0, errors: 0 }),
  }
}

function rate({ requests, errors }: Counts): number {
  return requests === 0 ? 0 : errors / requests
}
