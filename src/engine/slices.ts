import { type Arm, type Dimensions, resolveArm } from '../domain/cohort.ts'
import type { Deployment } from '../domain/deployment.ts'
import {
  type ArmSlice,
  type Counts,
  type Histogram,
  mostLatencyStrata,
  type PodReadings,
  plusReadings,
  type Slice,
  stratumKey,
} from '../domain/evidence.ts'
import { sortedRecord } from '../domain/sorted-record.ts'
import type { GaugeTick } from '../judges/sequential/learn-gauge-histories.ts'
import type { CalleeRow } from '../storage/calls-rollup-reader.ts'
import type { DurationRow } from '../storage/durations-rollup-reader.ts'
import type { CounterRow, GaugeRow } from '../storage/metrics-rollup-reader.ts'
import type { AnswerRow, RollupRow, TotalRow } from '../storage/rollup-reader.ts'
import { CalleeSums } from './calls/callee-sums.ts'
import { isShadow, pairsOf } from './pairs.ts'
import { risesOf } from './rises.ts'
import { closesBlock, plannedWeightAt, stepAt, type Window } from './timetable.ts'

type Selectors = Pick<Deployment, 'namespace' | 'service' | 'environment' | 'canary' | 'baseline'>

type MutableCounts = { requests: number; errors: number }

/** What slices are made of; the rows may belong to anybody and lie anywhere. */
export type SliceRows = {
  readonly requests: readonly RollupRow[]
  /** Requests as instruments count them. */
  readonly durations: readonly DurationRow[]
  readonly gauges: readonly GaugeRow[]
  readonly counters: readonly CounterRow[]
  /** Counts that are sent as gauges, from five minutes before the first window on. */
  readonly counts: readonly GaugeRow[]
  readonly answers: readonly AnswerRow[]
  /** What services call, of those whose spans are judged by their durations. */
  readonly callees: readonly CalleeRow[]
}

/** Durations of all requests and by stratum, while rows are being added. */
class LatencySum {
  readonly #whole = new Map<number, number>()
  readonly #strata = new Map<string, Map<number, number>>()

