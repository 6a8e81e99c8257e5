/**
 * The grid of log-ratios that the count processes live on: l_j = log r0 + j h for j = -25 … 50. Wide enough for a
 * canary at a twelfth or at 148 times the null ratio; h = 0.1 is finer than any interval that real traffic allows.
 */
export const gridStep = 0.1
export const gridFirst = -25
const gridLast = 50
export const gridSize = gridLast - gridFirst + 1

/** Distances of the alternative from the null, in steps: 1 … 45. */
const slabReach = 45

/** Shifts of one block against the others, in steps. */
export const kernelFirst = -25
export const kernelLast = 35
export const kernelSize = kernelLast - kernelFirst + 1

/** The grid widened by every shift: where a block's likelihood is needed. */
export const wideFirst = gridFirst + kernelFirst
export const wideSize = gridSize + kernelSize - 1

/** Below this a standard deviation is less than a third of a step: the normal collapses to a point. */
const pointBelow = 0.03

function normalised(weights: Float64Array): Float64Array {
  let sum = 0
  for (const weight of weights) sum += weight
  return weights.map((weight) => weight / sum)
}

/**
 * N(0, sd^2) on the steps first … first + size - 1, as weights that sum to 1. Centred on step `centre`.
 */
export function discreteNormal(sd: number, first: number, size: number, centre = 0): Float64Array {
  const weights = new Float64Array(size)
  if (sd < pointBelow) {
    weights[centre - first] = 1
    return weights
  }
  for (let i = 0; i < size; i++) weights[i] = Math.exp(-0.5 * (((first + i - centre) * gridStep) / sd) ** 2)
  return normalised(weights)
}

/** Half-Cauchy of scale 0.7 on distances of 1 … 45 steps: index k - 1 holds the weight of distance k. */
function slab(): Float64Array {
  const weights = new Float64Array(slabReach)
  for (let k = 1; k <= slabReach; k++) weights[k - 1] = 1 / (1 + ((k * gridStep) / 0.7) ** 2)
  return normalised(weights)
}

const slabWeights = slab()

/** The null prior moved away by the slab: upwards only, or to both sides; what leaves the grid is renormalised. */
export function shiftBySlab(nullPrior: Float64Array, sides: 'above' | 'both'): Float64Array {
  const moved = new Float64Array(nullPrior.length)
  for (let j = 0; j < nullPrior.length; j++) {
    const mass = nullPrior[j]!
    if (mass === 0) continue
    for (let k = 1; k <= slabReach; k++) {
      const weight = mass * slabWeights[k - 1]!
      if (j + k < moved.length) moved[j + k]! += weight
      if (sides === 'both' && j - k >= 0) moved[j - k]! += weight
    }
  }
  return normalised(moved)
}
