import { describe, expect, test } from 'vitest'
import type { Slice } from '../../../src/domain/evidence.ts'
import type { MetricSpec } from '../../../src/domain/template.ts'
import { type Random, random } from '../../stats/random.ts'
import { errorRate, madeArm, madeSlices, podNames, templateWith } from '../made-slices.ts'
import { isEverShown } from '../metric-alone.ts'
import { concludeAll, trialContext } from '../rollout.ts'

const paired: MetricSpec = {
  name: 'shadow-errors',
  kind: 'paired',
  source: 'spans',
  direction: 'increase',
  weight: 1,
  group: 'errors',
  margin: 1.05,
  promoteMargin: 2,
  critical: true,
}

const pods = { canary: podNames('b', 3), baseline: podNames('a', 3) }

/** Requests a minute; shares that fail in both arms, in the canary alone, in the baseline alone. */
type Traffic = {
  readonly requests: number
  readonly both: number
  readonly canaryOnly: (minute: number) => number
  readonly baselineOnly: (minute: number) => number
}

function shadow(minutes: number, { requests, both, canaryOnly, baselineOnly }: Traffic, source: Random): Slice[] {
  return madeSlices(minutes, (minute) => {
    const common = source.poisson(requests * both)
    const canaryWorse = source.poisson(requests * canaryOnly(minute))
    const baselineWorse = source.poisson(requests * baselineOnly(minute))
    return {
      canary: madeArm({ requests, errors: common + canaryWorse }, pods.canary),
      baseline: madeArm({ requests, errors: common + baselineWorse }, pods.baseline),
      pairs: { pairs: requests, canaryWorse, baselineWorse },
    }
  })
}

function decisions(slices: readonly Slice[], spec: MetricSpec) {
  return concludeAll(slices, trialContext({ strategy: 'shadow', template: templateWith([spec]) }))
}

/** Minutes until the decision, for each seed; null: never. */
function minutesUntil(
  decision: 'rollback' | 'promote',
  spec: MetricSpec,
  runs: number,
  traffic: Traffic,
  minutes = 30,
) {
  return Array.from({ length: runs }, (_, seed) => {
    const found = decisions(shadow(minutes, traffic, random(seed + 1)), spec).findIndex(
      (conclusion) => conclusion.decision === decision,
    )
    return found === -1 ? null : found + 1
  })
}

describe('answers to the same requests', () => {
  // 4% are declined by everybody; the canary fails half a per cent more.
  const worse: Traffic = { requests: 1200, both: 0.04, canaryOnly: () => 0.006, baselineOnly: () => 0.001 }

  test('show a canary that is worse within minutes, where its error rate never would', () => {
    const minutes = minutesUntil('rollback', paired, 10, worse)
    expect(minutes.filter((one) => one !== null && one <= 20)).toHaveLength(10)
    expect(minutesUntil('rollback', { ...errorRate, margin: 1.05 }, 3, worse)).toEqual(new Array(3).fill(null))
  })

  test('prove a canary harmless that fails alone as often as the baseline does', () => {
    const alike: Traffic = { ...worse, requests: 2400, canaryOnly: () => 0.004, baselineOnly: () => 0.004 }
    expect(minutesUntil('promote', paired, 10, alike).filter((one) => one !== null).length).toBeGreaterThanOrEqual(9)
  })

  test('that both versions fail are evidence of nothing', () => {
    const outage: Traffic = { requests: 600, both: 0.6, canaryOnly: () => 0, baselineOnly: () => 0 }
    const last = decisions(shadow(20, outage, random(1)), paired).at(-1)!
    expect(last).toMatchObject({ decision: 'hold' })
    expect(last.metrics[0]).toMatchObject({
      eValue: expect.closeTo(1),
      canary: { value: 0 },
      effect: { ratio: null, low: 0, high: null },
    })
  })

  test('say how many fail in one version alone', () => {
    const last = decisions(shadow(15, worse, random(2)), paired).at(-1)!
    expect(last.reason.summary).toMatch(
      /^checkout 2\.4\.1: requests that only one version fails are 0\.\d+% against 0\.\d+% for 2\.4\.0\.$/,
    )
  })

  test('are not judged where nobody looked for pairs', () => {
    const slices = shadow(10, worse, random(3)).map(({ pairs: _none, ...slice }) => slice)
    expect(decisions(slices, paired).at(-1)!.metrics[0]).toMatchObject({
      finding: 'no-data',
      eValue: expect.closeTo(1),
    })
  })
})

describe('a harmless canary that answers the same requests', () => {
  test('with pods that are not alike and bursts on one of them is shown harmful in at most 1% of rollouts', () => {
    const runs = 100
    let shown = 0
    for (let seed = 1; seed <= runs; seed++) {
      const source = random(1000 + seed)
      const effect = { canary: Math.exp(0.12 * source.normal()), baseline: Math.exp(0.12 * source.normal()) }
      const burst = () => (source.uniform() < 0.01 ? 8 : 1)
      const traffic: Traffic = {
        requests: 600,
        both: 0.02,
        canaryOnly: () => 0.003 * effect.canary * burst(),
        baselineOnly: () => 0.003 * effect.baseline * burst(),
      }
      if (isEverShown(paired, shadow(40, traffic, source))) shown += 1
    }
    expect(shown / runs).toBeLessThanOrEqual(0.01)
  })
})
