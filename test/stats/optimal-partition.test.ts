import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lineFit } from '../../src/stats/line-fit.ts'
import { optimalPartition, type PartitionCosts } from '../../src/stats/optimal-partition.ts'

function totalOf(starts: readonly number[], length: number, costs: PartitionCosts): number {
  const all = [0, ...starts]
  return all.reduce(
    (sum, from, at) => sum + costs.segment(from, all[at + 1] ?? length) + (at > 0 ? costs.change : 0),
    0,
  )
}

/** All partitions with segments of at least minLength. */
function everyPartition(length: number, minLength: number, from = 0): number[][] {
  const cuts: number[][] = [[]]
  for (let at = from + minLength; at <= length - minLength; at += 1) {
    for (const rest of everyPartition(length, minLength, at)) cuts.push([at, ...rest])
  }
  return cuts
}

describe('optimal partition', () => {
  test('no partition is cheaper, whatever the surcharge of a split', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 14 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 0, max: 3 }),
        (values, minLength, change, parameter) => {
          const fit = lineFit(values)
          const costs: PartitionCosts = {
            segment: (from, to) =>
              Math.min(fit.aroundMean(from, to) + parameter, fit.aroundLine(from, to) + 2 * parameter),
            change,
            splitSurcharge: 2 * parameter,
            minLength,
          }
          const cheapest = Math.min(
            ...everyPartition(values.length, minLength).map((starts) => totalOf(starts, values.length, costs)),
          )
          const found = optimalPartition(values.length, costs)
          expect(totalOf(found, values.length, costs)).toBeCloseTo(cheapest, 6)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('a series shorter than two segments is one', () => {
    const costs = { segment: (from: number, to: number) => (to - from) ** 3, change: 1, splitSurcharge: 0 }
    expect(optimalPartition(9, { ...costs, minLength: 5 })).toEqual([])
    expect(optimalPartition(10, { ...costs, minLength: 5 })).toEqual([5])
    expect(optimalPartition(0, { ...costs, minLength: 5 })).toEqual([])
  })
})
