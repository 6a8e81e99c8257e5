import { twoPassMean } from '../../stats/summary-statistics.ts'

/** Longer blocks forget more of what binds neighbouring points; fewer blocks make wider intervals. */
const mostBlocks = 10
const leastPoints = 20

/**
 * By how much the canary's mean exceeds `margin` times the baseline's, with its standard error from means over blocks of
 * time: points of one block may hang together, blocks of a series are taken as independent (batch means; Law & Kelton,
 * Simulation Modeling and Analysis, 9.5.3). Points are compared with those of the same time, so what moves both arms
 * at once cancels in part. Where a baseline is negative, the margin lies on the other side of it.
 *
 * @param pairs canary and baseline at the same time, in order of time, all finite
 * @returns df 0: too few points to say anything. `isExact`: without any variation at all in at least 20 points. `isZero`:
 *   both arms are 0 at each point.
 */
export function contrastOf(pairs: readonly (readonly [canary: number, baseline: number])[], margin: number) {
  const values = pairs.map(([x, y]) => x - y - (margin - 1) * Math.abs(y))
  const isZero = pairs.every(([x, y]) => x === 0 && y === 0)
  if (values.length < leastPoints) return { mean: twoPassMean(values), error: 0, df: 0, isExact: false, isZero }
  const means = blockMeans(values, mostBlocks)
  const mean = twoPassMean(means)
  const variance = means.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (means.length - 1)
  const isExact = values.every((value) => value === values[0])
  return { mean, error: Math.sqrt(variance / means.length), df: means.length - 1, isExact, isZero }
}

/** Means of so many runs of neighbours, whose lengths differ by one at most. */
function blockMeans(values: readonly number[], blocks: number): readonly number[] {
  return Array.from({ length: blocks }, (_, block) => {
    const from = Math.floor((block * values.length) / blocks)
    return twoPassMean(values.slice(from, Math.floor(((block + 1) * values.length) / blocks)))
  })
}
