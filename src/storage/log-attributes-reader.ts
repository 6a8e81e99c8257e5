import type { Storage } from '../domain/storage.ts'
import {
  type AttributeAnswer,
  type AttributeQuestion,
  type AttributeSource,
  countAttributes,
  countPods,
  nodeOfResource,
  type PodRow,
  routeOf,
} from './count-attributes.ts'
import { severityOfRecord } from './logs-rollup-tables.ts'
import { inWindow } from './rollup-conditions.ts'
import { rowDimensionsOfResource } from './rollup-dimensions.ts'

/** Which log records are counted. */
type LogQuestion = AttributeQuestion & {
  /** Only every so manyth trace, the same ones as of spans, and as many of the records without one; 1 for all. */
  readonly oneIn: number
}

const records = `FROM otel_logs
  WHERE ServiceName = {service:String}
    AND Timestamp >= fromUnixTimestamp64Milli({from:Int64}) AND Timestamp < fromUnixTimestamp64Milli({to:Int64})
    AND if(TraceId = '', cityHash64(Timestamp, LogAttributes), cityHash64(TraceId)) % {oneIn:UInt32} = 0`

const keysOf = 'arrayConcat(mapKeys(LogAttributes), mapKeys(ResourceAttributes))'
const valuesOf = 'arrayConcat(mapValues(LogAttributes), mapValues(ResourceAttributes))'

const route = routeOf('LogAttributes', "''")

/** ERROR and FATAL. */
const isError = `${severityOfRecord} >= 17`

/**
 * Lines of one request count once: what fails often logs several errors, and lines that come together are no evidence
 * of their own. So the records of a trace are one, with the attributes of all of them, and an event if any is an error.
 */
const logged = `SELECT '' AS metric, namespace, service, environment, version, cohort, replicaSet, pod, any(host) AS node,
    max(operation) AS named, 1 AS requests, max(error) AS events, groupUniqArrayArray(pairs) AS said,
    arrayMap(p -> p.1, said) AS saidKeys, arrayMap(p -> p.2, said) AS saidValues
  FROM (
    SELECT ServiceName AS service, ${rowDimensionsOfResource}, ${nodeOfResource} AS host,
      ${route} AS operation, toUInt8(${isError}) AS error,
      arrayFilter(p -> has({names:Array(String)}, p.1),
        arrayZip(${keysOf}, arrayMap(v -> substringUTF8(v, 1, {longestValue:UInt32}), ${valuesOf}))) AS pairs,
      if(TraceId = '', toString(generateUUIDv4()), TraceId) AS request
    ${records})
  GROUP BY namespace, service, environment, version, cohort, replicaSet, pod, request`

/** What failing looks like, not where it happens. */
const uninteresting = [
  ...['log.iostream', 'level', 'log.level', 'severity', 'severity_text', 'exception.type', 'exception.message'],
  ...['exception.stacktrace', 'error.message'],
]

/** Counts log records by what they and their resources say: errors among all. */
export class LogAttributesReader {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** How many records there are, by the rollup: to choose `oneIn`. Whole seconds. */
  async records(service: string, from: number, to: number, signal?: AbortSignal): Promise<number> {
    const [all] = await this.#storage.query<{ records: number }>(
      `SELECT toUInt64(sum(N)) AS records FROM rollup_logs_10s
       WHERE Service = {service:String} AND ${inWindow}`,
      { service, from: Math.floor(from / 1000), to: Math.floor(to / 1000) },
      signal,
    )
    return all?.records ?? 0
  }

  /** By every attribute that has few values and more than one. */
  attributes(question: LogQuestion, signal?: AbortSignal): Promise<AttributeAnswer> {
    return countAttributes(this.#storage, sourceOf(question), question.byPod, signal)
  }

  /** By pod, with the node that it runs on where the sender tells. */
  pods(question: LogQuestion, signal?: AbortSignal): Promise<readonly PodRow[]> {
    return countPods(this.#storage, sourceOf(question), signal)
  }
}

function sourceOf({ service, from, to, oneIn }: LogQuestion): AttributeSource {
  return {
    keyed: `SELECT ${route} AS named, ${keysOf} AS saidKeys, ${valuesOf} AS saidValues ${records}`,
    counted: logged,
    params: { service, from, to, oneIn },
    uninteresting,
    isPlacedByPod: true,
  }
}
