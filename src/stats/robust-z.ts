import { median, medianAbsoluteDeviation } from 'simple-statistics'

/**
 * How many robust standard deviations a value is from its history: (x - median) / max(1.4826 MAD, floor), where the floor
 * is 1% of the median's size or `resolution`, whichever is larger; 1.4826 makes the MAD of normal values their standard
 * deviation. Not calibrated: a threshold for it has to come from replays. Not finite when x differs from a history that
 * is all zeros and no resolution is given. Throws on an empty history.
 * Source: Hampel, "The influence curve and its role in robust estimation" (1974).
 *
 * @param resolution the smallest difference that the instrument can show
 */
export function robustZ(history: readonly number[], x: number, resolution = 0): number {
  const values = [...history]
  const centre = median(values)
  const scale = Math.max(1.4826 * medianAbsoluteDeviation(values), 0.01 * Math.abs(centre), resolution)
  return x === centre ? 0 : (x - centre) / scale
}
