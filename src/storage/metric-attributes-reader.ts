import type { Storage } from '../domain/storage.ts'
import {
  type AttributeAnswer,
  type AttributeQuestion,
  type AttributeSource,
  bounded,
  countAttributes,
  countPods,
  nodeOfResource,
  type PodRow,
} from './count-attributes.ts'
import { durationPoints, durationRequests } from './durations-rollup-reader.ts'
import { isFailedPoint, operationOfPoint } from './durations-rollup-table.ts'
import { counterGrowth, counterPoints, silenceSeconds } from './metrics-rollup-reader.ts'
import { series } from './metrics-rollup-table.ts'
import { inWindow } from './rollup-conditions.ts'
import { rowDimensionKeys, rowDimensions } from './rollup-dimensions.ts'

/** Which points are counted; times to whole seconds. */
type MetricQuestion = AttributeQuestion & {
  /** Instruments: histograms of durations, and counters of things. */
  readonly metrics: readonly string[]
  /** An event is an observation in a bucket that lies above; null: one that failed. Counters tell nothing of durations. */
  readonly slowerThanNanoseconds: number | null
}

/** What Prometheus calls the attributes by which a point says that it counts failures, and what gRPC's middleware says. */
const statusLabels = ['code', 'status', 'status_code', 'http_status_code', 'http_response_status_code']
const isFailed = `toBool(${isFailedPoint} OR Attributes['error_type'] != ''
  OR arrayExists(v -> match(v, '^5[0-9x][0-9x]$'), [${statusLabels.map((label) => `Attributes['${label}']`).join(', ')}])
  OR Attributes['rpc_grpc_status_code'] IN ('2', '4', '12', '13', '14', '15')
  OR Attributes['grpc_code'] IN ('Unknown', 'DeadlineExceeded', 'Unimplemented', 'Internal', 'Unavailable', 'DataLoss'))`

/** What its exporters call a route. */
const operation = `multiIf(Attributes['http_route'] != '', Attributes['http_route'],
  Attributes['handler'] != '', Attributes['handler'], Attributes['route'] != '', Attributes['route'],
  Attributes['uri'] != '', Attributes['uri'], ${operationOfPoint})`

/**
 * Counters of bytes and seconds are no counts: each would be an event of its own. Nor are the parts of Prometheus'
 * histograms, but for the number of observations.
 */
const isOfThings = `IsMonotonic AND (MetricUnit IN ('', '1') OR startsWith(MetricUnit, '{'))
  AND NOT match(MetricName, '[._](bytes|seconds|milliseconds|sum|bucket)([._]total)?$')`

const rawWithin = `ServiceName = {service:String}
  AND TimeUnix >= fromUnixTimestamp({from:Int64}) AND TimeUnix < fromUnixTimestamp({to:Int64})`

const explicitEdge = 'if(k = 0, 0., Bounds[k])'
const slowOf = (keys: string, counts: string, scale: string) =>
  `arraySum((k, c) -> if(if(Layout = 'explicit', ${explicitEdge}, exp2(k * exp2(-${scale}))) * Nanoseconds >= {slower:Int64}, toInt64(c), 0),
    ${keys}, ${counts})`
/** Of two points that have not one scale the buckets are those of the later, coarser one: else the edge would move. */
const slowOfPoint = (point: string) =>
  slowOf(
    `arrayMap(i -> toInt32(floor((${point}.Offset + i) * exp2(l.Scale - ${point}.Scale))), range(length(${point}.Counts)))`,
    `${point}.Counts`,
    'l.Scale',
  )

/** Observations of a series and tick that lie in buckets which begin at that duration or above. */
const slow = `multiIf(Kind = 'delta', ${slowOf('mapKeys(h)', 'mapValues(h)', 'Scale')},
  base = 'zero', ${slowOfPoint('l')}, base = 'before', greatest(0, ${slowOfPoint('l')} - ${slowOfPoint('p')}), toInt64(0))`

/**
 * What each series grew by. A counter that its pod did not have before, although it exported this metric, counts from
 * zero, as with histograms: else the first failures of a route or a region would count for a fresh canary alone.
 */
const grown = (
  slowRequests: string,
) => `SELECT metric, series, ${rowDimensionKeys}, sum(r) AS requests, sum(s) AS slow FROM (
    SELECT MetricName AS metric, Series AS series, ${rowDimensions}, toFloat64(${durationRequests}) AS r, toFloat64(${slowRequests}) AS s
    FROM (${durationPoints})
    UNION ALL
    SELECT MetricName AS metric, Series AS series, ${rowDimensions},
      ${counterGrowth("isNew OR (Pod != '' AND isPodKnown)")} AS r, 0. AS s
    FROM (
      SELECT *, count() OVER (
        PARTITION BY Service, MetricName, Kind, Namespace, Environment, Version, Cohort, ReplicaSet, Pod
        ORDER BY toInt64(toUnixTimestamp(T)) RANGE BETWEEN ${silenceSeconds} PRECEDING AND 1 PRECEDING) > 0 AS isPodKnown
      FROM (${counterPoints}))
    WHERE ${inWindow})
  GROUP BY metric, series, ${rowDimensionKeys}
  HAVING requests > 0`

