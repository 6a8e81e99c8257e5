import type { Dimensions } from '../domain/cohort.ts'
import type { Storage } from '../domain/storage.ts'
import { inWindow, isRequest } from './rollup-conditions.ts'

/** A skeleton as it is stored: its hash, its text or a line that it can be made of, and when it was first logged. */
export type StoredSkeleton = {
  readonly skeleton: number
  readonly example: string
  /** Unix milliseconds. */
  readonly firstSeen: number
  readonly lines: number
}

/** Lines of one skeleton, cohort and severity. */
export type SkeletonRow = Dimensions & {
  /** Start of the 10 s, Unix milliseconds. */
  readonly at: number
  readonly severity: number
  readonly skeleton: number
  readonly lines: number
  readonly requests: number
  readonly firstSeen: number
  readonly lastSeen: number
}

/** Requests of one cohort in one tick. */
export type RequestTick = Dimensions & { readonly at: number; readonly requests: number }

const dimensionColumns = `Namespace AS namespace, toString(Service) AS service, Environment AS environment,
  Version AS version, Cohort AS cohort, ReplicaSet AS replicaSet, Pod AS pod`
const dimensionKeys = 'namespace, service, environment, version, cohort, replicaSet, pod'
const window = `Service = {service:String} AND ${inWindow}`

/** Reads the rollup of log templates. Windows are Unix milliseconds, `from` inclusive and `to` exclusive, whole ticks. */
export class LogTemplatesReader {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** The `most` skeletons of a service with most lines; errors and warnings before all others. */
  async skeletons(service: string, from: number, to: number, most: number): Promise<readonly StoredSkeleton[]> {
    return this.#storage.query<StoredSkeleton>(
      `SELECT Skeleton AS skeleton, max(Example) AS example, toUnixTimestamp64Milli(min(FirstSeen)) AS firstSeen,
         toUInt64(sum(N)) AS lines
       FROM rollup_log_templates_10s WHERE ${window} AND Skeleton != 0
       GROUP BY skeleton HAVING example != ''
       ORDER BY max(SeverityNumber) >= 13 DESC, lines DESC, skeleton LIMIT {most:UInt32}`,
      { service, ...seconds(from, to), most },
    )
  }

  /** The stored form of these skeletons. */
  async examples(
    service: string,
    from: number,
    to: number,
    skeletons: readonly number[],
  ): Promise<readonly StoredSkeleton[]> {
    if (skeletons.length === 0) return []
    return this.#storage.query<StoredSkeleton>(
      `SELECT Skeleton AS skeleton, max(Example) AS example, toUnixTimestamp64Milli(min(FirstSeen)) AS firstSeen,
         toUInt64(sum(N)) AS lines
       FROM rollup_log_templates_10s WHERE ${window} AND Skeleton IN {skeletons:Array(UInt64)}
       GROUP BY skeleton HAVING example != ''`,
      { service, ...seconds(from, to), skeletons },
    )
  }

  /** Lines of at least a severity, by tick. */
  async ticks(
    service: string,
    severity: number,
    from: number,
    to: number,
    signal?: AbortSignal,
  ): Promise<readonly SkeletonRow[]> {
    return this.#storage.query<SkeletonRow>(
      `SELECT toUnixTimestamp(T) * 1000 AS at, ${dimensionColumns}, SeverityNumber AS severity, Skeleton AS skeleton,
         toUInt64(sum(N)) AS lines, toUInt64(sum(Requests)) AS requests,
         toUnixTimestamp64Milli(min(FirstSeen)) AS firstSeen, toUnixTimestamp64Milli(max(LastSeen)) AS lastSeen
       FROM rollup_log_templates_10s
       WHERE ${window} AND SeverityNumber >= {severity:UInt8}
       GROUP BY at, ${dimensionKeys}, severity, skeleton
       ORDER BY at, skeleton`,
      { service, severity, ...seconds(from, to) },
      signal,
    )
  }

  /**
   * The same over the whole window: `at` is that of the first tick.
   * @param byPod false: pods are '' where a version or cohort says enough.
   */
  async totals(
    service: string,
    severity: number,
    from: number,
    to: number,
    byPod: boolean,
  ): Promise<readonly SkeletonRow[]> {
    return this.#storage.query<SkeletonRow>(
      `SELECT toUnixTimestamp(min(T)) * 1000 AS at, Namespace AS namespace, toString(Service) AS service,
         Environment AS environment, Version AS version, Cohort AS cohort, ReplicaSet AS replicaSet,
         if({byPod:Bool} OR (Version = '' AND Cohort = '' AND ReplicaSet = ''), Pod, '') AS pod, max(SeverityNumber) AS severity,
         Skeleton AS skeleton, toUInt64(sum(N)) AS lines, toUInt64(sum(Requests)) AS requests,
         toUnixTimestamp64Milli(min(FirstSeen)) AS firstSeen, toUnixTimestamp64Milli(max(LastSeen)) AS lastSeen
       FROM rollup_log_templates_10s
       WHERE ${window} AND SeverityNumber >= {severity:UInt8}
       GROUP BY ${dimensionKeys}, skeleton
       ORDER BY skeleton`,
      { service, severity, ...seconds(from, to), byPod },
    )
  }

  /** Requests of a service by tick, from its spans. */
  async requests(service: string, from: number, to: number, signal?: AbortSignal): Promise<readonly RequestTick[]> {
    return this.#storage.query<RequestTick>(
      `SELECT toUnixTimestamp(T) * 1000 AS at, ${dimensionColumns}, toUInt64(sum(N)) AS requests
       FROM rollup_traces_10s
       WHERE ${window} AND ${isRequest}
       GROUP BY at, ${dimensionKeys}
       ORDER BY at`,
      { service, ...seconds(from, to) },
      signal,
    )
  }

  /** What the newest requests of each pod in the window say of it. */
  async podPlaces(service: string, from: number, to: number): Promise<readonly Dimensions[]> {
    return this.#storage.query<Dimensions>(
      `SELECT argMax(Namespace, T) AS namespace, {service:String} AS service, argMax(Environment, T) AS environment,
         argMax(Version, T) AS version, argMax(Cohort, T) AS cohort, argMax(ReplicaSet, T) AS replicaSet, Pod AS pod
       FROM rollup_traces_10s WHERE ${window} AND Pod != '' GROUP BY pod`,
      { service, ...seconds(from, to) },
    )
  }
}

function seconds(from: number, to: number): { readonly from: number; readonly to: number } {
  return { from: Math.floor(from / 1000), to: Math.floor(to / 1000) }
}
