import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Dimensions } from '../domain/cohort.ts'
import type { Storage } from '../domain/storage.ts'

/** Lines of one skeleton, cohort and severity in one tick. */
export type SkeletonCount = Dimensions & {
  /** Start of the tick, Unix milliseconds. */
  readonly at: number
  readonly region: string
  readonly severity: number
  /** 0 for lines whose skeleton is not kept. */
  readonly skeleton: number
  readonly lines: number
  readonly requests: number
}

/** What is to be added. `example` holds the skeleton's text or a line that it can be made of; '' where another row has it. */
export type NewSkeletonCount = SkeletonCount & {
  readonly firstSeen: number
  readonly lastSeen: number
  readonly example: string
}

/** So many rows are made in a few milliseconds; then others have their turn. */
const rowsOfTurn = 1000

/**
 * The rows of one minute and shard of services. Whoever adds to them says what had been counted before: of all that say
 * the same, one is heard, so that processes that count the same lines at the same time count them once.
 */
export class LogTemplatesWriter {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** What is counted of the services in a shard, in the minute that begins at `minute`. */
  async counted(minute: number, shard: number, shards: number): Promise<readonly SkeletonCount[]> {
    return this.#storage.query<SkeletonCount>(
      `SELECT toUnixTimestamp(T) * 1000 AS at, Namespace AS namespace, toString(Service) AS service, Environment AS environment, Version AS version,
         Cohort AS cohort, ReplicaSet AS replicaSet, Pod AS pod, Region AS region, SeverityNumber AS severity,
         Skeleton AS skeleton, toUInt64(sum(N)) AS lines, toUInt64(sum(Requests)) AS requests
       FROM rollup_log_templates_10s
       WHERE T >= fromUnixTimestamp({from:Int64}) AND T < fromUnixTimestamp({from:Int64} + 60) AND cityHash64(toString(Service)) % {shards:UInt32} = {shard:UInt32}
       GROUP BY ALL`,
      { from: Math.floor(minute / 1000), shard, shards },
    )
  }

  /**
   * Adds rows to a minute and shard, all or none.
   * @param before lines that were counted there when these rows were made.
   */
  async add(minute: number, shard: number, before: number, rows: readonly NewSkeletonCount[]): Promise<void> {
    if (rows.length === 0) return
    const token = createHash('sha256').update(`log-templates\0${minute}\0${shard}\0${before}`).digest('hex')
    const all: ReturnType<typeof stored>[] = []
    for (const row of rows) {
      if (all.length % rowsOfTurn === rowsOfTurn - 1) await setImmediate()
      all.push(stored(row))
    }
    await this.#storage.insertRows('rollup_log_templates_10s', all, token)
  }
}

function stored(row: NewSkeletonCount) {
  return {
    Service: row.service,
    T: row.at / 1000,
    Namespace: row.namespace,
    Environment: row.environment,
    Version: row.version,
    Cohort: row.cohort,
    ReplicaSet: row.replicaSet,
    Pod: row.pod,
    Region: row.region,
    SeverityNumber: row.severity,
    Skeleton: row.skeleton,
    N: row.lines,
    Requests: row.requests,
    FirstSeen: dateTime(row.firstSeen),
    LastSeen: dateTime(row.lastSeen),
    Example: row.example,
  }
}

/** Unix milliseconds as ClickHouse reads a DateTime64(3) in UTC; a bare number would be taken for raw ticks. */
function dateTime(at: number): string {
  return new Date(at).toISOString().slice(0, 23).replace('T', ' ')
}
