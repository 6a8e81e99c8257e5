import { measured, type OwnSeries } from './cut-at-removal.ts'

/** So many equal values at equal times are no coincidence. */
const coincidences = 5

/** Two pods of different versions that a gauge cannot tell apart. */
export type AliasedPair = {
  readonly canary: string
  readonly baseline: string
  /** The gauges that are one and the same for both; ascending. */
  readonly metrics: readonly string[]
  /** All gauges that both have at shared moments, two at least, do it: the two names stand for one pod. */
  readonly isOnePod: boolean
}

/**
 * Pairs of a canary and a baseline pod whose gauges have equal values at equal times: at least five distinct ones, in
 * most of the moments they share. One gauge alone measures what the pods share (their machine, say) and tells nothing of
 * either; all gauges alike mean that a series does not belong to its pod. A level that does not move proves nothing.
 */
export function aliasedPairs(own: readonly OwnSeries[]): AliasedPair[] {
  const gauges = own.filter(({ series }) => series.kind === 'gauge')
  const pairs = new Map<string, { canary: string; baseline: string; metrics: string[]; shared: number }>()
  for (const canary of gauges.filter(({ pod }) => pod.role === 'canary')) {
    const values = new Map(measured(canary.series.points).map(({ at, value }) => [at, value]))
    for (const baseline of gauges) {
      if (baseline.pod.role !== 'baseline' || baseline.series.metric !== canary.series.metric) continue
      const shared = measured(baseline.series.points).filter(({ at }) => values.has(at))
      if (new Set(shared.map(({ value }) => value)).size < coincidences) continue
      const key = JSON.stringify([canary.pod.name, baseline.pod.name])
      const pair = pairs.get(key) ?? { canary: canary.pod.name, baseline: baseline.pod.name, metrics: [], shared: 0 }
      pairs.set(key, pair)
      pair.shared++
      const equal = shared.filter(({ at, value }) => values.get(at) === value)
      const distinct = new Set(equal.map(({ value }) => value)).size
      if (distinct >= coincidences && equal.length > shared.length / 2) pair.metrics.push(canary.series.metric)
    }
  }
  return [...pairs.values()]
    .filter(({ metrics }) => metrics.length > 0)
    .map(({ shared, ...pair }) => ({
      ...pair,
      metrics: pair.metrics.toSorted(),
      isOnePod: shared > 1 && pair.metrics.length === shared,
    }))
}
