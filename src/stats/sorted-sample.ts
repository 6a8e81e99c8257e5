/** The most recent values of a stream, kept in ascending order. */
export type SortedSample = {
  readonly values: readonly number[]
  /** Adds a value; the oldest one goes when there are more than `capacity`. */
  add(value: number): void
  /** Drops the oldest value; nothing happens when empty. */
  dropOldest(): void
  /** The middle value, or the mean of the two in the middle; NaN when empty. */
  median(): number
}

/** An empty sample. O(log n) comparisons and one move of memory for each value. */
export function sortedSample(capacity = Number.POSITIVE_INFINITY): SortedSample {
  const sorted: number[] = []
  const arrived: number[] = []
  let oldest = 0
  function dropOldest(): void {
    if (oldest >= arrived.length) return
    sorted.splice(firstAtLeast(sorted, arrived[oldest]!), 1)
    oldest += 1
    if (oldest > 1024 && oldest > arrived.length / 2) {
      arrived.splice(0, oldest)
      oldest = 0
    }
  }
  return {
    values: sorted,
    add(value) {
      sorted.splice(firstAtLeast(sorted, value), 0, value)
      arrived.push(value)
      if (sorted.length > capacity) dropOldest()
    },
    dropOldest,
    median() {
      const upper = sorted.length >> 1
      if (sorted.length % 2 === 1) return sorted[upper]!
      return sorted.length === 0 ? Number.NaN : (sorted[upper - 1]! + sorted[upper]!) / 2
    },
  }
}

/** The index of the first of the ascending values that is at least x; their number when none is. */
export function firstAtLeast(sorted: ArrayLike<number>, x: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < x) low = middle + 1
    else high = middle
  }
  return low
}
