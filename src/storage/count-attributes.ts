import type { Dimensions } from '../domain/cohort.ts'
import type { QueryParams, Storage } from '../domain/storage.ts'

/** Of which telemetry attributes are counted. */
export type AttributeQuestion = {
  readonly service: string
  /** Unix milliseconds; `from` inclusive, `to` exclusive. */
  readonly from: number
  readonly to: number
  /** Whether cohorts are told apart by pod, which makes as many more rows. */
  readonly byPod: boolean
}

/** Requests with one value of one attribute, by operation. `pod` is '' unless it was asked for, or rows are placed by it. */
type AttributeRow = Dimensions & {
  /** The instrument whose points are counted; '' for spans and logs. */
  readonly metric: string
  readonly attribute: string
  readonly value: string
  readonly operation: string
  readonly requests: number
  readonly events: number
}

/** Requests of one pod. */
export type PodRow = Dimensions & {
  readonly metric: string
  readonly node: string
  readonly requests: number
  readonly events: number
}

/** Counts by attribute, and which attributes were not counted, those that are set most often first. */
export type AttributeAnswer = {
  readonly rows: readonly AttributeRow[]
  /** With more than {@link mostValues} values: somebody's ids. */
  readonly manyValues: readonly string[]
  /** With few values; {@link mostAttributes} others are set more often. */
  readonly manyAttributes: readonly string[]
  /** Whether there were more rows than are read: what is rare is missing. */
  readonly isCut: boolean
}

/** What is counted, as the SQL of two subqueries. */
export type AttributeSource = {
  /** Rows with `named` (the operation), `saidKeys` and `saidValues`, arrays of the same length. */
  readonly keyed: string
  /**
   * Rows with the dimensions of a cohort, `node`, `metric`, `named`, `requests`, `events`, `saidKeys` and
   * `saidValues`. May use the parameters `names`, the attributes that are counted, and `longestValue`.
   */
  readonly counted: string
  readonly params: QueryParams
  /** Attributes that nobody would call an explanation. */
  readonly uninteresting: readonly string[]
  /** Whether rows that name nothing but their pod are placed by it, so that they keep it. */
  readonly isPlacedByPod: boolean
}

const mostValues = 60
const mostAttributes = 60
const longestValue = 120

/** So many attributes are told of, at most. */
const mostNames = 1000

/** Names of operations may hold ids, too: those that are named less often are one. */
const mostOperations = 100
const others = '(others)'

/** So many rows, those of most requests first, are more than an explanation has use for. */
const mostRows = 200_000

/** Raw telemetry may be any amount: rather no explanation than a storage that has no time for looks and gates. */
export const bounded = 'SETTINGS max_execution_time = 30, max_threads = 2, max_memory_usage = 1073741824'

/** What says which arm a request is of, and what nobody would call an explanation. */
const alwaysUninteresting = [
  ...['service.name', 'service.version', 'service.instance.id', 'service.namespace', 'deployment.cohort'],
  ...['deployment.environment', 'deployment.environment.name', 'k8s.pod.name', 'k8s.pod.uid', 'k8s.replicaset.name'],
  ...['k8s.replicaset.uid', 'k8s.pod.ip', 'k8s.pod.start_time', 'k8s.pod.label.pod-template-hash', 'container.id'],
  ...['process.pid', 'thread.id', 'thread.name', 'telemetry.sdk.version', 'host.id', 'container.image.tag'],
  // What failing looks like, not where it happens.
  ...['http.response.status_code', 'http.status_code', 'error.type', 'otel.status_code', 'rpc.grpc.status_code'],
]

/** Names of what nobody may read, in whatever case: requests of a few callers have a few keys, which look like an explanation. */
const secretNames =
  '(?i)(password|passwd|passphrase|secret|authorization|credential|cookie|token|(api|private|access|secret)[._-]?key|session[._-]?id)s?$'

/** The node of a raw row, where its sender tells. */
export const nodeOfResource = `multiIf(ResourceAttributes['k8s.node.name'] != '', ResourceAttributes['k8s.node.name'],
  ResourceAttributes['host.name'])`

