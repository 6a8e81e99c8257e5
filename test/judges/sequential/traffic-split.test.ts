import { describe, expect, test } from 'vitest'
import type { Slice } from '../../../src/domain/evidence.ts'
import type { TrialContext } from '../../../src/domain/judge.ts'
import { watchTrafficSplit } from '../../../src/judges/sequential/traffic-split.ts'
import { type Random, random } from '../../stats/random.ts'
import { errorRate, madeArm, madeSlices, podNames, templateWith } from '../made-slices.ts'
import { concludeAll, trialContext } from '../rollout.ts'

const clump = 20

type Plan = (minute: number) => number

/** Users of twenty requests each, drawn for the canary with `share`; `planned` is what was announced. */
function slicesOf(minutes: number, users: number, share: Plan, planned: Plan, source: Random): Slice[] {
  return madeSlices(minutes, (minute) => {
    let drawn = 0
    for (let user = 0; user < users; user++) if (source.uniform() < share(minute)) drawn += 1
    return {
      canary: madeArm({ requests: clump * drawn, errors: 0 }, podNames('b', 3)),
      baseline: madeArm({ requests: clump * (users - drawn), errors: 0 }, podNames('a', 3)),
      plannedWeight: planned(minute),
    }
  })
}

/** Whether the split is called broken at any look. */
function fires(slices: readonly Slice[], strategy: TrialContext['strategy']): boolean {
  const watch = watchTrafficSplit(strategy)
  return slices.some((slice) => {
    watch.observe(slice)
    return watch.read() !== null
  })
}

const half: Plan = () => 0.5

describe('the split of users who were drawn at random', () => {
  test.each([
    { planned: half, users: 30 },
    { planned: () => 0.1, users: 200 },
    { planned: (minute: number) => (minute < 20 ? 0.05 : minute < 40 ? 0.25 : 0.5), users: 100 },
  ])('is never called broken while it is as planned (plan %#)', ({ planned, users }) => {
    const found = Array.from({ length: 200 }, (_, seed) =>
      fires(slicesOf(60, users, planned, planned, random(seed + 1)), 'ab-test'),
    )
    expect(found.filter(Boolean)).toEqual([])
  })

  test('is called broken when a third less comes than planned', () => {
    const found = Array.from({ length: 20 }, (_, seed) =>
      fires(
        slicesOf(60, 200, () => 0.35, half, random(seed + 1)),
        'feature-flag',
      ),
    )
    expect(found.filter(Boolean)).toHaveLength(20)
  })

  test('forbids to compare the versions, and the reason says both shares', () => {
    const slices = slicesOf(60, 200, () => 0.35, half, random(1))
    const last = concludeAll(
      slices,
      trialContext({ strategy: 'ab-test', template: templateWith([{ ...errorRate, promoteFloor: 1e-9 }]) }),
    ).at(-1)!
    expect(last).toMatchObject({ decision: 'hold', reason: { code: 'SAMPLE_RATIO_MISMATCH' } })
    expect(last.reason.summary).toMatch(
      /^The traffic of checkout is not split as announced: 3\d(\.\d)?% of the requests came to 2\.4\.1, 50% were announced\.$/,
    )
  })

  test('is checked anew with each weight', () => {
    const wrong: Plan = (minute) => (minute < 30 ? 0.5 : 0.7)
    const slices = slicesOf(60, 200, half, wrong, random(1))
    expect(fires(slices.slice(0, 30), 'ab-test')).toBe(false)
    expect(fires(slices, 'ab-test')).toBe(true)
  })
})

describe.each([undefined, 'canary', 'blue-green', 'rolling', 'shadow'] as const)(
  'the split of strategy %s',
  (strategy) => {
    test('is rough and not checked', () => {
      expect(
        fires(
          slicesOf(60, 200, () => 0.2, half, random(1)),
          strategy,
        ),
      ).toBe(false)
    })
  },
)
