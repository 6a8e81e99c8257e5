import { describe, expect, test } from 'vitest'
import { type ArmSlice, type Counts, emptyArm, type Slice } from '../../../src/domain/evidence.ts'
import { trackStrata } from '../../../src/judges/sequential/strata.ts'
import type { Stratum } from '../../../src/stats/ratio-process.ts'

type Operations = Readonly<Record<string, readonly [requests: number, errors: number]>>

function armOf(operations: Operations): ArmSlice {
  const counts: [string, Counts][] = Object.entries(operations).map(([name, [requests, errors]]) => [
    name,
    { requests, errors },
  ])
  const sum = (key: 'requests' | 'errors'): number => counts.reduce((total, [, value]) => total + value[key], 0)
  return { ...emptyArm, requests: sum('requests'), errors: sum('errors'), operations: Object.fromEntries(counts) }
}

function slice(canary: Operations, baseline: Operations): Slice {
  return { from: 0, to: 10_000, canary: armOf(canary), baseline: armOf(baseline), closesBlock: false, step: 0 }
}

/** The strata that hold events. */
function events(strata: readonly Stratum[]): Stratum[] {
  return strata.filter(({ xc, xb }) => xc + xb > 0)
}

describe('strata', () => {
  test('an operation of both arms has its own', () => {
    const strata = trackStrata()
    strata.observe(slice({ a: [10, 1], b: [20, 2] }, { a: [30, 3], b: [40, 4] }))
    expect(events(strata.open())).toEqual([
      { xc: 2, nc: 20, xb: 4, nb: 40 },
      { xc: 1, nc: 10, xb: 3, nb: 30 },
    ])
  })

  test('errors of an operation that one arm lacks count per request of the whole arm', () => {
    const strata = trackStrata()
    strata.observe(slice({ a: [10, 0], new: [5, 5] }, { a: [30, 0] }))
    expect(events(strata.open())).toEqual([{ xc: 5, nc: 15, xb: 0, nb: 30 }])
  })

  test('an operation gets its own from the slice on in which the second arm has it; what was counted stays', () => {
    const strata = trackStrata()
    strata.observe(slice({ a: [10, 1] }, { b: [10, 0] }))
    strata.observe(slice({ a: [10, 2] }, { a: [10, 3] }))
    expect(events(strata.open())).toEqual([
      { xc: 2, nc: 10, xb: 3, nb: 10 },
      { xc: 1, nc: 20, xb: 0, nb: 20 },
    ])
  })

  test('the busiest twenty are apart, the rest of both arms together', () => {
    const operations: Operations = Object.fromEntries(
      Array.from({ length: 23 }, (_, i) => [`op${i}`, [100 + i, 1] as const]),
    )
    const strata = trackStrata()
    strata.observe(slice(operations, operations))
    const open = events(strata.open())
    expect(open).toHaveLength(21)
    expect(open[0]).toEqual({ xc: 1, nc: 122, xb: 1, nb: 122 })
    expect(open.at(-1)).toEqual({ xc: 3, nc: 303, xb: 3, nb: 303 })
  })

  test('which stratum a request falls into does not depend on errors', () => {
    const shape = (errors: number): number[] => {
      const strata = trackStrata()
      const operations: Operations = Object.fromEntries(
        Array.from({ length: 25 }, (_, i) => [`op${i}`, [100 + i, i % 2 === 0 ? errors : 0] as const]),
      )
      strata.observe(slice(operations, operations))
      return strata.open().map(({ nc }) => nc)
    }
    expect(shape(50)).toEqual(shape(0))
  })

  test('a closed block leaves nothing behind but the order', () => {
    const strata = trackStrata()
    strata.observe(slice({ a: [10, 1] }, { a: [10, 1] }))
    strata.closeBlock()
    expect(events(strata.open())).toEqual([])
    expect(strata.observe(slice({ a: [7, 1] }, { a: [7, 0] }))).toContainEqual({ xc: 1, nc: 7, xb: 0, nb: 7 })
  })

  test('an operation named like what every object has is an operation', () => {
    const strata = trackStrata()
    const named = (errors: number): Operations => Object.fromEntries([['constructor', [10, errors] as const]])
    strata.observe(slice({ ...named(2), a: [10, 0] }, { a: [10, 0] }))
    strata.observe(slice({ a: [10, 0] }, { ...named(3), a: [10, 0] }))
    expect(events(strata.open())).toEqual([
      { xc: 0, nc: 0, xb: 3, nb: 10 },
      { xc: 2, nc: 30, xb: 0, nb: 30 },
    ])
  })

  test('requests without an operation are kept', () => {
    const strata = trackStrata()
    const base = slice({ a: [10, 0] }, { a: [10, 0] })
    strata.observe({
      ...base,
      canary: { ...base.canary, requests: 15, errors: 5 },
      baseline: { ...base.baseline, requests: 12, errors: 1 },
    })
    expect(events(strata.open())).toEqual([{ xc: 5, nc: 5, xb: 1, nb: 2 }])
  })
})
