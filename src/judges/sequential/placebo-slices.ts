import {
  type ArmSlice,
  type ByPod,
  type Counts,
  type Histogram,
  plusReadings,
  type Slice,
} from '../../domain/evidence.ts'
import type { Template } from '../../domain/template.ts'

/**
 * What every pod of one version served in one tick, and what its instruments said; each pod's `ArmSlice.pods` is not read. Times are Unix milliseconds,
 * `to` exclusive. Requests without the name of a pod belong to no arm, so leave them out.
 */
export type HistoryTick = { readonly from: number; readonly to: number; readonly pods: ReadonlyMap<string, ArmSlice> }

type MutableCounts = { requests: number; errors: number }

function add(into: Map<string, MutableCounts>, key: string, counts: Counts): void {
  const sum = into.get(key)
  if (sum === undefined) into.set(key, { requests: counts.requests, errors: counts.errors })
  else {
    sum.requests += counts.requests
    sum.errors += counts.errors
  }
}

/** The arm that these pods are together. */
function sumPods(parts: readonly (readonly [pod: string, arm: ArmSlice])[]): ArmSlice {
  const total = { requests: 0, errors: 0 }
  const operations = new Map<string, MutableCounts>()
  const pods = new Map<string, MutableCounts>()
  for (const [pod, arm] of parts) {
    total.requests += arm.requests
    total.errors += arm.errors
    for (const [name, counts] of Object.entries(arm.operations)) add(operations, name, counts)
    add(pods, pod, arm)
  }
  return {
    ...total,
    operations: Object.fromEntries(operations),
    pods: Object.fromEntries(pods),
    latency: sumHistograms(parts.map(([, arm]) => arm.latency)),
    ...(parts.some(([, arm]) => arm.gauges !== undefined) ? { gauges: sumByPod(parts, 'gauges', plusReadings) } : {}),
    ...(parts.some(([, arm]) => arm.events !== undefined)
      ? { events: sumByPod(parts, 'events', (a: number, b: number) => a + b) }
      : {}),
  }
}

/** By instrument and pod; a look may hold several ticks of a pod. */
function sumByPod<Key extends 'gauges' | 'events', Value>(
  parts: readonly (readonly [pod: string, arm: Pick<ArmSlice, Key>])[],
  key: Key,
  plus: (a: Value, b: Value) => Value,
): Record<string, Record<string, Value>> {
  const sums = new Map<string, Map<string, Value>>()
  for (const [, arm] of parts) {
    const own = (arm[key] ?? {}) as Readonly<Record<string, ByPod<Value>>>
    for (const [instrument, pods] of Object.entries(own)) {
      const sum = sums.get(instrument) ?? new Map<string, Value>()
      sums.set(instrument, sum)
      for (const [pod, value] of Object.entries(pods)) {
        const before = sum.get(pod)
        sum.set(pod, before === undefined ? value : plus(before, value))
      }
    }
  }
  return Object.fromEntries([...sums].map(([instrument, sum]) => [instrument, Object.fromEntries(sum)]))
}

/** The sum of many histograms. */
export function sumHistograms(histograms: readonly Histogram[]): Histogram {
  const sum = new Map<number, number>()
  for (const histogram of histograms) {
    for (const [bucket, count] of histogram) sum.set(bucket, (sum.get(bucket) ?? 0) + count)
  }
  return [...sum].sort(([a], [b]) => a - b)
}

/**
 * The slices that a deployment would have had that started at `startedAt` and whose canary were these pods, all other
 * pods being its baseline: looks and blocks as the template has them, `seconds` long.
 *
 * @param history in order of time
 */
export function* placeboSlices(
  history: readonly HistoryTick[],
  { startedAt, seconds, canary }: { startedAt: number; seconds: number; canary: ReadonlySet<string> },
  { lookSeconds, blockSeconds }: Pick<Template, 'lookSeconds' | 'blockSeconds'>,
): Generator<Slice, void> {
  let next = firstAt(history, startedAt)
  for (let look = 1; look * lookSeconds <= seconds; look++) {
    const to = startedAt + look * lookSeconds * 1000
    const parts: [string, ArmSlice][] = []
    for (; next < history.length && history[next]!.from < to; next++) parts.push(...history[next]!.pods)
    yield {
      from: to - lookSeconds * 1000,
      to,
      canary: sumPods(parts.filter(([pod]) => canary.has(pod))),
      baseline: sumPods(parts.filter(([pod]) => !canary.has(pod))),
      closesBlock: (look * lookSeconds) % blockSeconds === 0,
      step: 0,
    }
  }
}

/** The index of the first tick from `at` on; the history's length when there is none. */
export function firstAt(history: readonly HistoryTick[], at: number): number {
  let [low, high] = [0, history.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (history[middle]!.from < at) low = middle + 1
    else high = middle
  }
  return low
}
