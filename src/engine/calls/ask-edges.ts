import { type Arm, resolveArm } from '../../domain/cohort.ts'
import { type ArmSlice, type ByPod, type Counts, type EdgeSightings, emptyArm } from '../../domain/evidence.ts'
import type { SourceAnswer, SourceQuestion } from '../../domain/metric-source.ts'
import { sortedRecord } from '../../domain/sorted-record.ts'
import type { CalledEdgesReader, ServedRow } from '../../storage/called-edges-reader.ts'
import type { CallRow, CallsRollupReader } from '../../storage/calls-rollup-reader.ts'
import { callsQueryOf, isAskedFor } from './calls-query.ts'
import type { CallingShares, EdgeHistory } from './edge-history.ts'
import { edgeName } from './edge-name.ts'

/** Of so many new edges a slice tells, those that most pods of both arms called. */
const mostFresh = 100

type InArm<Row> = { readonly row: Row; readonly arm: Arm }

/** What is looked for: edges that nobody had called, or those that were called. */
type Sought = { readonly calledBefore: ReadonlySet<string> } | { readonly shares: ReadonlyMap<string, CallingShares> }

/**
 * Whom both arms call, by the ten seconds of pods in which they served requests: calls without a request at that time,
 * which are the pod's own business, are left out.
 */
export async function askEdges(
  reader: Pick<CallsRollupReader, 'calls'>,
  served: Pick<CalledEdgesReader, 'served'>,
  history: EdgeHistory,
  { deployment, metric, windows }: SourceQuestion,
  signal: AbortSignal,
): Promise<readonly SourceAnswer[]> {
  const { service } = deployment
  const [from, to] = [windows[0]?.from ?? 0, windows.at(-1)?.to ?? 0]
  const query = callsQueryOf(metric)
  const [calls, requests, sought] = await Promise.all([
    reader.calls(service, from, to, signal),
    served.served(service, from, to, signal),
    metric.reading === 'vanished'
      ? history.callingShares(deployment, query, signal).then((shares) => ({ shares }))
      : history.calledBefore(deployment, signal).then((calledBefore) => ({ calledBefore })),
  ])
  const inArms = <Row extends CallRow | ServedRow>(rows: readonly Row[]): readonly InArm<Row>[] =>
    rows.flatMap((row) => {
      const arm = resolveArm(row, deployment, deployment)
      return arm === null ? [] : [{ row, arm }]
    })
  const [called, answered] = [inArms(calls), inArms(requests)]
  return windows.map((window) => {
    const armOf = (arm: Arm): ArmSlice => {
      const rowsOf = <Row extends CallRow | ServedRow>(all: readonly InArm<Row>[]): readonly Row[] =>
        all.flatMap(({ row, arm: of }) => (of === arm && row.at >= window.from && row.at < window.to ? [row] : []))
      const own = rowsOf(called)
      return sliceOf(
        rowsOf(answered),
        own.filter((row) => isAskedFor(query, row)),
        own.reduce((sum, row) => sum + row.calls, 0),
        sought,
      )
    }
    return withMostCalled(armOf('baseline'), armOf('canary'))
  })
}

function sliceOf(served: readonly ServedRow[], asked: readonly CallRow[], calls: number, sought: Sought): ArmSlice {
  const pods = new Map<string, Counts>()
  for (const { pod, requests } of served) {
    pods.set(pod, { requests: (pods.get(pod)?.requests ?? 0) + requests, errors: 0 })
  }
  const requests = [...pods.values()].reduce((sum, one) => sum + one.requests, 0)
  const places = new Set(served.map(placeOf))
  const byEdge = Map.groupBy(asked, (row) => edgeName(row))
  const edges: EdgeSightings = {
    ...{ served: places.size, calls },
    fresh: 'shares' in sought ? {} : freshOf(byEdge, places, sought.calledBefore),
    known: 'shares' in sought ? knownOf(byEdge, served, sought.shares) : {},
  }
  return { ...emptyArm, requests, pods: sortedRecord(pods), edges }
}

function freshOf(
  byEdge: ReadonlyMap<string, readonly CallRow[]>,
  places: ReadonlySet<string>,
  calledBefore: ReadonlySet<string>,
): EdgeSightings['fresh'] {
  const fresh = [...byEdge]
    .filter(([edge]) => !calledBefore.has(edge))
    .map(([edge, rows]) => [edge, ticksOf(rows, places)] as const)
    .filter(([, pods]) => Object.keys(pods).length > 0)
  return sortedRecord(new Map(fresh))
}

/** An edge is told of both arms or of none: one that is left out of the baseline alone would be the canary's own. */
function withMostCalled(baseline: ArmSlice, canary: ArmSlice): SourceAnswer {
  const pods = new Map<string, number>()
  for (const { edges } of [baseline, canary]) {
    for (const [edge, of] of Object.entries(edges?.fresh ?? {})) {
      pods.set(edge, (pods.get(edge) ?? 0) + Object.keys(of).length)
    }
  }
  if (pods.size <= mostFresh) return { baseline, canary }
  const ranked = [...pods].toSorted(([a, ofA], [b, ofB]) => ofB - ofA || (a < b ? -1 : 1))
  const told = new Set(ranked.slice(0, mostFresh).map(([edge]) => edge))
  const cut = ({ edges, ...arm }: ArmSlice): ArmSlice => {
    if (edges === undefined) return arm
    const fresh = Object.fromEntries(Object.entries(edges.fresh).filter(([edge]) => told.has(edge)))
    return { ...arm, edges: { ...edges, fresh } }
  }
  return { baseline: cut(baseline), canary: cut(canary) }
}

function knownOf(
  byEdge: ReadonlyMap<string, readonly CallRow[]>,
  served: readonly ServedRow[],
  shares: ReadonlyMap<string, CallingShares>,
): EdgeSightings['known'] {
  const known = [...shares].map(([edge, ofOperation]) => {
    const calling = served.filter(({ operation }) => ofOperation.has(operation))
    const places = new Set(calling.map(placeOf))
    const expected = calling.reduce(
      (sum, { operation, requests }) => sum + requests * (ofOperation.get(operation) ?? 0),
      0,
    )
    return [edge, { expected, served: places.size, pods: ticksOf(byEdge.get(edge) ?? [], places) }] as const
  })
  return sortedRecord(new Map(known))
}

/** In how many of some ten seconds each pod called. */
function ticksOf(rows: readonly CallRow[], places: ReadonlySet<string>): ByPod<number> {
  const ticks = new Map<string, number>()
  // An edge has a row for each of its outcomes.
  const called = new Map(rows.map((row) => [placeOf(row), row.pod]))
  for (const [place, pod] of called) if (places.has(place)) ticks.set(pod, (ticks.get(pod) ?? 0) + 1)
  return sortedRecord(ticks)
}

/** Ten seconds of a pod. */
function placeOf({ at, pod }: { readonly at: number; readonly pod: string }): string {
  return `${at} ${pod}`
}
