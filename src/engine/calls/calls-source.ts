import { type Arm, resolveArm } from '../../domain/cohort.ts'
import type { ArmSlice } from '../../domain/evidence.ts'
import type { MetricSource, QueryFault, SourceAnswer, SourceQuestion } from '../../domain/metric-source.ts'
import type { MetricSpec } from '../../domain/template.ts'
import type { CallRow, CallsRollupReader, RequestTimeRow } from '../../storage/calls-rollup-reader.ts'
import { CallSum, PodRatio } from './call-sums.ts'
import { edgeName } from './edge-name.ts'

/** What a gauge of calls is of: per request of the service, by pod. */
const callMeasures = ['calls-per-request', 'seconds-in-calls', 'self-seconds'] as const

type Measure = (typeof callMeasures)[number]

/** Which calls: all whose edge has these values; absent keys: any. `measure` is for gauges only. */
type CallsQuery = {
  readonly system?: string
  readonly peer?: string
  readonly target?: string
  readonly measure?: Measure
}

const filters = ['system', 'peer', 'target'] as const

/**
 * What a service calls, as evidence: the share of its calls that fail (proportion, stratified by edge), how long they
 * take (distribution), and per request how many there are, how long they take together, and how much time is left that
 * the service spent itself (gauge). Calls of one request that overlap in time are counted each, so that the time left
 * is least what it was.
 */
export function createCallsSource(reader: Pick<CallsRollupReader, 'calls' | 'requestTimes'>): MetricSource {
  return {
    kinds: ['proportion', 'distribution', 'gauge'],
    check,
    async ask({ deployment, metric, windows }, signal) {
      const [first, last] = [windows[0], windows.at(-1)]
      if (first === undefined || last === undefined) return []
      const query = queryOf(metric)
      const [calls, times] = await Promise.all([
        reader.calls(deployment.service, first.from, last.to, signal),
        metric.kind === 'gauge' ? reader.requestTimes(deployment.service, first.from, last.to, signal) : [],
      ])
      const asked = calls.filter((row) => filters.every((key) => query[key] === undefined || query[key] === row[key]))
      return windows.map((window) => answerOf(deployment, metric, asked, times, window))
    },
  }
}

function check(metric: MetricSpec): QueryFault | null {
  const query = metric.query ?? {}
  for (const [key, value] of Object.entries(query)) {
    if (key === 'measure') {
      if (metric.kind !== 'gauge') return { expected: 'no measure, which is for gauges', got: String(value), key }
      if (!(callMeasures as readonly unknown[]).includes(value)) {
        return { expected: callMeasures.join(' | '), got: JSON.stringify(value), key }
      }
    } else if (!(filters as readonly string[]).includes(key)) {
      return { expected: [...filters, 'measure'].join(' | '), got: key, key }
    } else if (typeof value !== 'string' || value === '') {
      return { expected: 'a text that the edge has', got: JSON.stringify(value), key }
    }
  }
  if (metric.kind === 'gauge' && query.measure === undefined) {
    return { expected: callMeasures.join(' | '), got: 'none', key: 'measure' }
  }
  return null
}

function queryOf({ query = {} }: MetricSpec): CallsQuery {
  return query as CallsQuery
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
  const measure = queryOf(metric).measure
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