/** Method and route of a map of attributes, else `otherwise`. */
export function routeOf(attributes: string, otherwise: string): string {
  return `multiIf(${attributes}['http.route'] = '', ${otherwise},
  ${attributes}['http.request.method'] != '', concat(${attributes}['http.request.method'], ' ', ${attributes}['http.route']),
  ${attributes}['http.method'] != '', concat(${attributes}['http.method'], ' ', ${attributes}['http.route']),
  ${attributes}['http.route'])`
}

const keys = 'metric, namespace, service, environment, version, cohort, replicaSet, pod'

const wantedPod = '{byPod:Bool}'

/** Nothing else tells an arm. */
const namesPodAlone = "(version = '' AND cohort = '' AND replicaSet = '')"

/** By every attribute that has few values and more than one. */
export async function countAttributes(
  storage: Storage,
  { keyed, counted, params, uninteresting, isPlacedByPod }: AttributeSource,
  byPod: boolean,
  signal?: AbortSignal,
): Promise<AttributeAnswer> {
  const known = await storage.query<{ name: string; different: number }>(
    `SELECT key AS name, uniqUpTo(${mostValues})(value) AS different FROM (${keyed}) ARRAY JOIN saidKeys AS key, saidValues AS value
     WHERE NOT has({uninteresting:Array(String)}, key) AND NOT match(key, {secretNames:String})
     GROUP BY key HAVING different >= 2
     ORDER BY count() DESC, key LIMIT ${mostNames} ${bounded}`,
    { ...params, uninteresting: [...alwaysUninteresting, ...uninteresting], secretNames },
    signal,
  )
  const manyValues = known.filter(({ different }) => different > mostValues).map(({ name }) => name)
  const few = known.filter(({ different }) => different <= mostValues).map(({ name }) => name)
  const names = few.slice(0, mostAttributes)
  const left = { manyValues, manyAttributes: few.slice(mostAttributes) }
  if (names.length === 0) return { rows: [], isCut: false, ...left }
  const [most] = await storage.query<{ operations: string[] }>(
    `SELECT topK(${mostOperations})(toString(named)) AS operations FROM (${keyed}) ${bounded}`,
    params,
    signal,
  )
  const keepsPod = isPlacedByPod ? `${wantedPod} OR ${namesPodAlone}` : wantedPod
  const rows = await storage.query<AttributeRow>(
    `SELECT ${keys}, key AS attribute, substringUTF8(value, 1, {longestValue:UInt32}) AS value,
       if(has({operations:Array(String)}, named), named, '${others}') AS operation,
       toUInt64(round(sum(requests))) AS requests, toUInt64(round(sum(events))) AS events
     FROM (SELECT * REPLACE (if(${keepsPod}, pod, '') AS pod) FROM (${counted}))
     ARRAY JOIN saidKeys AS key, saidValues AS value
     WHERE has({names:Array(String)}, key)
     GROUP BY ${keys}, attribute, value, operation
     ORDER BY requests DESC, metric, attribute, value, operation LIMIT ${mostRows} ${bounded}`,
    { ...params, names, longestValue, byPod, operations: most?.operations ?? [] },
    signal,
  )
  return { rows, isCut: rows.length >= mostRows, ...left }
}

/** By pod, with the node that it runs on where the sender tells. */
export function countPods(
  storage: Storage,
  { counted, params }: Pick<AttributeSource, 'counted' | 'params'>,
  signal?: AbortSignal,
): Promise<readonly PodRow[]> {
  return storage.query<PodRow>(
    `SELECT ${keys}, node, toUInt64(round(sum(requests))) AS requests, toUInt64(round(sum(events))) AS events
     FROM (${counted})
     GROUP BY ${keys}, node
     ORDER BY requests DESC, metric, pod, node LIMIT ${mostRows} ${bounded}`,
    { ...params, names: [], longestValue },
    signal,
  )
}
