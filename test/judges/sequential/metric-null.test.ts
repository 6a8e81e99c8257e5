import { describe, expect, test } from 'vitest'
import { emptyArm, type Slice } from '../../../src/domain/evidence.ts'
import type { MetricNulls, NullParameters } from '../../../src/domain/null-parameters.ts'
import { coldStart } from '../../../src/judges/sequential/cold-start.ts'
import { metricNull } from '../../../src/judges/sequential/metric-null.ts'
import { openTrial } from '../../../src/judges/sequential/open-trial.ts'
import { trackPodEffect } from '../../../src/judges/sequential/pod-effect.ts'
import { concludeAll, failing, quickTemplate, rollout, trialContext } from '../rollout.ts'

const slices = rollout({ seed: 21, seconds: 180 })
const cold = concludeAll(slices)
const calm: NullParameters = { tauPod: 0.05, sigb: 0, eps: 0.0005, phi: 1 }

describe('the null of a trial', () => {
  test('is the cold start without learned ones, and then no metric names a null', () => {
    for (const nulls of [{}, { 'another-metric': calm }]) {
      expect(concludeAll(slices, trialContext({ nulls }))).toEqual(cold)
    }
    for (const { metrics } of cold) for (const metric of metrics) expect(metric).not.toHaveProperty('null')
  })

  test('gives the same numbers when what was learned is the cold start, and says that it was learned', () => {
    const nulls = { 'error-rate': coldStart, latency: coldStart }
    const learned = concludeAll(slices, trialContext({ nulls }))
    for (const { metrics } of learned) {
      for (const metric of metrics) expect(metric.null).toEqual({ learned: true, ...coldStart })
    }
    const without = learned.map((conclusion) => ({
      ...conclusion,
      metrics: conclusion.metrics.map(({ null: _null, ...metric }) => metric),
    }))
    expect(without).toEqual(cold)
  })

  test('changes the metric that it was learned for, and no other', () => {
    for (const [name, other] of [
      ['error-rate', 'latency'],
      ['latency', 'error-rate'],
    ] as const) {
      const last = concludeAll(slices, trialContext({ nulls: { [name]: calm } })).at(-1)!
      const judged = (metrics: typeof last.metrics, of: string) => metrics.find((metric) => metric.name === of)!
      expect(judged(last.metrics, other)).toEqual(judged(cold.at(-1)!.metrics, other))
      expect(judged(last.metrics, name).null).toEqual({ learned: true, ...calm })
      const width = ({ effect }: (typeof last.metrics)[number]) => (effect.high ?? Infinity) / effect.low
      expect(width(judged(last.metrics, name))).toBeLessThan(width(judged(cold.at(-1)!.metrics, name)))
    }
  })

  test.each(['error-rate', 'latency'])('with fewer clumps makes all evidence and forecasts of %s surer', (name) => {
    const patient = { ...quickTemplate, alpha: 1e-9 }
    const harmful = rollout({ seed: 22, seconds: 90, canary: { operations: failing(0.06), median: 0.055 } })
    const rare = { 'GET /': { share: 1, failing: 0.0005 } }
    const clean = rollout({ seed: 23, seconds: 90, canary: { operations: rare }, baseline: { operations: rare } })
    const one = { 'GET /': { share: 1, failing: 0.02 } }
    const single = rollout({ seed: 24, seconds: 90, canary: { operations: one }, baseline: { operations: one } })
    const judged = (of: readonly Slice[], nulls: MetricNulls) => {
      const last = concludeAll(of, trialContext({ template: patient, nulls })).at(-1)!
      return last.metrics.find((metric) => metric.name === name)!
    }
    const fewer = { [name]: { ...coldStart, phi: 1 } }
    const harm = { cold: judged(harmful, {}), learned: judged(harmful, fewer) }
    expect(harm.learned.eValue).toBeGreaterThan(harm.cold.eValue)
    for (const of of [slices, single, clean]) {
      const none = { cold: judged(of, {}), learned: judged(of, fewer) }
      expect(none.learned.promoteEValue).toBeGreaterThan(none.cold.promoteEValue)
      expect(none.learned.promoteProof).toBe(name === 'error-rate' && of === clean ? 'floor' : 'ratio')
      if (of === clean) continue
      expect(none.learned.smallestDetectable).toBeLessThan(none.cold.smallestDetectable!)
    }
  })

  test('with fewer clumps brings the expected decision nearer', () => {
    const fewer = { ...coldStart, phi: 1 }
    const expected = (nulls: MetricNulls) => concludeAll(slices, trialContext({ nulls }))[2]!.expectedDecisionAt!
    expect(expected({ 'error-rate': fewer, latency: fewer })).toBeLessThan(expected({}))
  })

  test('of pods that differ more widens the interval of failed requests', () => {
    const wide = concludeAll(slices, trialContext({ nulls: { 'error-rate': { ...coldStart, tauPod: 0.5 } } })).at(-1)!
    const { low, high } = wide.metrics[0]!.effect
    expect(low).toBeLessThan(cold.at(-1)!.metrics[0]!.effect.low)
    expect(high ?? Infinity).toBeGreaterThan(cold.at(-1)!.metrics[0]!.effect.high!)
  })

  test('is refused when it is none, with the metric, the parameter and the value', () => {
    for (const [change, message] of [
      [{ tauPod: Number.NaN }, 'nulls.error-rate.tauPod: expected a number from 0 to 2, got NaN'],
      [{ tauPod: -0.1 }, 'tauPod: expected a number from 0 to 2, got -0.1'],
      [{ sigb: Infinity }, 'sigb: expected a number from 0 to 2, got Infinity'],
      [{ eps: 0.6 }, 'eps: expected a number from 0 to 0.5, got 0.6'],
      [{ phi: 0.9 }, 'phi: expected a number from 1 to 100, got 0.9'],
      [{ phi: '2' as unknown as number }, 'phi: expected a number'],
    ] as const) {
      const nulls = { 'error-rate': { ...calm, ...change } }
      expect(() => openTrial(trialContext({ nulls }))).toThrow(message)
    }
    const nothing = { latency: null as unknown as NullParameters }
    expect(() => openTrial(trialContext({ nulls: nothing }))).toThrow('nulls.latency.tauPod')
  })

  test('of a metric called like what every object has is the cold start', () => {
    expect(metricNull({}, 'constructor')).toEqual({ parameters: coldStart, learned: false })
  })
})

describe('the pods that a trial fixes', () => {
  function blockOf(canaryPods: number): Slice {
    const arm = (name: string, count: number) => ({
      ...emptyArm,
      requests: 100 * count,
      pods: Object.fromEntries(Array.from({ length: count }, (_, i) => [`${name}${i}`, { requests: 100, errors: 0 }])),
    })
    return { from: 0, to: 60_000, canary: arm('c', canaryPods), baseline: arm('b', 4), closesBlock: true, step: 0 }
  }

  test('give every metric a tau of its own, before and after pods went away', () => {
    const effect = trackPodEffect()
    const taus = (tauPod: number) => effect.priors(tauPod).map(({ tau }) => tau / tauPod)
    for (const pods of [4, 1]) {
      effect.observe(blockOf(pods))
      effect.closeBlock()
      for (const tauPod of [0.1, 0.4]) {
        expect(taus(tauPod)[0]).toBeCloseTo(Math.sqrt(1 / 4 + 1 / 4), 12)
        if (pods === 1) expect(taus(tauPod)[1]).toBeCloseTo(Math.sqrt(1 + 1 / 4), 12)
        expect(effect.intervals(tauPod)).toHaveLength(effect.priors(tauPod).length)
      }
    }
  })
})
