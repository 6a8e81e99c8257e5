import { describe, expect, it } from 'vitest'
import { learnVariancePrior, shrinkVariance } from '../../src/stats/variance-prior.ts'
import { random } from './random.ts'

/** A chi-square of whole degrees of freedom. */
function chiSquare(df: number, normal: () => number): number {
  return Array.from({ length: df }, normal).reduce((sum, z) => sum + z * z, 0)
}

describe('the prior of variances', () => {
  it('finds the degrees of freedom and the scale that the variances were drawn with', () => {
    const { normal } = random(11)
    const estimates = Array.from({ length: 4000 }, () => {
      const truth = (6 * 0.04) / chiSquare(6, normal)
      return { variance: (truth * chiSquare(8, normal)) / 8, df: 8 }
    })
    const prior = learnVariancePrior(estimates)!
    expect(prior.df).toBeGreaterThan(5)
    expect(prior.df).toBeLessThan(7.2)
    expect(prior.variance / 0.04).toBeCloseTo(1, 1)
  })

  it('of variances that differ by sampling only is worth all of them together at most', () => {
    const { normal } = random(3)
    const estimates = Array.from({ length: 50 }, () => ({ variance: chiSquare(8, normal) / 8, df: 8 }))
    const prior = learnVariancePrior(estimates)!
    expect(prior.df).toBeGreaterThan(40)
    expect(prior.df).toBeLessThanOrEqual(400)
  })

  it('is silent on fewer than three, and where most do not vary', () => {
    const one = { variance: 1, df: 4 }
    expect(learnVariancePrior([one, one, { variance: 1, df: 0 }])).toBeNull()
    expect(learnVariancePrior([one, { variance: 0, df: 4 }, { variance: 0, df: 4 }])).toBeNull()
  })
})

it('shrinking weighs by degrees of freedom, and without a prior changes nothing', () => {
  const own = { variance: 4, df: 6 }
  expect(shrinkVariance(own, { variance: 1, df: 2 })).toEqual({ variance: 3.25, df: 8 })
  expect(shrinkVariance(own, null)).toEqual(own)
})
