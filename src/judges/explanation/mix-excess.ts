/** Requests of one operation in both arms, and how much of what is counted the baseline's had: failures, or seconds. */
export type Mix = {
  readonly baseline: { readonly requests: number; readonly amount: number }
  readonly canary: { readonly requests: number }
}

/**
 * How much more of it a mean request of the canary would have, did each operation behave as in the baseline: what comes
 * from other operations being asked for and not from the version. An operation that the baseline has not is like its mean.
 * Source: the rate component of a decomposition by composition (Kitagawa 1955).
 */
export function mixExcess(mix: readonly Mix[]): number {
  const [before, after] = [sum(mix, ({ baseline }) => baseline.requests), sum(mix, ({ canary }) => canary.requests)]
  if (before === 0 || after === 0) return 0
  const mean = sum(mix, ({ baseline }) => baseline.amount) / before
  return sum(mix, ({ baseline, canary }) => {
    const own = baseline.requests === 0 ? mean : baseline.amount / baseline.requests
    return (canary.requests / after - baseline.requests / before) * own
  })
}

function sum(mix: readonly Mix[], value: (operation: Mix) => number): number {
  return mix.reduce((total, operation) => total + value(operation), 0)
}
