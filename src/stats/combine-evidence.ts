import { logWeightedSumExp } from './log-weighted-sum-exp.ts'

/**
 * log of the weighted average of e-values. What the weights leave over of 1 counts with E = 1, so unassigned budget is
 * neither lost nor spent. Valid under any dependence, because the average of e-values is an e-value.
 * Source: Vovk & Wang, "E-values: calibration, combination and applications" (2021), section 3.
 *
 * @param weights at least 0, sum at most 1 (rounding apart); fixed before the data
 */
export function combineLogE(logEs: readonly number[], weights: readonly number[]): number {
  const rest = 1 - weights.reduce((sum, weight) => sum + weight, 0)
  // A rest of a few ulps is rounding of weights that were meant to sum to 1.
  return rest > 1e-12 ? logWeightedSumExp([...weights, rest], [...logEs, 0]) : logWeightedSumExp(weights, logEs)
}
