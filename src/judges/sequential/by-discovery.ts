import { combineLogE } from '../../stats/combine-evidence.ts'

/**
 * log of the average of e-values of things that are found one after the other, in that order: the i-th has the share
 * 6 / (pi^2 i^2), which sums to 1 over any number; what is not followed counts with E = 1. It is an e-process when each
 * process starts with what comes after its discovery (Vovk & Wang, "E-values: calibration, combination and
 * applications", 2021).
 */
export function byDiscovery(logEs: readonly number[]): number {
  return combineLogE(
    logEs,
    logEs.map((_, at) => 6 / (Math.PI * (at + 1)) ** 2),
  )
}
