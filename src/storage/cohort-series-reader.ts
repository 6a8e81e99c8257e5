import type { CohortMatch, Dimension } from '../domain/cohort.ts'
import type { QueryParams, Storage } from '../domain/storage.ts'
import { inWindow, isRequest } from './rollup-conditions.ts'

/** Requests of a cohort over one step; `latency` maps log bucket to count. */
export type RequestStep = {
  /** Start of the step, Unix milliseconds. */
  readonly at: number
  readonly requests: number
  readonly errors: number
  readonly latency: Readonly<Record<string, number>>
}

/** Level of a gauge over one step: the mean over pods of what each pod's series add up to. */
export type LevelStep = { readonly at: number; readonly level: number }

/** Who, when, and how finely; Unix milliseconds, whole ticks of 10 s. */
export type CohortWindow = {
  readonly match: CohortMatch & { readonly service: readonly string[] }
  readonly from: number
  readonly to: number
  readonly stepMs: number
}

const columns = {
  namespace: 'Namespace',
  service: 'Service',
  environment: 'Environment',
  version: 'Version',
  cohort: 'Cohort',
  replicaSet: 'ReplicaSet',
  pod: 'Pod',
} as const satisfies Readonly<Record<Dimension, string>>

const step = '{from:Int64} + intDiv(toUnixTimestamp(T) - {from:Int64}, {step:Int64}) * {step:Int64}'

/** Reads rollups of one cohort by steps of any length: a row a step, so that its cost does not grow with the traffic. */
export class CohortSeriesReader {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** Steps in which the cohort answered requests. @param operation only this one; absent: all. */
  async requests(window: CohortWindow, operation?: string, signal?: AbortSignal): Promise<readonly RequestStep[]> {
    const { where, params } = conditions(window)
    const byOperation = operation === undefined ? '' : 'AND Operation = {operation:String}'
    return this.#storage.query<RequestStep>(
      `SELECT (${step}) * 1000 AS at, toUInt64(sum(N)) AS requests, toUInt64(sumIf(N, StatusCode = 'Error')) AS errors,
         sumMap(H) AS latency
       FROM rollup_traces_10s WHERE ${where} AND ${isRequest} ${byOperation}
       GROUP BY at ORDER BY at`,
      { ...params, ...(operation === undefined ? {} : { operation }) },
      signal,
    )
  }

  /** Steps in which the cohort reported a gauge. */
  async levels(window: CohortWindow, metric: string, signal?: AbortSignal): Promise<readonly LevelStep[]> {
    const { where, params } = conditions(window)
    return this.#storage.query<LevelStep>(
      `SELECT at, avg(podLevel) AS level FROM (
         SELECT (${step}) * 1000 AS at, Pod, sum(S) / sum(N) * uniqExact(Series) AS podLevel
         FROM rollup_metrics_10s WHERE ${where} AND MetricName = {metric:String} AND Kind = 'gauge'
         GROUP BY at, Pod HAVING sum(N) > 0)
       GROUP BY at ORDER BY at`,
      { ...params, metric },
      signal,
    )
  }

  /** The namespaces in which the cohort answered requests or reported gauges. */
  async namespaces(window: CohortWindow, signal?: AbortSignal): Promise<readonly string[]> {
    const { where, params } = conditions(window)
    const rows = await this.#storage.query<{ namespace: string }>(
      `SELECT DISTINCT namespace FROM (
         SELECT DISTINCT Namespace AS namespace FROM rollup_traces_10s WHERE ${where} AND ${isRequest}
         UNION ALL
         SELECT DISTINCT Namespace AS namespace FROM rollup_metrics_10s WHERE ${where} AND Kind = 'gauge')
       ORDER BY namespace`,
      params,
      signal,
    )
    return rows.map(({ namespace }) => namespace)
  }

  /** Names of gauges since `from` that contain `filter`, each with a service that reports it. */
  async gauges(
    filter: string,
    from: number,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly { readonly name: string; readonly service: string }[]> {
    return this.#storage.query(
      `SELECT MetricName AS name, any(Service) AS service FROM rollup_metrics_10s
       WHERE T >= fromUnixTimestamp({from:Int64}) AND Kind = 'gauge' AND positionCaseInsensitive(MetricName, {filter:String}) > 0
       GROUP BY name ORDER BY name LIMIT {limit:UInt32}`,
      { filter, from: Math.floor(from / 1000), limit },
      signal,
    )
  }
}

function conditions({ match, from, to, stepMs }: CohortWindow): {
  readonly where: string
  readonly params: QueryParams
} {
  const named = Object.entries(match) as [Dimension, readonly string[]][]
  const parts = named.map(([dimension]) => `${columns[dimension]} IN {${dimension}:Array(String)}`)
  parts.push(inWindow)
  const params = { from: Math.floor(from / 1000), to: Math.floor(to / 1000), step: stepMs / 1000 }
  return { where: parts.join(' AND '), params: { ...params, ...Object.fromEntries(named) } }
}
