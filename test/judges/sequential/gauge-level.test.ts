import { describe, expect, test } from 'vitest'
import { coldStart } from '../../../src/judges/sequential/cold-start.ts'
import { learnGaugeHistories } from '../../../src/judges/sequential/learn-gauge-histories.ts'
import type { Look, Reading } from '../../../src/judges/sequential/metric-trial.ts'
import { openMetric } from '../../../src/judges/sequential/open-metric.ts'
import { trackPodAges } from '../../../src/judges/sequential/pod-ages.ts'
import { blockSeconds, type Fleet, memory, rollout } from '../gauges.ts'
import { startedAt } from '../rollout.ts'

const look: Look = {
  budget: { alpha: 0.01, alphaPromote: 0.05 },
  parameters: coldStart,
  priors: [],
  intervals: [],
  pods: { baseline: 0, canary: 0 },
  seconds: 0,
}

const fleet: Fleet = { seed: 1, baselinePods: 6, canaryPods: 2, tau: 0.06, innovation: 0.03, minutes: 30 }

/** The reading after every minute. */
function judge(of: Fleet, spec = memory): Reading[] {
  const { before, slices } = rollout(of)
  const window = { from: startedAt - 3_600_000, to: startedAt, blockSeconds }
  const gaugeHistories = learnGaugeHistories(before, [spec], window)
  const ages = trackPodAges()
  const trial = openMetric(spec, {
    context: { reference: [], gaugeHistories },
    parameters: coldStart,
    isLearned: false,
    ages,
  })
  return slices.map((slice) => {
    ages.observe(slice)
    trial.observe(slice)
    trial.closeBlock()
    return trial.read(look)
  })
}

/** The share of runs in which evidence ever reached 1 / alpha. */
function shareShown(runs: number, of: Omit<Fleet, 'seed'>, spec = memory): number {
  let shown = 0
  for (let seed = 1; seed <= runs; seed++) {
    if (judge({ ...of, seed }, spec).some(({ logE }) => logE >= Math.log(100))) shown += 1
  }
  return shown / runs
}

describe('a gauge', () => {
  test.each([
    { canaryPods: 1, baselinePods: 4 },
    { canaryPods: 2, baselinePods: 6 },
    { canaryPods: 5, baselinePods: 5 },
  ])('of $canaryPods against $baselinePods harmless pods is shown harmful in at most 1% of rollouts', (pods) => {
    expect(shareShown(300, { ...fleet, ...pods, minutes: 60 })).toBeLessThanOrEqual(0.01)
  })

  test('exactly on its margin is shown harmful in at most 2% of rollouts', () => {
    expect(shareShown(300, { ...fleet, minutes: 60, factor: () => 1.1 })).toBeLessThanOrEqual(0.02)
  })

  test.each([1.6, 2])('that is %f times as high is found', (factor) => {
    expect(shareShown(50, { ...fleet, factor: () => factor })).toBeGreaterThanOrEqual(0.9)
  })

  test('that is as high as the others is proven not to be half as high again', () => {
    const readings = Array.from({ length: 20 }, (_, seed) => judge({ ...fleet, seed, canaryPods: 5 }).at(-1)!)
    const proven = readings.filter(({ logPromote }) => logPromote >= Math.log(20))
    expect(proven.length).toBeGreaterThanOrEqual(15)
  })

  test('tells both levels, its interval and what it could still miss', () => {
    const { judgement } = judge({ ...fleet, factor: () => 2 }).at(-1)!
    expect(judgement).toMatchObject({
      name: 'memory',
      kind: 'gauge',
      finding: 'harm-shown',
      eValue: expect.any(Number),
    })
    expect(judgement.canary.pods).toBe(2)
    expect(judgement.canary.value! / judgement.baseline.value!).toBeGreaterThan(1.6)
    expect(judgement.effect.low).toBeGreaterThan(1.1)
    expect(judgement.effect.high).toBeGreaterThan(judgement.effect.ratio!)
    expect(judgement.smallestDetectable).toBeGreaterThan(1.1)
  })

  test('of pods that are warming up is not harmful where pods of that age were like that before', () => {
    const warm = (minutes: number): number => 1 + 1.5 * Math.exp(-Math.max(0, minutes) / 10)
    const warming = { ...fleet, minutes: 10, factor: warm }
    expect(shareShown(40, { ...warming, warming: warm })).toBe(0)
    // Nobody was seen warming up: then only the first minutes are left out.
    expect(shareShown(40, warming)).toBeGreaterThan(0.5)
  })

  test('without a history is shown and not judged', () => {
    const trial = openMetric(memory, {
      context: { reference: [] },
      parameters: coldStart,
      isLearned: false,
      ages: trackPodAges(),
    })
    for (const slice of rollout({ ...fleet, factor: () => 3 }).slices) {
      trial.observe(slice)
      trial.closeBlock()
    }
    expect(trial.read(look)).toMatchObject({ logE: 0, logPromote: 0 })
  })
})

describe('the growth of a gauge', () => {
  const leak = { ...memory, name: 'leak', reading: 'growth' as const, margin: 3, promoteMargin: 5 }
  const perMinute = (share: number) => (minutes: number) => 1 + share * minutes

  test('is shown when it would fill the memory within a day, and not by harmless noise', () => {
    const steady = { ...fleet, tau: 0.02, innovation: 0.005, minutes: 120 }
    expect(shareShown(60, { ...steady, factor: perMinute(0.01) }, leak)).toBeGreaterThanOrEqual(0.95)
    expect(shareShown(200, steady, leak)).toBeLessThanOrEqual(0.01)
  })

  test('of caches that fill within the first minutes is none', () => {
    const steady = { ...fleet, tau: 0.02, innovation: 0.005, minutes: 120 }
    expect(shareShown(60, { ...steady, factor: (minutes) => Math.min(1.5, 0.5 + minutes / 10) }, leak)).toBe(0)
  })
})
