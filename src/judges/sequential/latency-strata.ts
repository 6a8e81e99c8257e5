import type { Slice } from '../../domain/evidence.ts'
import { totalCount } from '../../stats/log-histogram.ts'
import { type LatencyPair, latencyOf, latencyOfStratum, minusLatency, noLatency, plusLatency } from './latency-pair.ts'

/** So many strata are compared one by one. */
const room = 20

/** Durations of both arms that are compared with each other, and the requests that they are counted among. */
export type LatencyStratum = LatencyPair & { readonly nc: number; readonly nb: number }

export type LatencyStrata = {
  observe(slice: Slice): void
  /** The open block so far. */
  open(): LatencyStratum[]
  /** The open block so far, over all operations. */
  whole(): LatencyPair
  closeBlock(): void
}

/**
 * Splits both arms' durations by operation and region, so that a canary with another mix of slow and quick operations is
 * not taken for a slower one. A stratum begins with the slice in which it has been seen in both arms, while there is
 * room. What has no stratum (of one arm only, or too rare) is one more, counted among all requests of its arm, so that a
 * slow operation under a new name does not hide.
 */
export function trackLatencyStrata(): LatencyStrata {
  const seen = { canary: new Set<string>(), baseline: new Set<string>() }
  const own = new Map<string, LatencyPair>()
  let rest = noLatency
  let all = noLatency

  function note({ canary, baseline }: Slice): void {
    for (const key of Object.keys(canary.latencies ?? {})) seen.canary.add(key)
    for (const key of Object.keys(baseline.latencies ?? {})) seen.baseline.add(key)
    const fresh = [...seen.canary].filter((key) => seen.baseline.has(key) && !own.has(key)).sort()
    for (const key of fresh.slice(0, Math.max(0, room - own.size))) own.set(key, noLatency)
  }

  return {
    observe(slice) {
      note(slice)
      const whole = latencyOf(slice)
      let other = whole
      for (const [key, pair] of own) {
        const part = latencyOfStratum(slice, key)
        if (part.canary.length === 0 && part.baseline.length === 0) continue
        own.set(key, plusLatency(pair, part))
        other = minusLatency(other, part)
      }
      rest = plusLatency(rest, other)
      all = plusLatency(all, whole)
    },
    open: () => [
      ...[...own.values()].map((pair) => counted(pair, pair)).filter(({ nc, nb }) => nc + nb > 0),
      counted(rest, all),
    ],
    whole: () => all,
    closeBlock() {
      for (const key of own.keys()) own.set(key, noLatency)
      rest = noLatency
      all = noLatency
    },
  }
}

function counted(pair: LatencyPair, among: LatencyPair): LatencyStratum {
  return { ...pair, nc: totalCount(among.canary), nb: totalCount(among.baseline) }
}
