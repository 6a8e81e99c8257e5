import { describe, expect, test } from 'vitest'
import type { Histogram, Slice } from '../../../src/domain/evidence.ts'
import type { TrialContext } from '../../../src/domain/judge.ts'
import { mergeCounts } from '../../../src/stats/log-histogram.ts'
import { type Behaviour, concludeAll, failing, quickTemplate, rollout, secondsUntil, trialContext } from '../rollout.ts'

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
    found.push(secondsUntil(slices, concludeAll(slices, context), decision))
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

describe('unequal pods and many looks', () => {
  const uneven = { podErrors: 0.2, podLatency: 0.05, rps: 12 }

  function share(
    decision: 'promote' | 'rollback',
    canary: Partial<Behaviour>,
    seed: number,
    promoteMargin = 3,
  ): number {
    const template = {
      ...quickTemplate,
      metrics: quickTemplate.metrics.map((metric) =>
        metric.kind === 'proportion' ? { ...metric, promoteMargin } : metric,
      ),
    }
    const runs = 50
    let found = 0
    for (let run = 0; run < runs; run++) {
      const slices = rollout({
        seed: seed + run,
        seconds: 300,
        sliceSeconds: 30,
        canary: { ...uneven, ...canary },
        baseline: uneven,
      })
      if (secondsUntil(slices, concludeAll(slices, trialContext({ template })), decision) !== null) found++
    }
    return found / runs
  }

  test('a healthy release is hardly ever rolled back', () => {
    expect(share('rollback', {}, 3000)).toBeLessThanOrEqual(0.01)
  })

  test('a release exactly at its promote margin is promoted at most as often as promised', () => {
    expect(share('promote', { operations: failing(0.04) }, 4000, 2)).toBeLessThanOrEqual(0.05)
    expect(share('promote', { median: 0.0604 }, 5000)).toBeLessThanOrEqual(0.05)
  })
})
