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
import { isRequest } from './rollup-conditions.ts'
import { rowDimensionsOfResource } from './rollup-dimensions.ts'

/** Which requests are counted, by the ends of their spans, and what counts as an event among them. */
export type SpanQuestion = AttributeQuestion & {
  /** Only every so manyth trace, always the same ones; 1 for all. */
  readonly oneIn: number
  /** An event is a request that took longer; null: one that failed. */
  readonly slowerThanNanoseconds: number | null
}

/**
 * Requests are SERVER and CONSUMER spans. Reads raw spans, so the window has to be short and `oneIn` chosen by the
 * traffic; an explanation is made once a decision, not once a look.
 */
const requests = `FROM otel_traces
  WHERE ServiceName = {service:String} AND ${isRequest}
    AND Timestamp >= fromUnixTimestamp64Milli({from:Int64}) - INTERVAL 10 MINUTE
    AND Timestamp < fromUnixTimestamp64Milli({to:Int64})
    AND Timestamp + toIntervalNanosecond(Duration) >= fromUnixTimestamp64Milli({from:Int64})
    AND Timestamp + toIntervalNanosecond(Duration) < fromUnixTimestamp64Milli({to:Int64})
    AND cityHash64(TraceId) % {oneIn:UInt32} = 0`

const isEvent = "if({slower:Int64} < 0, StatusCode = 'Error', toInt64(Duration) > {slower:Int64})"

const operation = routeOf('SpanAttributes', 'SpanName')

const attributes = `arrayConcat(mapKeys(SpanAttributes), mapKeys(ResourceAttributes)) AS saidKeys,
  arrayConcat(mapValues(SpanAttributes), mapValues(ResourceAttributes)) AS saidValues`

/** Counts requests by what their spans and resources say of them. */
export class SpanAttributesReader {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** By every attribute that has few values and more than one. */
  attributes(question: SpanQuestion, signal?: AbortSignal): Promise<AttributeAnswer> {
    return countAttributes(this.#storage, sourceOf(question), question.byPod, signal)
  }

  /** By pod, with the node that it runs on where the sender tells. */
  pods(question: SpanQuestion, signal?: AbortSignal): Promise<readonly PodRow[]> {
    return countPods(this.#storage, sourceOf(question), signal)
  }
}

function sourceOf({ service, from, to, oneIn, slowerThanNanoseconds }: SpanQuestion): AttributeSource {
  return {
    keyed: `SELECT ${operation} AS named, ${attributes} ${requests}`,
    counted: `SELECT '' AS metric, ServiceName AS service, ${rowDimensionsOfResource}, ${nodeOfResource} AS node,
      ${operation} AS named, 1 AS requests, toUInt8(${isEvent}) AS events, ${attributes} ${requests}`,
    params: { service, from, to, oneIn, slower: slowerThanNanoseconds ?? -1 },
    uninteresting: [],
    isPlacedByPod: false,
  }
}
