import { describe, expect, it } from 'vitest'
import { judgeReplicates } from '../../../src/judges/replicates/judge-replicates.ts'
import { replicateLevel } from '../../../src/judges/replicates/replicate-level.ts'
import { replicateVariance } from '../../../src/judges/replicates/replicate-variance.ts'
import { random } from '../../stats/random.ts'

/** Replicates whose own levels scatter by `sd`, with measurements that scatter far less. */
function arm(seed: number, { count = 5, level = 100, sd = 0.02 } = {}): number[][] {
  const { normal } = random(seed)
  return Array.from({ length: count }, () => {
    const own = level * Math.exp(sd * normal())
    return Array.from({ length: 40 }, () => own * Math.exp(0.002 * normal()))
  })
}

function times(replicates: number[][], factor: number): number[][] {
  return replicates.map((measurements) => measurements.map((value) => value * factor))
}

describe('a replicate', () => {
  it('counts with the median of its second half: the first warms up', () => {
    expect(replicateLevel([900, 500, 70, 10, 12, 1000])).toBeCloseTo(Math.log(12), 12)
  })

  it.each([[[]], [[1, 0]], [[1, -2]], [[1, Number.NaN]], [[1, Infinity]]])('of %j is refused', (measurements) => {
    expect(() => replicateLevel(measurements)).toThrow(RangeError)
  })

  it('alone in its arm tells nothing about the variance', () => {
    expect(replicateVariance([[[3]], [[4]]])).toEqual({ variance: 0, df: 0 })
    const { variance, df } = replicateVariance([[[1], [Math.exp(2)]], [[4]]])
    expect(df).toBe(1)
    expect(variance).toBeCloseTo(2, 12)
  })
})

describe('arms of replicates', () => {
  it.each([
    ['up', 1.3],
    ['down', 1 / 1.3],
  ] as const)('a canary that is 30% worse (%s) is rolled back', (worse, factor) => {
    const judged = judgeReplicates({ baseline: arm(1), canary: times(arm(2), factor), worse })
    expect(judged.decision).toBe('rollback')
    expect(judged.harmRatio).toBeCloseTo(1.3, 1)
    expect(judged.interval!.low).toBeGreaterThan(1.05)
    expect(judged.p!).toBeLessThan(0.01)
  })

  it('a canary that is better is promoted, never rolled back', () => {
    const judged = judgeReplicates({ baseline: arm(1), canary: times(arm(2), 0.5), worse: 'up' })
    expect(judged.decision).toBe('promote')
    expect(judged.harmRatio).toBeLessThan(0.6)
  })

  it('replicates that scatter widely are a hold, however many measurements each has', () => {
    const wide = arm(1, { sd: 0.5 })
    const judged = judgeReplicates({ baseline: wide, canary: times(wide, 1.1), worse: 'up' })
    expect(judged.decision).toBe('hold')
  })

  it('one against one is a hold without a prior, and judged with one', () => {
    const pair = { baseline: [[10, 10]], canary: [[20, 20]], worse: 'up' } as const
    expect(judgeReplicates(pair)).toMatchObject({ decision: 'hold', p: null, interval: null })
    expect(judgeReplicates({ ...pair, prior: { variance: 0.0004, df: 20 } }).decision).toBe('rollback')
  })

  it('without any scatter the difference alone decides', () => {
    const still = (value: number) => [[value], [value]]
    const decide = (value: number) =>
      judgeReplicates({ baseline: still(8), canary: still(value), worse: 'up', margin: 2, promoteMargin: 2 }).decision
    expect(decide(17)).toBe('rollback')
    expect(decide(15)).toBe('promote')
  })

  it('that come from one distribution are rolled back in at most 1% of comparisons on the margin', () => {
    const runs = 3000
    let rollbacks = 0
    for (let run = 0; run < runs; run++) {
      const { normal } = random(1000 + run)
      const levels = (level: number) => Array.from({ length: 5 }, () => [level * Math.exp(0.1 * normal())])
      const judged = judgeReplicates({ baseline: levels(1), canary: levels(1.05), worse: 'up' })
      if (judged.decision === 'rollback') rollbacks += 1
    }
    expect(rollbacks / runs).toBeGreaterThan(0.004)
    expect(rollbacks / runs).toBeLessThan(0.016)
  })

  it.each([
    [{ baseline: [] }, /both arms/],
    [{ margin: 0.9 }, /margin/],
    [{ margin: 1.3 }, /margin/],
    [{ alpha: 0 }, /alpha/],
    [{ promoteAlpha: 0.7 }, /alpha/],
    [{ prior: { variance: 0, df: 3 } }, /prior/],
  ])('%j is refused', (wrong, message) => {
    expect(() => judgeReplicates({ baseline: [[1], [2]], canary: [[1], [2]], worse: 'up', ...wrong })).toThrow(message)
  })
})