const tables = ['otel_metrics_histogram', 'otel_metrics_exponential_histogram', 'otel_metrics_sum']

/** What each series says of itself; one row a series, however often it was exported. */
const said = `SELECT metric, series, any(tuple(ks, vs, op, isBad, host)) AS one,
    one.1 AS saidKeys, one.2 AS saidValues, one.3 AS named, one.4 AS failed, one.5 AS node
  FROM (${tables
    .map(
      (table) => `SELECT MetricName AS metric, ${series} AS series,
      arrayConcat(mapKeys(Attributes), mapKeys(ResourceAttributes)) AS ks,
      arrayConcat(mapValues(Attributes), mapValues(ResourceAttributes)) AS vs,
      toString(${operation}) AS op, ${isFailed} AS isBad, ${nodeOfResource} AS host
    FROM ${table} WHERE ${rawWithin} AND MetricName IN {metrics:Array(String)}`,
    )
    .join(' UNION ALL ')})
  GROUP BY metric, series`

const counted = (events: string, slowRequests: string) =>
  `SELECT metric, ${rowDimensionKeys}, node, named, requests, ${events} AS events, saidKeys, saidValues
  FROM (${grown(slowRequests)}) AS grown INNER JOIN (${said}) AS said USING (metric, series)`

const countedFailed = counted('if(failed, requests, 0)', '0')
const countedSlow = counted('slow', slow)

/** What says which process it is, what failing looks like, and the buckets of a histogram. */
const uninteresting = [
  ...['instance', 'pod', 'pod_name', 'container_id', 'service_version', 'le', 'quantile', 'error_type', 'grpc_code'],
  ...[...statusLabels, 'rpc_grpc_status_code'],
]

/** Counts what instruments count by what their points and resources say. */
export class MetricAttributesReader {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** The instruments of a service that counted a failure in the window, those that say so by most points first. */
  async failing(service: string, from: number, to: number, signal?: AbortSignal): Promise<readonly string[]> {
    const found = await this.#storage.query<{ metric: string }>(
      `SELECT metric FROM (
         SELECT toString(MetricName) AS metric, count() AS points FROM rollup_durations_10s
         WHERE Service = {service:String} AND ${inWindow} AND Failed GROUP BY metric
         UNION ALL
         SELECT toString(MetricName) AS metric, count() AS points FROM otel_metrics_sum
         WHERE ${rawWithin} AND ${isOfThings} AND ${isFailed} GROUP BY metric)
       GROUP BY metric ORDER BY sum(points) DESC, metric LIMIT 1000 ${bounded}`,
      { service, ...seconds(from, to) },
      signal,
    )
    return found.map(({ metric }) => metric)
  }

  /** How many rows of the rollups would be read: a series that is exported every ten seconds has one in each. */
  async points({ service, metrics, from, to }: MetricQuestion, signal?: AbortSignal): Promise<number> {
    const [all] = await this.#storage.query<{ points: number }>(
      `SELECT sum(rows) AS points FROM (${['rollup_durations_10s', 'rollup_metrics_10s']
        .map(
          (table) => `SELECT count() AS rows FROM ${table}
           WHERE Service = {service:String} AND MetricName IN {metrics:Array(String)} AND ${inWindow}`,
        )
        .join(' UNION ALL ')}) ${bounded}`,
      { service, metrics, ...seconds(from, to) },
      signal,
    )
    return all?.points ?? 0
  }

  /** By every attribute that has few values and more than one. */
  attributes(question: MetricQuestion, signal?: AbortSignal): Promise<AttributeAnswer> {
    return countAttributes(this.#storage, sourceOf(question), question.byPod, signal)
  }

  /** By pod, with the node that it runs on where the sender tells. */
  pods(question: MetricQuestion, signal?: AbortSignal): Promise<readonly PodRow[]> {
    return countPods(this.#storage, sourceOf(question), signal)
  }
}

function sourceOf({ service, from, to, metrics, slowerThanNanoseconds }: MetricQuestion): AttributeSource {
  return {
    keyed: `SELECT named, saidKeys, saidValues FROM (${said})`,
    counted: slowerThanNanoseconds === null ? countedFailed : countedSlow,
    params: { service, services: [service], metrics, ...seconds(from, to), slower: slowerThanNanoseconds ?? 0 },
    uninteresting,
    isPlacedByPod: false,
  }
}

function seconds(from: number, to: number): { readonly from: number; readonly to: number } {
  return { from: Math.floor(from / 1000), to: Math.floor(to / 1000) }
}
