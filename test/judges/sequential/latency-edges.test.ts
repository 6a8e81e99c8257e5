import { describe, expect, test } from 'vitest'
import type { ArmSlice, Slice } from '../../../src/domain/evidence.ts'
import { placeExplicit } from '../../../src/stats/bucket-placement.ts'
import { random } from '../../stats/random.ts'
import { madeSlices, podNames, templateWith } from '../made-slices.ts'
import { concludeAll, quickTemplate, trialContext } from '../rollout.ts'

const bounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const latency = { ...quickTemplate.metrics[1]!, weight: 1, margin: 1.25, promoteMargin: 3 }

/** Requests a minute of log-normal durations, told by explicit buckets. */
function slicesOf(minutes: number, canary: number, baseline: number, sigma: number, canaryBounds = bounds): Slice[] {
  const source = random(7)
  const arm = (median: number, own: readonly number[], pods: readonly string[]): ArmSlice => {
    const counts = new Map<number, number>()
    for (let i = 0; i < 600; i++) {
      const seconds = median * Math.exp(sigma * source.normal())
      const found = own.findIndex((bound) => seconds <= bound)
      counts.set(found === -1 ? own.length : found, (counts.get(found === -1 ? own.length : found) ?? 0) + 1)
    }
    const sorted = [...counts].toSorted(([a], [b]) => a - b)
    const { upper, lower } = placeExplicit(own, sorted, { scale: 5, unit: 1e9 })
    return {
      ...{ requests: 600, errors: 0, operations: { list: { requests: 600, errors: 0 } } },
      pods: Object.fromEntries(pods.map((pod) => [pod, { requests: 600 / pods.length, errors: 0 }])),
      latency: upper,
      atLeast: { latency: lower },
    }
  }
  return madeSlices(minutes, () => ({
    canary: arm(canary, canaryBounds, podNames('b', 3)),
    baseline: arm(baseline, bounds, podNames('a', 3)),
  }))
}

function judge(slices: readonly Slice[]) {
  return concludeAll(slices, trialContext({ template: templateWith([latency]) }))
}

const decisionsOf = (slices: readonly Slice[]) => new Set(judge(slices).map(({ decision }) => decision))

/** The same slices without the lower edges, as if every request lay at its upper one. */
function asIfKnown(slices: readonly Slice[]): Slice[] {
  return slices.map(({ canary: { atLeast: _c, ...canary }, baseline: { atLeast: _b, ...baseline }, ...slice }) => ({
    ...slice,
    canary,
    baseline,
  }))
}

describe('durations between two edges', () => {
  test('that cross an edge by a tenth, within the margin, show no harm', () => {
    const slices = slicesOf(20, 0.0525, 0.0475, 0.02)
    expect(decisionsOf(slices)).not.toContain('rollback')
    // Which they would, were the edges taken for the durations.
    expect(decisionsOf(asIfKnown(slices))).toContain('rollback')
  })

  test('three times as slow show it, also when the canary has other edges', () => {
    expect(judge(slicesOf(20, 0.18, 0.06, 0.6)).at(-1)!.reason.code).toBe('HARM_SHOWN')
    const others = [0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28]
    expect(judge(slicesOf(20, 0.18, 0.06, 0.6, others)).at(-1)!.reason.code).toBe('HARM_SHOWN')
    expect(decisionsOf(slicesOf(20, 0.06, 0.06, 0.6, others))).not.toContain('rollback')
  })

  test('of the same distribution are promoted when the promote margin is wider than a bucket, and not otherwise', () => {
    const same = slicesOf(30, 0.06, 0.06, 0.6)
    expect(judge(same).at(-1)!.decision).toBe('promote')
    const narrow = { ...latency, promoteMargin: 1.25 }
    const conclusions = concludeAll(same, trialContext({ template: templateWith([narrow]) }))
    expect(new Set(conclusions.map(({ decision }) => decision))).toEqual(new Set(['hold']))
  })

  test('are told by the middle of their bucket, and by its beginning where it never ends', () => {
    const [judgement] = judge(slicesOf(3, 60, 0.03, 0.01)).at(-1)!.metrics
    const [median] = judgement!.quantiles!
    expect(median!.baseline).toBeCloseTo(Math.sqrt(0.025 * 0.05), 3)
    expect(median!.canary).toBeGreaterThan(9.9)
    expect(median!.canary).toBeLessThan(10.4)
  })
})
