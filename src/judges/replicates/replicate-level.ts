import { percentile } from '../../stats/percentile.ts'

/**
 * The one number that stands for a replicate (a pod, a fork, a run): the median of the logarithm of the second half of
 * its measurements, in their order. The first half warms up; measurements within a replicate share its luck, so however
 * many there are, they count once.
 *
 * @param measurements in time order, above 0 (times, rates, sizes); RangeError when one is not, or there is none
 */
export function replicateLevel(measurements: readonly number[]): number {
  if (measurements.length === 0) throw new RangeError('replicate: expected at least one measurement, got none')
  const wrong = measurements.find((value) => !(value > 0 && value < Infinity))
  if (wrong !== undefined) throw new RangeError(`replicate: expected finite measurements above 0, got ${wrong}`)
  const settled = measurements.slice(Math.floor(measurements.length / 2)).map(Math.log)
  return percentile(Float64Array.from(settled).sort(), 50)
}
