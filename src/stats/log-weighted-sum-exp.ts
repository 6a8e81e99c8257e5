/**
 * log(sum of w_i exp(x_i)), stable: the largest term is taken out first. Weights are at least 0, and a weight of 0 leaves
 * its term out; both lists have one length. -Infinity when no term is left.
 */
export function logWeightedSumExp(weights: ArrayLike<number>, values: ArrayLike<number>): number {
  let max = -Infinity
  for (let i = 0; i < values.length; i++) if (weights[i]! > 0 && values[i]! > max) max = values[i]!
  if (!Number.isFinite(max)) return max
  let sum = 0
  for (let i = 0; i < values.length; i++) if (weights[i]! > 0) sum += weights[i]! * Math.exp(values[i]! - max)
  return max + Math.log(sum)
}
