import { describe, expect, test } from 'vitest'
import type { Slice } from '../../../src/domain/evidence.ts'
import type { MetricSpec } from '../../../src/domain/template.ts'
import { learnGaugeHistories } from '../../../src/judges/sequential/learn-gauge-histories.ts'
import { blockSeconds, type Fleet, memory, rollout } from '../gauges.ts'
import { errorRate, madeArm, podNames, templateWith } from '../made-slices.ts'
import { concludeAll, startedAt, trialContext } from '../rollout.ts'

const restarts: MetricSpec = { ...memory, name: 'restarts', kind: 'count', instruments: ['restarts'], margin: 1 }
const metrics = [{ ...errorRate, weight: 0.6 }, memory, restarts]
const template = templateWith(metrics)

const fleet: Fleet = { seed: 1, baselinePods: 6, canaryPods: 2, tau: 0.06, innovation: 0.03, minutes: 40 }

/** A fleet with traffic, 0.5% of which fails in both versions; its gauges are those of test/judges/gauges.ts. */
function trialOf(of: Partial<Fleet>, change = (slice: Slice): Slice => slice) {
  const { before, slices } = rollout({ ...fleet, ...of })
  const served = slices.map(({ canary, baseline, ...slice }) =>
    change({
      ...slice,
      canary: { ...madeArm({ requests: 2000, errors: 10 }, podNames('b', 2)), gauges: canary.gauges! },
      baseline: { ...madeArm({ requests: 6000, errors: 30 }, podNames('a', 6)), gauges: baseline.gauges! },
    }),
  )
  const window = { from: startedAt - 3_600_000, to: startedAt, blockSeconds }
  const gaugeHistories = learnGaugeHistories(before, metrics, window)
  return { slices: served, context: trialContext({ template, gaugeHistories }) }
}

function judge(of: Partial<Fleet>, change?: (slice: Slice) => Slice) {
  const { slices, context } = trialOf(of, change)
  return concludeAll(slices, context)
}

describe('a trial of several kinds of evidence', () => {
  test('rolls back for a gauge alone, and says what it is', () => {
    const last = judge({ factor: () => 3 }).at(-1)!
    expect(last).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' } })
    expect(last.reason.summary).toMatch(/^checkout 2\.4\.1: memory is 1\.\d+ G against \d+ M for 2\.4\.0\.$/)
    expect(last.metrics.map(({ name, finding }) => [name, finding])).toEqual([
      ['error-rate', expect.stringMatching(/^(undecided|harm-ruled-out)$/)],
      ['memory', 'harm-shown'],
      ['restarts', 'no-data'],
    ])
  })

  test('rolls back for a gauge that rises on the way, and says when', () => {
    const last = judge({ factor: (minute) => (minute < 15 ? 1 : 3) }).at(-1)!
    expect(last.decision).toBe('rollback')
    expect(last.reason.detail).toMatch(/It began at about 10:1\d/)
  })

  test('promotes while nothing is wrong, whether or not anybody reports gauges', () => {
    for (const isSilent of [false, true]) {
      const change = (slice: Slice): Slice =>
        isSilent
          ? { ...slice, canary: { ...slice.canary, gauges: {} }, baseline: { ...slice.baseline, gauges: {} } }
          : slice
      expect(judge({}, change).at(-1)).toMatchObject({ decision: 'promote', reason: { code: 'HARM_RULED_OUT' } })
    }
  })

  test('shows a gauge of which it knows nothing from before, and does not judge it', () => {
    const { slices, context } = trialOf({ factor: () => 3 })
    const { gaugeHistories: _none, ...unknown } = context
    const last = concludeAll(slices, unknown).at(-1)!
    expect(last.decision).toBe('promote')
    expect(last.metrics[1]!.canary.value! / last.metrics[1]!.baseline.value!).toBeGreaterThan(2)
    expect(last.metrics[1]).toMatchObject({ finding: 'undecided', eValue: 1, effect: { ratio: null } })
  })

  test('gives the same bytes for the same slices, whenever they are folded', () => {
    const { slices, context } = trialOf({ factor: () => 1.4 })
    expect(JSON.stringify(concludeAll(slices, context))).toBe(JSON.stringify(concludeAll(slices, context)))
  })

  test('keeps the weight of what nobody reports, so that the rest gets no more of the budget', () => {
    const silent = judge({ minutes: 3 }, (slice) => ({ ...slice, canary: { ...slice.canary, gauges: {} } }))
    const weights = silent.at(-1)!.metrics.map(({ weight }) => weight)
    expect(weights).toEqual([0.6, 0.1, 0.1])
  })
})
