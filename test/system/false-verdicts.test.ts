import { describe, expect, test } from 'vitest'
import { learnMetricNulls } from '../../src/judges/sequential/learn-metric-nulls.ts'
import { replayPlacebos } from '../../src/judges/sequential/placebo.ts'
import { defaultLearningRules } from '../../src/stats/learn-null.ts'
import { decisionAfter } from '../judges/decision-after.ts'
import { baselineSlices, type ServiceHistory, serviceHistory } from '../judges/placebo-history.ts'
import { type Behaviour, failing, quickTemplate, rollout, trialContext } from '../judges/rollout.ts'

const runs = 200

describe('unequal pods and many looks', () => {
  const uneven = { podErrors: 0.2, podLatency: 0.05, rps: 12 }

  /** How many of the runs decide so within five minutes. */
  function decided(
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
    let found = 0
    for (let run = 0; run < runs; run++) {
      const slices = rollout({
        seed: seed + run,
        seconds: 300,
        sliceSeconds: 30,
        canary: { ...uneven, ...canary },
        baseline: uneven,
      })
      if (decisionAfter(slices, trialContext({ template }), decision) !== null) found++
    }
    return found
  }

  test('a healthy release is hardly ever rolled back', () => {
    expect(decided('rollback', {}, 3000)).toBeLessThanOrEqual(0.01 * runs)
  })

  test('a release exactly at its promote margin is promoted at most as often as promised', () => {
    expect(decided('promote', { operations: failing(0.04) }, 4000, 2)).toBeLessThanOrEqual(0.05 * runs)
    expect(decided('promote', { median: 0.0604 }, 5000)).toBeLessThanOrEqual(0.05 * runs)
  })
})

describe('a null learned from a noisy service', () => {
  const noisyShop: ServiceHistory = {
    seed: 1,
    pods: 10,
    minutes: 90,
    perTick: 120,
    failing: 0.02,
    podErrors: 0.35,
    bursts: 0.03,
  }
  const errorsOnly = { ...quickTemplate, lookSeconds: 30, blockSeconds: 60, metrics: [quickTemplate.metrics[0]!] }

  /** Of 300 placebos on other pods of the service, each of 15 minutes. */
  function rollbacks(model: ServiceHistory): { readonly runs: number; readonly rollbacks: number } {
    const rules = { ...defaultLearningRules, leastBlocks: 90, leastBlocksPerPod: 60 }
    const { nulls } = learnMetricNulls(baselineSlices(serviceHistory(model)), errorsOnly.metrics, { rules })
    expect(Object.keys(nulls)).toEqual(['error-rate'])
    const plan = { template: errorsOnly, nulls, canaryPods: 1, runs: 15, seconds: 900 }
    const all = Array.from({ length: 20 }, (_, i) => i + 200).map((seed) => {
      return replayPlacebos(serviceHistory({ ...model, seed, minutes: 30 }), { ...plan, seed })
    })
    return {
      runs: all.reduce((sum, { runs }) => sum + runs, 0),
      rollbacks: all.reduce((sum, { rollbacks }) => sum + rollbacks, 0),
    }
  }

  test('rolls its other pods back at most as often as promised', () => {
    const result = rollbacks(noisyShop)
    expect(result.runs).toBe(300)
    expect(result.rollbacks).toBeLessThanOrEqual(3)
  })

  test('does so too when its pods differ by half and little is sent', () => {
    const result = rollbacks({ ...noisyShop, minutes: 600, perTick: 3, podErrors: 0.5 })
    expect(result.runs).toBe(300)
    expect(result.rollbacks).toBeLessThanOrEqual(3)
  })
})
