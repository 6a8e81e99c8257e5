import type { QueryFault } from '../../domain/metric-source.ts'
import type { MetricSpec } from '../../domain/template.ts'
import type { Edge } from '../../storage/calls-rollup-reader.ts'

/** What a gauge of calls is of: per request of the service, by pod. */
const callMeasures = ['calls-per-request', 'seconds-in-calls', 'self-seconds'] as const

export type Measure = (typeof callMeasures)[number]

/** Whose calls: those that the service makes, or those that others make to it. */
const sides = ['own', 'callers'] as const

/** Which calls: all whose edge has these values; absent keys: any. `measure` is for gauges only. */
export type CallsQuery = {
  /** `own` when absent. */
  readonly side?: (typeof sides)[number]
  readonly system?: string
  readonly peer?: string
  readonly target?: string
  readonly measure?: Measure
  /** side callers: the one service whose calls are judged. */
  readonly caller?: string
}

/** What an edge of the service's own calls may be asked for. */
export const edgeKeys = ['system', 'peer', 'target'] as const

export function callsQueryOf({ query = {} }: Pick<MetricSpec, 'query'>): CallsQuery {
  return query as CallsQuery
}

/** Whether an edge is one that a query asks for. */
export function isAskedFor(query: CallsQuery, edge: Edge): boolean {
  return edgeKeys.every((key) => query[key] === undefined || query[key] === edge[key])
}

/** The first fault of a metric's query; null: none. */
export function checkCallsQuery({ kind, query = {} }: MetricSpec): QueryFault | null {
  const { side = 'own', measure } = query
  const fault = (key: string, expected: string): QueryFault => ({
    ...{ expected, got: query[key] === undefined ? 'none' : JSON.stringify(query[key]), key },
  })
  if (!(sides as readonly unknown[]).includes(side)) return fault('side', sides.join(' | '))
  const known: readonly string[] = ['side', ...(side === 'own' ? [...edgeKeys, 'measure'] : ['caller'])]
  for (const [key, value] of Object.entries(query)) {
    if (!known.includes(key)) return { expected: known.join(' | '), got: key, key }
    if (key !== 'measure' && (typeof value !== 'string' || value === '')) return fault(key, 'a text that the edge has')
  }
  if (kind === 'edges' && side === 'callers') return fault('side', 'own: edges are those that the service calls')
  if (kind !== 'gauge') return measure === undefined ? null : fault('measure', 'no measure, which is for gauges')
  if (side === 'callers') return fault('side', 'own: nobody knows how much of a request is in calls of others')
  return (callMeasures as readonly unknown[]).includes(measure) ? null : fault('measure', callMeasures.join(' | '))
}
