/** A level of zero has no logarithm; this share of the usual level is added to all. */
const zeroShare = 0.05

/** The logarithm of a reading relative to the gauge's usual level, finite for every reading from 0 on. */
export function gaugeLog(value: number, level: number): number {
  return Math.log((Math.max(0, value) / level + zeroShare) / (1 + zeroShare))
}
