/**
 * log E for "the mean of D is above delta", D in [-1, 1], by betting a fixed share: log E = sum log(1 + lambda (D - delta)).
 * Needs no model: any sequence whose conditional mean is at most delta, dependent or not. Several stakes are mixed by
 * averaging their E.
 * Source: Waudby-Smith & Ramdas, "Estimating means of bounded random variables by betting" (2024).
 *
 * @param lambda the stake, at least 0 and below 1 / (1 + delta), fixed before the data; throws a RangeError otherwise
 */
export function bettingLogE(differences: readonly number[], delta: number, lambda: number): number {
  if (!(lambda >= 0 && lambda * (1 + delta) < 1)) {
    throw new RangeError(`betting: expected a stake of at least 0 and below ${1 / (1 + delta)}, got ${lambda}`)
  }
  return differences.reduce((sum, difference) => sum + Math.log1p(lambda * (difference - delta)), 0)
}
