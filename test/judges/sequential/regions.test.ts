import { describe, expect, test } from 'vitest'
import { type Counts, type Slice, stratumKey } from '../../../src/domain/evidence.ts'
import { trackOperationExcess } from '../../../src/judges/sequential/operation-excess.ts'
import { errorRate, madeSlices, podNames, stratifiedArm, templateWith } from '../made-slices.ts'
import { concludeAll, trialContext } from '../rollout.ts'

type Strata = Readonly<Record<string, Counts>>

function slicesOf(minutes: number, canary: Strata, baseline: Strata): Slice[] {
  const arms = {
    canary: stratifiedArm(canary, podNames('b', 3)),
    baseline: stratifiedArm(baseline, podNames('a', 3)),
  }
  return madeSlices(minutes, () => arms)
}

function judge(slices: readonly Slice[]) {
  return concludeAll(slices, trialContext({ template: templateWith([{ ...errorRate, promoteFloor: 1e-9 }]) }))
}

function load(requests: number, failing: number): Counts {
  return { requests, errors: Math.round(requests * failing) }
}

const pay = (region: string): string => stratumKey('POST /pay', region)

describe('a region with a bad network', () => {
  const baseline = { [pay('eu')]: load(5000, 0.002), [pay('ap')]: load(1000, 0.05) }

  test('does not make a canary look bad that has most of its traffic there', () => {
    const there = { [pay('eu')]: load(1000, 0.002), [pay('ap')]: load(5000, 0.05) }
    const conclusions = judge(slicesOf(30, there, baseline))
    expect(conclusions.some(({ decision }) => decision === 'rollback')).toBe(false)
    expect(conclusions.at(-1)!.metrics[0]!.effect.ratio).toBeCloseTo(1, 1)
    // Without regions the same counts are 4.2% against 1%.
    const pooled = slicesOf(30, { 'POST /pay': load(6000, 0.042) }, { 'POST /pay': load(6000, 0.01) })
    expect(judge(pooled).some(({ decision }) => decision === 'rollback')).toBe(true)
  })

  test('in which the canary alone is bad is named', () => {
    const broken = { [pay('eu')]: load(5000, 0.002), [pay('ap')]: load(1000, 0.3) }
    const last = judge(slicesOf(20, broken, baseline)).at(-1)!
    expect(last.decision).toBe('rollback')
    expect(last.metrics[0]!.where).toMatchObject([
      { attribute: 'http.route', value: 'POST /pay' },
      { attribute: 'cloud.region', value: 'ap' },
    ])
    expect(last.metrics[0]!.where[1]!.ratio).toBeCloseTo(6, 0)
  })
})

describe('where the excess is', () => {
  const where = (slice: Slice) => {
    const excess = trackOperationExcess()
    excess.observe(slice)
    return excess.where()
  }

  test('names the worst region even where many operations are worse', () => {
    const operations = Array.from({ length: 8 }, (_, i) => `GET /${i}`)
    const arm = (failing: number): Strata =>
      Object.fromEntries(
        operations.flatMap((operation, i) => [
          [stratumKey(operation, 'eu'), load(1000, 0.01)],
          [stratumKey(operation, 'ap'), load(1000, failing + i / 100)],
        ]),
      )
    const [slice] = slicesOf(1, arm(0.2), arm(0.01))
    const found = where(slice!)
    expect(found).toHaveLength(5)
    expect(found.filter(({ attribute }) => attribute === 'cloud.region')).toMatchObject([{ value: 'ap' }])
  })

  test('names no region where there is only one, or nobody names any', () => {
    const [one] = slicesOf(1, { [pay('eu')]: load(1000, 0.2) }, { [pay('eu')]: load(1000, 0.01) })
    const [none] = slicesOf(1, { 'POST /pay': load(1000, 0.2) }, { 'POST /pay': load(1000, 0.01) })
    for (const slice of [one!, none!]) expect(where(slice).map(({ attribute }) => attribute)).toEqual(['http.route'])
  })
})
