/** What a partition pays. */
export type PartitionCosts = {
  /** Of one segment, from `from` up to, without, `to`. */
  segment(from: number, to: number): number
  /** Of one more segment. */
  readonly change: number
  /** The most by which two parts can cost more than the whole, `change` not counted; 0 for a plain sum of squares. */
  readonly splitSurcharge: number
  /** Positions that a segment has at least. */
  readonly minLength: number
}

/**
 * The starts of the segments, without 0, of the cheapest partition of 0 .. length - 1: the exact minimum of
 * sum cost(segment) + changes * penalty by dynamic programming, F(t) = min over s of F(s) + cost(s, t) + penalty, with the
 * starts left out that can never win again. Of two equally cheap partitions the one whose last segment is longer.
 * [] for a series shorter than two segments.
 * Source: Killick, Fearnhead & Eckley, "Optimal detection of changepoints with a linear computational cost" (2012), theorem
 * 3.1 with K = -splitSurcharge; a start beaten at t goes at t + minLength only, when t itself may begin a segment.
 */
export function optimalPartition(length: number, costs: PartitionCosts): number[] {
  const { change, splitSurcharge, minLength } = costs
  const best = new Float64Array(length + 1).fill(Number.POSITIVE_INFINITY)
  const cameFrom = new Int32Array(length + 1)
  const goesAt = new Float64Array(length + 1).fill(Number.POSITIVE_INFINITY)
  best[0] = -change
  let starts: number[] = []
  for (let to = minLength; to <= length; to += 1) {
    if (best[to - minLength] !== Number.POSITIVE_INFINITY) starts.push(to - minLength)
    starts = starts.filter((from) => goesAt[from]! > to)
    const totals = starts.map((from) => best[from]! + costs.segment(from, to))
    for (const [at, total] of totals.entries()) {
      if (total + change >= best[to]!) continue
      best[to] = total + change
      cameFrom[to] = starts[at]!
    }
    for (const [at, total] of totals.entries()) {
      const from = starts[at]!
      if (total - splitSurcharge >= best[to]!) goesAt[from] = Math.min(goesAt[from]!, to + minLength)
    }
  }
  const found: number[] = []
  for (let at = cameFrom[length]!; at > 0; at = cameFrom[at]!) found.unshift(at)
  return found
}