  add(stratum: string, latency: RollupRow['latency']): void {
    addLatency(this.#whole, latency)
    addLatency(inner(this.#strata, stratum), latency)
  }

  /** @param strata those whose durations are kept one by one. */
  slice(strata: ReadonlySet<string>): Pick<ArmSlice, 'latency' | 'latencies'> {
    const latencies = [...this.#strata].filter(([key, sum]) => strata.has(key) && sum.size > 0)
    return {
      latency: histogram(this.#whole),
      // One stratum is the whole, which is there already.
      ...(strata.size < 2
        ? {}
        : { latencies: sortedRecord(new Map(latencies.map(([key, sum]) => [key, histogram(sum)]))) }),
    }
  }
}

/** Sums of one arm while rows are being added. */
class ArmSum {
  readonly #total: MutableCounts = { requests: 0, errors: 0 }
  readonly #operations = new Map<string, MutableCounts>()
  readonly #pods = new Map<string, MutableCounts>()
  readonly #latency = new LatencySum()
  readonly #atLeast = new LatencySum()
  readonly #gauges = new Map<string, Map<string, PodReadings>>()
  readonly #events = new Map<string, Map<string, number>>()
  #adjusted = 0
  #adjustedErrors = 0
  #isKnownToBucket = true

  add(row: RollupRow): void {
    const stratum = stratumKey(row.operation, row.region)
    addCounts(this.#total, row)
    addCounts(entry(this.#operations, stratum), row)
    // A sender that names no pod is one pod: taking its rows for many would claim replication that is not there.
    addCounts(entry(this.#pods, row.pod), row)
    this.#latency.add(stratum, row.latency)
    this.#atLeast.add(stratum, row.atLeast ?? row.latency)
    if (row.atLeast !== undefined) this.#isKnownToBucket = false
    // Rows from before samplers were looked at have nothing here; no request stands for less than itself.
    const adjusted = Math.max(row.requests, row.adjusted)
    this.#adjusted += adjusted
    if (row.failed) this.#adjustedErrors += adjusted
  }

  addGauge(row: GaugeRow): void {
    const pods = inner(this.#gauges, row.metric)
    const before = pods.get(row.pod)
    pods.set(row.pod, before === undefined ? readingsOf(row) : plusReadings(before, readingsOf(row)))
  }

  addEvents({ metric, pod }: CounterRow | GaugeRow, increase: number): void {
    const pods = inner(this.#events, metric)
    pods.set(pod, (pods.get(pod) ?? 0) + increase)
  }

  /** Requests by stratum. */
  get strata(): ReadonlyMap<string, Counts> {
    return this.#operations
  }

  /** @param strata those whose durations are kept one by one. */
  slice(strata: ReadonlySet<string>): ArmSlice {
    const { requests } = this.#total
    return {
      ...this.#total,
      operations: sortedRecord(this.#operations),
      pods: sortedRecord(this.#pods),
      ...this.#latency.slice(strata),
      ...(this.#isKnownToBucket ? {} : { atLeast: this.#atLeast.slice(strata) }),
      ...(this.#adjusted === requests ? {} : { adjusted: this.#adjusted, adjustedErrors: this.#adjustedErrors }),
      ...(this.#gauges.size === 0 ? {} : { gauges: sortedRecords(this.#gauges) }),
      ...(this.#events.size === 0 ? {} : { events: sortedRecords(this.#events) }),
    }
  }
}

/**
 * One deployment's slice over a window.
 * @param requestsFrom the instrument that its requests are counted by; null: spans.
 */
export function sliceOf(
  deployment: Deployment,
  window: Window,
  rows: SliceRows,
  requestsFrom: string | null = null,
): Slice {
  const arms: Record<Arm, ArmSum> = { baseline: new ArmSum(), canary: new ArmSum() }
  const isWithin = ({ at }: { readonly at: number }): boolean => at >= window.from && at < window.to
  const callees = new CalleeSums()
  const each = <Row extends RollupRow | GaugeRow | CounterRow>(
    of: readonly Row[],
    add: (sum: ArmSum, row: Row) => void,
  ): void => {
    for (const row of of) {
      const arm = isWithin(row) ? resolveArm(row, deployment, deployment) : null
      if (arm !== null) add(arms[arm], row)
    }
  }
  const requests =
    requestsFrom === null ? rows.requests : rows.durations.filter(({ metric }) => metric === requestsFrom)
  each(requests, (sum, row) => sum.add(row))
  each(rows.gauges, (sum, row) => sum.addGauge(row))
  each(rows.counters, (sum, row) => sum.addEvents(row, row.increase))
  for (const { row, increase } of risesOf(rows.counts, deployment, window))
    each([row], (sum) => sum.addEvents(row, increase))
  if (requestsFrom === null) {
    for (const row of rows.callees) {
      const arm = isWithin(row) ? resolveArm(row, deployment, deployment) : null
      if (arm !== null) callees.add(arm, row)
    }
  }
  const called = callees.slices()
  const strata = busiest(arms)
  const plannedWeight = plannedWeightAt(deployment, window.to)
  return {
    from: window.from,
    to: window.to,
    baseline: { ...arms.baseline.slice(strata), ...called.baseline },
    canary: { ...arms.canary.slice(strata), ...called.canary },
    closesBlock: closesBlock(deployment, window),
    step: stepAt(deployment, window.to),
    ...(isShadow(deployment) ? { pairs: pairsOf(deployment, window, rows.answers) } : {}),
    ...(plannedWeight === null ? {} : { plannedWeight }),
  }
}

/** The strata with most requests of both arms together, so that both keep the same ones. */
function busiest({ canary, baseline }: Record<Arm, ArmSum>): ReadonlySet<string> {
  const requests = (key: string): number =>
    (canary.strata.get(key)?.requests ?? 0) + (baseline.strata.get(key)?.requests ?? 0)
  const keys = [...new Set([...canary.strata.keys(), ...baseline.strata.keys()])]
  keys.sort((a, b) => requests(b) - requests(a) || (a < b ? -1 : 1))
  return new Set(keys.slice(0, mostLatencyStrata))
}

/** The series of one pod and instrument (pools of a heap, say) are taken together. */
export function readingsOf({ count, sum, min, max, series }: GaugeRow): PodReadings {
  if (series <= 1) return { count, sum, min, max }
  const level = (sum / count) * series
  return { count, sum: level * count, min: level, max: level }
}

/** What the baseline's pods said of gauges. */
export function gaugeTicks(deployment: Selectors, rows: readonly GaugeRow[]): GaugeTick[] {
  return rows
    .filter((row) => isOfBaseline(deployment, row))
    .map((row) => ({ at: row.at, instrument: row.metric, pod: row.pod, readings: readingsOf(row) }))
}

export function isOfBaseline(deployment: Selectors, row: Dimensions): boolean {
  return resolveArm(row, deployment, deployment) === 'baseline'
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
  rows: readonly (Dimensions & { readonly latency: RollupRow['latency'] })[],
): Histogram {
  return sumLatency(rows.filter((row) => isOfBaseline(deployment, row)))
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

function inner<Key, Value>(map: Map<string, Map<Key, Value>>, key: string): Map<Key, Value> {
  const found = map.get(key) ?? new Map<Key, Value>()
  map.set(key, found)
  return found
}

function sortedRecords<Value>(
  maps: ReadonlyMap<string, ReadonlyMap<string, Value>>,
): Record<string, Record<string, Value>> {
  return sortedRecord(new Map([...maps].map(([key, map]) => [key, sortedRecord(map)])))
}
