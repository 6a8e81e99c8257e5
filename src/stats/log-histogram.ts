/** Counts per bucket, sorted by bucket: bucket i holds the values of [gamma^i, gamma^(i+1)). */
export type BucketCounts = readonly (readonly [bucket: number, count: number])[]

/** gamma of OpenTelemetry's exponential histograms: 2^(2^-scale). */
export function exponentialGamma(scale: number): number {
  return 2 ** (2 ** -scale)
}

/** gamma of a DDSketch of relative accuracy a: (1 + a) / (1 - a). Source: Masson, Rim & Lee (2019), section 2. */
export function sketchGamma(accuracy: number): number {
  return (1 + accuracy) / (1 - accuracy)
}

/** The DDSketch bucket of a value: ceil(log v / log gamma). */
export function sketchBucket(value: number, gamma: number): number {
  return Math.ceil(Math.log(value) / Math.log(gamma))
}

/**
 * The smallest number of whole buckets that makes a slowdown of at least `ratio`, so that "slower than ratio" becomes
 * a comparison of two bucket counts: ceil(log ratio / log gamma). The effective ratio is gamma^shift.
 */
export function bucketShift(ratio: number, gamma: number): number {
  // A ratio that is a whole number of buckets must not become one more by the logarithm's last digit.
  return Math.ceil(Math.log(ratio) / Math.log(gamma) - 1e-9)
}

/** How many values there are. */
export function totalCount(histogram: BucketCounts): number {
  let total = 0
  for (const [, count] of histogram) total += count
  return total
}

/** How many values lie in buckets above `bucket`. */
export function countAbove(histogram: BucketCounts, bucket: number): number {
  let above = 0
  for (const [index, count] of histogram) if (index > bucket) above += count
  return above
}

/** The bucket of the q-quantile: the first one up to which at least a share q of all values lies; null when empty. */
export function quantileBucket(histogram: BucketCounts, q: number): number | null {
  const wanted = q * totalCount(histogram)
  let seen = 0
  for (const [index, count] of histogram) {
    seen += count
    if (count > 0 && seen >= wanted) return index
  }
  return null
}

/** The geometric middle of a bucket: gamma^(i + 1/2). */
export function bucketMiddle(bucket: number, gamma: number): number {
  return gamma ** (bucket + 0.5)
}

/** The sum of two histograms of one gamma. */
export function mergeCounts(a: BucketCounts, b: BucketCounts): BucketCounts {
  if (a.length === 0) return b
  if (b.length === 0) return a
  const merged: [number, number][] = []
  let i = 0
  let k = 0
  while (i < a.length || k < b.length) {
    const left = a[i]
    const right = b[k]
    if (right === undefined || (left !== undefined && left[0] < right[0])) {
      merged.push([left![0], left![1]])
      i++
    } else if (left === undefined || right[0] < left[0]) {
      merged.push([right[0], right[1]])
      k++
    } else {
      merged.push([left[0], left[1] + right[1]])
      i++
      k++
    }
  }
  return merged
}

/** What is left of `whole` without `part`; a bucket that would fall below zero is empty. */
export function subtractCounts(whole: BucketCounts, part: BucketCounts): BucketCounts {
  if (part.length === 0) return whole
  const taken = new Map(part.map(([bucket, count]) => [bucket, count]))
  return whole.flatMap(([bucket, count]) => {
    const left = count - (taken.get(bucket) ?? 0)
    return left > 0 ? [[bucket, left] as const] : []
  })
}
