/**
 * The e-BH procedure: the indices (ascending) of the hypotheses that are rejected at false discovery rate `alpha` under
 * any dependence. Rejects the k largest for the largest k with k E_(k) / K >= 1 / alpha.
 * Source: Wang & Ramdas, "False discovery rate control with e-values" (2022), section 3.
 */
export function eBenjaminiHochberg(eValues: readonly number[], alpha: number): number[] {
  const order = eValues.map((_, index) => index).sort((a, b) => eValues[b]! - eValues[a]! || a - b)
  let rejected = 0
  for (let k = 1; k <= order.length; k++) {
    if ((k * eValues[order[k - 1]!]!) / order.length >= 1 / alpha) rejected = k
  }
  return order.slice(0, rejected).sort((a, b) => a - b)
}
