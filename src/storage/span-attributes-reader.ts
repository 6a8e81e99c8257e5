import type { Dimensions } from '../domain/cohort.ts'
import type { Storage } from '../domain/storage.ts'
import { rowDimensionsOfResource } from './rollup-dimensions.ts'

/** Which requests are counted, and what counts as an event among them. */
export type SpanQuestion = {
  readonly service: string
  /** Unix milliseconds; `from` inclusive, `to` exclusive, of the spans' ends. */
  readonly from: number
  readonly to: number
  /** Only every so manyth trace, always the same ones; 1 for all. */
  readonly oneIn: number
  /** An event is a request that took longer; null: one that failed. */
  readonly slowerThanNanoseconds: number | null
  /** Whether cohorts are told apart by pod, which makes as many more rows. */
  readonly byPod: boolean
}

/** Requests with one value of one attribute, by operation. `pod` is '' unless it was asked for. */
export type AttributeRow = Dimensions & {
  readonly attribute: string
  readonly value: string
  readonly operation: string
  readonly requests: number
  readonly events: number
}

/** Requests of one pod. */
export type PodRow = Dimensions & { readonly node: string; readonly requests: number; readonly events: number }

/** More values than this are somebody's ids. */
const mostValues = 60
const mostAttributes = 60
const longestValue = 120

/** Names of operations may hold ids, too: those of fewer requests are one. */
const mostOperations = 100
const others = '(others)'

/** So many rows, those of most requests first, are more than an explanation has use for. */
const mostRows = 200_000

/** Raw spans may be any number: rather no explanation than a storage that has no time for looks and gates. */
const bounded = 'SETTINGS max_execution_time = 30, max_threads = 2, max_memory_usage = 1073741824'

/** What says which arm a request is of, and what nobody would call an explanation. */
const uninteresting = [
  ...['service.name', 'service.version', 'service.instance.id', 'service.namespace', 'deployment.cohort'],
  ...['deployment.environment', 'deployment.environment.name', 'k8s.pod.name', 'k8s.pod.uid', 'k8s.replicaset.name'],
  ...['k8s.replicaset.uid', 'k8s.pod.ip', 'k8s.pod.start_time', 'k8s.pod.label.pod-template-hash', 'container.id'],
  ...['process.pid', 'thread.id', 'thread.name', 'telemetry.sdk.version', 'host.id', 'container.image.tag'],
  // What failing looks like, not where it happens.
  ...['http.response.status_code', 'http.status_code', 'error.type', 'otel.status_code', 'rpc.grpc.status_code'],
]

const operation = `multiIf(SpanAttributes['http.route'] = '', SpanName,
  SpanAttributes['http.request.method'] != '', concat(SpanAttributes['http.request.method'], ' ', SpanAttributes['http.route']),
  SpanAttributes['http.method'] != '', concat(SpanAttributes['http.method'], ' ', SpanAttributes['http.route']),
  SpanAttributes['http.route'])`

/**
 * Requests are SERVER and CONSUMER spans. Reads raw spans, so the window has to be short and `oneIn` chosen by the
 * traffic; an explanation is made once a decision, not once a look.
 */
const requests = `FROM otel_traces
  WHERE ServiceName = {service:String} AND SpanKind IN ('Server', 'Consumer')
    AND Timestamp >= fromUnixTimestamp64Milli({from:Int64}) - INTERVAL 10 MINUTE
    AND Timestamp < fromUnixTimestamp64Milli({to:Int64})
    AND Timestamp + toIntervalNanosecond(Duration) >= fromUnixTimestamp64Milli({from:Int64})
    AND Timestamp + toIntervalNanosecond(Duration) < fromUnixTimestamp64Milli({to:Int64})
    AND cityHash64(TraceId) % {oneIn:UInt32} = 0`

const isEvent = "if({slower:Int64} < 0, StatusCode = 'Error', toInt64(Duration) > {slower:Int64})"

const keys = 'namespace, service, environment, version, cohort, replicaSet, pod'

/** Counts requests by what their spans and resources say of them. */
export class SpanAttributesReader {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** By every attribute that has few values and more than one. */
  async attributes(question: SpanQuestion, signal?: AbortSignal): Promise<readonly AttributeRow[]> {
    const names = await this.#storage.query<{ name: string }>(
      `SELECT key AS name FROM (SELECT ResourceAttributes, SpanAttributes ${requests})
       ARRAY JOIN arrayConcat(mapKeys(SpanAttributes), mapKeys(ResourceAttributes)) AS key,
         arrayConcat(mapValues(SpanAttributes), mapValues(ResourceAttributes)) AS value
       WHERE NOT has({uninteresting:Array(String)}, key)
       GROUP BY key HAVING uniqUpTo(100)(value) BETWEEN 2 AND {mostValues:UInt32}
       ORDER BY count() DESC, key LIMIT {mostAttributes:UInt32} ${bounded}`,
      { ...paramsOf(question), uninteresting, mostValues, mostAttributes },
      signal,
    )
    if (names.length === 0) return []
    const [most] = await this.#storage.query<{ operations: string[] }>(
      `SELECT topK(${mostOperations})(operation) AS operations FROM (SELECT ${operation} AS operation ${requests}) ${bounded}`,
      paramsOf(question),
      signal,
    )
    return this.#storage.query<AttributeRow>(
      `SELECT ${keys}, key AS attribute, substringUTF8(value, 1, {longestValue:UInt32}) AS value,
         if(has({operations:Array(String)}, named), named, '${others}') AS operation, count() AS requests, countIf(event) AS events
       FROM (SELECT * REPLACE (if({byPod:Bool}, pod, '') AS pod) FROM (
         SELECT ServiceName AS service, ${rowDimensionsOfResource}, ${operation} AS named, ${isEvent} AS event,
         ResourceAttributes, SpanAttributes ${requests}))
       ARRAY JOIN arrayConcat(mapKeys(SpanAttributes), mapKeys(ResourceAttributes)) AS key,
         arrayConcat(mapValues(SpanAttributes), mapValues(ResourceAttributes)) AS value
       WHERE has({names:Array(String)}, key)
       GROUP BY ${keys}, attribute, value, operation
       ORDER BY requests DESC, attribute, value, operation LIMIT ${mostRows} ${bounded}`,
      {
        ...{ ...paramsOf(question), byPod: question.byPod, longestValue },
        ...{ names: names.map(({ name }) => name), operations: most?.operations ?? [] },
      },
      signal,
    )
  }

  /** By pod, with the node that it runs on where the sender tells. */
  pods(question: SpanQuestion, signal?: AbortSignal): Promise<readonly PodRow[]> {
    return this.#storage.query<PodRow>(
      `SELECT ${keys}, node, count() AS requests, countIf(event) AS events
       FROM (SELECT ServiceName AS service, ${rowDimensionsOfResource}, ${isEvent} AS event,
         multiIf(ResourceAttributes['k8s.node.name'] != '', ResourceAttributes['k8s.node.name'],
           ResourceAttributes['host.name']) AS node
         ${requests})
       GROUP BY ${keys}, node
       ORDER BY requests DESC, pod, node LIMIT ${mostRows} ${bounded}`,
      paramsOf(question),
      signal,
    )
  }
}

function paramsOf({ service, from, to, oneIn, slowerThanNanoseconds }: SpanQuestion) {
  return { service, from, to, oneIn, slower: slowerThanNanoseconds ?? -1 }
}
