import { type Arm, resolveArm } from '../../domain/cohort.ts'
import type { ArmSlice } from '../../domain/evidence.ts'
import type { MetricSource, SourceAnswer, SourceQuestion } from '../../domain/metric-source.ts'
import type { MetricSpec } from '../../domain/template.ts'
import type { CalledEdgesReader } from '../../storage/called-edges-reader.ts'
import type { CallRow, CallsRollupReader, RequestTimeRow } from '../../storage/calls-rollup-reader.ts'
import type { PlacedCallsReader } from '../../storage/placed-calls-reader.ts'
import { askCallers } from './ask-callers.ts'
import { askEdges } from './ask-edges.ts'
import { CallSum, PodRatio } from './call-sums.ts'
import { callsQueryOf, checkCallsQuery, isAskedFor, type Measure } from './calls-query.ts'
import { EdgeHistory } from './edge-history.ts'
import { edgeName } from './edge-name.ts'
import { showCalls } from './show-calls.ts'

/**
 * What a service calls, as evidence: the share of its calls that fail (proportion, stratified by edge), how long they
 * take (distribution), and per request how many there are, how long they take together, and how much time is left that
 * the service spent itself (gauge). Calls of one request that overlap in time are counted each, so that the time left
 * is least what it was. With `side: callers`: the calls that others make to it, as they saw them, by who answered. And
 * which edges are called at all (edges), of those that are new or may have vanished.
 */
export function createCallsSource(
  reader: Pick<CallsRollupReader, 'calls' | 'requestTimes'>,
  placed: Pick<PlacedCallsReader, 'callers' | 'calls'>,
  edges: Pick<CalledEdgesReader, 'edges' | 'requests' | 'served' | 'operations' | 'callingOperations'>,
): MetricSource {
  const history = new EdgeHistory(edges)
  return {
    kinds: ['proportion', 'distribution', 'gauge', 'edges'],
    check: checkCallsQuery,
    show: showCalls,
    async ask(question, signal) {
      const { deployment, metric, windows } = question
      const [first, last] = [windows[0], windows.at(-1)]
      if (first === undefined || last === undefined) return []
      const query = callsQueryOf(metric)
      if (metric.kind === 'edges') return askEdges(reader, edges, history, question, signal)
      if (query.side === 'callers') return askCallers(reader, placed, question, signal)
      const [calls, times] = await Promise.all([
        reader.calls(deployment.service, first.from, last.to, signal),
        metric.kind === 'gauge' ? reader.requestTimes(deployment.service, first.from, last.to, signal) : [],
      ])
      const asked = calls.filter((row) => isAskedFor(query, row))
      return windows.map((window) => answerOf(deployment, metric, asked, times, window))
    },
  }
}

type Window = SourceQuestion['windows'][number]

function answerOf(
  deployment: SourceQuestion['deployment'],
  metric: MetricSpec,
  calls: readonly CallRow[],
  times: readonly RequestTimeRow[],
  { from, to }: Window,
): SourceAnswer {
  const isWithin = ({ at }: { readonly at: number }): boolean => at >= from && at < to
  const sums: Record<Arm, { readonly calls: CallSum; readonly ratio: PodRatio }> = {
    baseline: { calls: new CallSum(), ratio: new PodRatio() },
    canary: { calls: new CallSum(), ratio: new PodRatio() },
  }
  const { measure } = callsQueryOf(metric)
  for (const row of calls.filter(isWithin)) {
    const arm = resolveArm(row, deployment, deployment)
    if (arm === null) continue
    if (measure === undefined) sums[arm].calls.add(edgeName(row), row)
    else sums[arm].ratio.addPart(row.pod, partOf(measure, row))
  }
  for (const row of times.filter(isWithin)) {
    const arm = resolveArm(row, deployment, deployment)
    if (arm === null) continue
    sums[arm].ratio.addRequests(row.pod, row.requests)
    if (measure === 'self-seconds') sums[arm].ratio.addPart(row.pod, row.nanoseconds / 1e9)
  }
  const arm = (of: Arm): ArmSlice =>
    measure === undefined ? sums[of].calls.slice() : sums[of].ratio.slice(metric.name)
  return { baseline: arm('baseline'), canary: arm('canary') }
}

function partOf(measure: Measure, { calls, nanoseconds }: CallRow): number {
  if (measure === 'calls-per-request') return calls
  return measure === 'seconds-in-calls' ? nanoseconds / 1e9 : -nanoseconds / 1e9
}
