import { describe, expect, test } from 'vitest'
import type { Histogram, Slice } from '../../../src/domain/evidence.ts'
import type { TrialContext } from '../../../src/domain/judge.ts'
import { mergeCounts } from '../../../src/stats/log-histogram.ts'
import { decisionAfter } from '../decision-after.ts'
import { type Behaviour, failing, rollout, trialContext } from '../rollout.ts'

// How often unequal pods mislead the judge takes hundreds of runs: test/system/false-verdicts.test.ts.

/** Half a minute of the baseline before the start, taken off the front as the reference. */
function afterReference(slices: readonly Slice[]): { slices: Slice[]; context: TrialContext } {
  const reference = slices.slice(0, 3).reduce<Histogram>((all, slice) => mergeCounts(all, slice.baseline.latency), [])
  const shifted = slices.slice(3).map((slice) => ({ ...slice, from: slice.from - 30_000, to: slice.to - 30_000 }))
  return { slices: shifted, context: trialContext({ reference }) }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

/** Seconds until each run's decision; those without are left out. */
function decisions(
  runs: number,
  seed: number,
  canary: Partial<Behaviour>,
  decision: 'promote' | 'rollback',
  seconds: number,
): number[] {
  const found: (number | null)[] = []
  for (let run = 0; run < runs; run++) {
    const { slices, context } = afterReference(rollout({ seed: seed + run, seconds: seconds + 30, canary }))
    found.push(decisionAfter(slices, context, decision))
  }
  return found.filter((value) => value !== null)
}

describe('150 requests a second over 3 + 3 pods', () => {
  test('a release that fails 12% against 2% is always rolled back, half of them within 40 s', () => {
    const seconds = decisions(40, 1000, { operations: failing(0.12) }, 'rollback', 90)
    expect(seconds).toHaveLength(40)
    expect(median(seconds)).toBeLessThanOrEqual(40)
  })

  test('a healthy release is promoted within 90 s, nearly always', () => {
    const seconds = decisions(60, 2000, {}, 'promote', 90)
    expect(seconds.length / 60).toBeGreaterThanOrEqual(0.95)
  })
})
