import type { Unit } from '../domain/cohort.ts'
import type { Storage } from '../domain/storage.ts'
import { inWindow, isRequest } from './rollup-conditions.ts'
import { dimensionsOfResource } from './rollup-dimensions.ts'

/**
 * What telemetry shows of pods of one kind. `owner` and `podHash` are read off pod names as `<owner>-<hash>-<suffix>`, the
 * form of a Deployment's and a Rollout's pods; '' where the name has another form.
 */
export type Sighting = Unit & {
  readonly version: string
  readonly replicaSet: string
  readonly owner: string
  readonly podHash: string
  readonly requests: number
  /** Start of the first and the last 10 s with a request, Unix milliseconds. */
  readonly firstSeen: number
  readonly lastSeen: number
}

/** Where pods of a unit run, as their spans say; '' where they do not. */
export type Place = Unit & {
  readonly kubernetesNamespace: string
  readonly replicaSet: string
  /** Name of the Deployment, or of what else made the replica set. */
  readonly workload: string
}

export type SightingFilter = {
  /** Any of these: rows of these replica sets, of pods whose names begin so, of these services. */
  readonly replicaSets?: readonly string[]
  readonly podPrefixes?: readonly string[]
  readonly services?: readonly string[]
  /** Unix milliseconds, to whole seconds; `to` is exclusive. */
  readonly from: number
  readonly to: number
}

const podName = '^(.+)-([a-z0-9]+)-[a-z0-9]+$'

/** More kinds of pods than this answer to no question about one workload. */
const mostSightings = 2000

/** Raw rows that are looked through, at most, for what rollups do not keep. */
const mostRawRows = 200_000

/** Finds out which telemetry comes from a workload of Kubernetes. */
export class WorkloadReader {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** Requests, told by spans or by histograms of durations, of the pods that the filter asks for. */
  async sightings(filter: SightingFilter): Promise<readonly Sighting[]> {
    const isWanted = `(ReplicaSet IN {replicaSets:Array(String)} OR Service IN {services:Array(String)}
      OR arrayExists(prefix -> startsWith(Pod, prefix), {podPrefixes:Array(String)}))`
    const columns = 'Namespace, Service, Environment, Version, ReplicaSet, Pod'
    return this.#storage.query<Sighting>(
      `SELECT Namespace AS namespace, Service AS service, Environment AS environment, Version AS version,
         ReplicaSet AS replicaSet, replaceRegexpOne(Matched, {podName:String}, '\\\\1') AS owner,
         replaceRegexpOne(Matched, {podName:String}, '\\\\2') AS podHash, toUInt64(sum(Requests)) AS requests,
         toUnixTimestamp(min(First)) * 1000 AS firstSeen, toUnixTimestamp(max(Last)) * 1000 AS lastSeen
       FROM (
         SELECT ${columns}, if(match(Pod, {podName:String}), Pod, '') AS Matched, sum(N) AS Requests, min(T) AS First,
           max(T) AS Last
         FROM rollup_traces_10s
         WHERE ${inWindow} AND ${isRequest} AND ${isWanted}
         GROUP BY ${columns}
         UNION ALL
         SELECT ${columns}, if(match(Pod, {podName:String}), Pod, '') AS Matched, sum(N) AS Requests, min(T) AS First,
           max(T) AS Last
         FROM rollup_durations_10s
         WHERE ${inWindow} AND ${isWanted}
         GROUP BY ${columns})
       GROUP BY namespace, service, environment, version, replicaSet, owner, podHash
       ORDER BY requests DESC, namespace, service, environment, version, replicaSet, owner, podHash
       LIMIT ${mostSightings}`,
      {
        podName,
        replicaSets: filter.replicaSets ?? [],
        podPrefixes: filter.podPrefixes ?? [],
        services: filter.services ?? [],
        from: Math.floor(filter.from / 1000),
        to: Math.floor(filter.to / 1000),
      },
    )
  }

  /** Names of the services that answered requests in the window, the busiest first. */
  async services(from: number, to: number): Promise<readonly string[]> {
    const rows = await this.#storage.query<{ service: string }>(
      `SELECT Service AS service, sum(N) AS requests FROM rollup_traces_10s
       WHERE ${inWindow}
         AND ${isRequest}
       GROUP BY service ORDER BY requests DESC, service LIMIT ${mostSightings}`,
      { from: Math.floor(from / 1000), to: Math.floor(to / 1000) },
    )
    return rows.map(({ service }) => service)
  }

  /**
   * The Kubernetes namespaces and workloads that spans of these services name, from a bounded number of raw rows: for what
   * the rollups leave open, not for every question.
   */
  async places(services: readonly string[], from: number, to: number): Promise<readonly Place[]> {
    return this.#storage.query<Place>(
      `SELECT DISTINCT Namespace AS namespace, Service AS service, Environment AS environment, ReplicaSet AS replicaSet,
         KubernetesNamespace AS kubernetesNamespace, Workload AS workload
       FROM (
         SELECT ServiceName AS Service, ${dimensionsOfResource},
           ResourceAttributes['k8s.namespace.name'] AS KubernetesNamespace,
           if(ResourceAttributes['k8s.deployment.name'] != '', ResourceAttributes['k8s.deployment.name'],
             replaceRegexpOne(ResourceAttributes['k8s.replicaset.name'], '-[^-]*$', '')) AS Workload
         FROM otel_traces
         WHERE ServiceName IN {services:Array(String)} AND ${isRequest}
           AND Timestamp >= fromUnixTimestamp64Milli({from:Int64}) AND Timestamp < fromUnixTimestamp64Milli({to:Int64})
         LIMIT ${mostRawRows})
       ORDER BY namespace, service, environment, kubernetesNamespace, workload, replicaSet`,
      { services, from, to },
    )
  }
}
