import { describe, expect, test } from 'vitest'
import { openTrial } from '../../../src/judges/sequential/open-trial.ts'
import { placeboSlices } from '../../../src/judges/sequential/placebo-slices.ts'
import { planPower } from '../../../src/judges/sequential/power-plan.ts'
import { serviceHistory } from '../placebo-history.ts'
import { quickTemplate, trialContext } from '../rollout.ts'

const template = { ...quickTemplate, deadlineSeconds: 3600, metrics: [quickTemplate.metrics[0]!] }
const shop = { template, requestsPerSecond: 48, errorRate: 0.02, pods: 8, weights: [25], ratios: [3, 5, 10] }

describe('a power plan', () => {
  test('takes less time for worse harm, more traffic and a larger canary', () => {
    const seconds = (changes: Partial<typeof shop>) =>
      planPower({ ...shop, ...changes })[0]!.metrics[0]!.harms[1]!.seconds!
    const [three, five, ten] = planPower(shop)[0]!.metrics[0]!.harms.map((harm) => harm.seconds!)
    expect(three).toBeGreaterThan(five!)
    expect(five).toBeGreaterThan(ten!)
    expect(seconds({ requestsPerSecond: 480 })).toBeLessThan(seconds({}))
    expect(seconds({ weights: [5] })).toBeGreaterThan(seconds({}))
  })

  test('foretells the median rollback of simulated canaries within its own words: -30% to +50%', () => {
    const plan = planPower({ ...shop, ratios: [5] })[0]!
    expect(plan.pods).toEqual({ canary: 2, baseline: 6 })
    const took: number[] = []
    for (let seed = 0; seed < 11; seed++) {
      const model = { seed, pods: 8, minutes: 30, perTick: 60, failing: 0.02, podErrors: 0.1 }
      const history = serviceHistory({ ...model, harm: { pods: 2, ratio: 5 } })
      const startedAt = history[0]!.from
      const trial = openTrial(trialContext({ template, startedAt }))
      for (const slice of placeboSlices(
        history,
        { startedAt, seconds: 1800, canary: new Set(['a-0', 'a-1']) },
        template,
      )) {
        trial.observe(slice)
        if (trial.conclude(slice.to).decision !== 'rollback') continue
        took.push((slice.to - startedAt) / 1000 + template.watermarkSeconds)
        break
      }
    }
    const median = took.toSorted((a, b) => a - b)[5]!
    const planned = plan.metrics[0]!.harms[0]!.seconds!
    expect(planned).toBeGreaterThan(0.7 * median)
    // A rollback is seen at a look, so a short one is late by up to two of them.
    expect(planned).toBeLessThan(1.5 * median + 2 * template.lookSeconds)
  })

  test('says never where pods or the margin hide the harm, and what a learned null would change', () => {
    const one = { ...shop, pods: 2, weights: [50], ratios: [1.2, 2] }
    const cold = planPower(one)[0]!.metrics[0]!
    expect(cold.harms.map(({ seconds }) => seconds)).toEqual([null, null])
    const nulls = { 'error-rate': { tauPod: 0.03, sigb: 0, eps: 0.0005, phi: 1 } }
    const learned = planPower({ ...one, nulls })[0]!.metrics[0]!
    expect(learned.harms[0]!.seconds).toBeNull()
    expect(learned.harms[1]!.seconds).toBeGreaterThan(0)
    expect(learned.smallestDetectable!).toBeLessThan(cold.smallestDetectable!)
  })

  test('promotes no earlier than the minimum and only what can be planned', () => {
    const minimum = { seconds: 30, requests: 100_000 }
    const [plan] = planPower({ ...shop, template: { ...template, minimum } })
    expect(plan!.secondsToPromote).toBeGreaterThanOrEqual(100_000 / (48 * 0.25))
    const both = planPower({ ...shop, template: { ...template, metrics: quickTemplate.metrics } })[0]!
    expect(both.unplanned).toEqual([{ name: 'latency', critical: true }])
    const latency = [
      [800, 500],
      [830, 400],
      [860, 100],
    ] as const
    const whole = planPower({ ...shop, latency, template: { ...template, metrics: quickTemplate.metrics } })[0]!
    expect(whole.metrics.map(({ name }) => name)).toEqual(['error-rate', 'latency'])
    expect(whole.unplanned).toEqual([])
  })

  test('a service without errors is promoted by the floor', () => {
    const [plan] = planPower({ ...shop, errorRate: 0 })
    expect(plan!.secondsToPromote).toBeGreaterThan(30)
    expect(plan!.secondsToPromote).toBeLessThan(600)
  })

  test.each([
    [{ requestsPerSecond: 0 }, 'requestsPerSecond: expected a rate above 0, got 0'],
    [{ errorRate: 1 }, 'errorRate: expected a share from 0, below 1, got 1'],
    [{ pods: 1 }, 'pods: expected at least one for each arm, got 1'],
    [{ weights: [100] }, 'weights: expected per cent between 0 and 100, got 100'],
    [{ ratios: [1] }, 'ratios: expected a ratio above 1, got 1'],
  ])('refuses %o', (changes, message) => {
    expect(() => planPower({ ...shop, ...changes })).toThrow(message)
  })
})
