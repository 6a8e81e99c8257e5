import type { ArmSlice, Histogram, Slice } from '../../domain/evidence.ts'
import { mergeCounts, subtractCounts } from '../../stats/log-histogram.ts'

type Arms = { readonly canary: Histogram; readonly baseline: Histogram }

/** Durations of both arms. Where only edges are known, they stand at the upper ones, and in `atLeast` at the lower ones. */
export type LatencyPair = Arms & { readonly atLeast?: Arms }

export const noLatency: LatencyPair = { canary: [], baseline: [] }

/** Durations at the lower edges of what is known of them. */
export function lowerEdges(pair: LatencyPair): Arms {
  return pair.atLeast ?? pair
}

/** What a slice says of all requests. */
export function latencyOf({ canary, baseline }: Slice): LatencyPair {
  const lower = (arm: ArmSlice): Histogram => arm.atLeast?.latency ?? arm.latency
  const isKnown = canary.atLeast === undefined && baseline.atLeast === undefined
  const pair = { canary: canary.latency, baseline: baseline.latency }
  return isKnown ? pair : { ...pair, atLeast: { canary: lower(canary), baseline: lower(baseline) } }
}

/** What a slice says of one stratum. */
export function latencyOfStratum({ canary, baseline }: Slice, key: string): LatencyPair {
  const upper = (arm: ArmSlice): Histogram => ofStratum(arm.latencies, key)
  const lower = (arm: ArmSlice): Histogram => ofStratum((arm.atLeast ?? arm).latencies, key)
  const isKnown = canary.atLeast === undefined && baseline.atLeast === undefined
  const pair = { canary: upper(canary), baseline: upper(baseline) }
  return isKnown ? pair : { ...pair, atLeast: { canary: lower(canary), baseline: lower(baseline) } }
}

/** A name like 'constructor' must not find what every object has. */
function ofStratum(latencies: Readonly<Record<string, Histogram>> | undefined, key: string): Histogram {
  return latencies !== undefined && Object.hasOwn(latencies, key) ? latencies[key]! : []
}

function combined(a: LatencyPair, b: LatencyPair, by: (a: Histogram, b: Histogram) => Histogram): LatencyPair {
  const both = (x: Arms, y: Arms): Arms => ({
    canary: by(x.canary, y.canary),
    baseline: by(x.baseline, y.baseline),
  })
  if (a.atLeast === undefined && b.atLeast === undefined) return both(a, b)
  return { ...both(a, b), atLeast: both(lowerEdges(a), lowerEdges(b)) }
}

export function plusLatency(a: LatencyPair, b: LatencyPair): LatencyPair {
  return combined(a, b, mergeCounts)
}

/** What is left of `whole` without `part`. */
export function minusLatency(whole: LatencyPair, part: LatencyPair): LatencyPair {
  return combined(whole, part, subtractCounts)
}
