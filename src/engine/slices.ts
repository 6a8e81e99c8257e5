import { type Arm, resolveArm } from '../domain/cohort.ts'
import type { Deployment } from '../domain/deployment.ts'
import type { ArmSlice, Counts, Histogram, Slice } from '../domain/evidence.ts'
import type { RollupRow, TotalRow } from '../storage/rollup-reader.ts'
import { closesBlock, plannedWeightAt, stepAt, type Window } from './timetable.ts'

type Selectors = Pick<Deployment, 'namespace' | 'service' | 'environment' | 'canary' | 'baseline'>

type MutableCounts = { requests: number; errors: number }

/** Sums of one arm while rows are being added. */
class ArmSum {
  readonly #total: MutableCounts = { requests: 0, errors: 0 }
  readonly #operations = new Map<string, MutableCounts>()
  readonly #pods = new Map<string, MutableCounts>()
  readonly #latency = new Map<number, number>()

  add(row: RollupRow): void {
    addCounts(this.#total, row)
    addCounts(entry(this.#operations, row.operation), row)
    // A sender that names no pod is one pod: taking its rows for many would claim replication that is not there.
    addCounts(entry(this.#pods, row.pod), row)
    addLatency(this.#latency, row.latency)
  }

  get slice(): ArmSlice {
    return {
      ...this.#total,
      operations: sortedRecord(this.#operations),
      pods: sortedRecord(this.#pods),
      latency: histogram(this.#latency),
    }
  }
}

/** One deployment's slice over a window, from rollup rows that may belong to anybody and lie anywhere. */
export function sliceOf(deployment: Deployment, window: Window, rows: readonly RollupRow[]): Slice {
  const arms: Record<Arm, ArmSum> = { baseline: new ArmSum(), canary: new ArmSum() }
  for (const row of rows) {
    if (row.at < window.from || row.at >= window.to) continue
    const arm = resolveArm(row, deployment, deployment)
    if (arm !== null) arms[arm].add(row)
  }
  const plannedWeight = plannedWeightAt(deployment, window.to)
  return {
    from: window.from,
    to: window.to,
    baseline: arms.baseline.slice,
    canary: arms.canary.slice,
    closesBlock: closesBlock(deployment, window),
    step: stepAt(deployment, window.to),
    ...(plannedWeight === null ? {} : { plannedWeight }),
  }
}

/** Requests per arm among these rows. */
export function totalsOf(deployment: Selectors, rows: readonly TotalRow[]): Record<Arm, number> {
  const totals: Record<Arm, number> = { baseline: 0, canary: 0 }
  for (const row of rows) {
    const arm = resolveArm(row, deployment, deployment)
    if (arm !== null) totals[arm] += row.requests
  }
  return totals
}

/** The baseline's durations among these rows. */
export function baselineLatency(
  deployment: Selectors,
  rows: readonly (Omit<TotalRow, 'requests'> & { readonly latency: RollupRow['latency'] })[],
): Histogram {
  return sumLatency(rows.filter((row) => resolveArm(row, deployment, deployment) === 'baseline'))
}

/** All durations among these rows. */
export function sumLatency(rows: readonly { readonly latency: RollupRow['latency'] }[]): Histogram {
  const sum = new Map<number, number>()
  for (const { latency } of rows) addLatency(sum, latency)
  return histogram(sum)
}

function addCounts(counts: MutableCounts, row: RollupRow): void {
  counts.requests += row.requests
  if (row.failed) counts.errors += row.requests
}

function addLatency(sum: Map<number, number>, latency: RollupRow['latency']): void {
  for (const [bucket, count] of Object.entries(latency)) {
    const index = Number(bucket)
    sum.set(index, (sum.get(index) ?? 0) + count)
  }
}

function entry(map: Map<string, MutableCounts>, key: string): MutableCounts {
  const found = map.get(key)
  if (found !== undefined) return found
  const fresh = { requests: 0, errors: 0 }
  map.set(key, fresh)
  return fresh
}

function histogram(sum: Map<number, number>): Histogram {
  return [...sum].sort(([a], [b]) => a - b)
}

/** Sorted, so that the same rows in any order give the same bytes. */
function sortedRecord(map: Map<string, Counts>): Record<string, Counts> {
  return Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}
