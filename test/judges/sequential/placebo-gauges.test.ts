import { describe, expect, test } from 'vitest'
import type { ArmSlice } from '../../../src/domain/evidence.ts'
import type { MetricSpec, Template } from '../../../src/domain/template.ts'
import { calibrateNulls } from '../../../src/judges/sequential/calibrate-nulls.ts'
import { replayPlacebos } from '../../../src/judges/sequential/placebo.ts'
import { type HistoryTick, placeboSlices } from '../../../src/judges/sequential/placebo-slices.ts'
import { random } from '../../stats/random.ts'
import { quickTemplate, startedAt } from '../rollout.ts'

const memory: MetricSpec = {
  ...{ name: 'memory', kind: 'gauge', source: 'metrics', instruments: ['memory'], direction: 'increase' },
  ...{ weight: 0.5, group: 'saturation', margin: 1.25, promoteMargin: 2, critical: false },
}
const restarts: MetricSpec = { ...memory, name: 'restarts', kind: 'count', instruments: ['restarts'], margin: 1 }
const template: Template = { ...quickTemplate, lookSeconds: 30, blockSeconds: 60, metrics: [memory, restarts] }
const plan = { template, canaryPods: 2, runs: 20, seconds: 1800, seed: 3 }

/**
 * Two hours of eight pods that report their memory every 30 s. After the first hour, which the first placebos learn
 * from, `leaving` pods go up to three times the memory one by one, as caches that fill at their own time do.
 */
function history(leaving: number): HistoryTick[] {
  const source = random(5)
  const level = Array.from({ length: 8 }, () => Math.exp(0.05 * source.normal()))
  const from = startedAt - 10_800_000
  return Array.from({ length: 1080 }, (_, t) => {
    const pods = level.map((own, i): [string, ArmSlice] => {
      const pod = `a-${i}`
      const high = i < leaving && t > 400 + 60 * i ? 3 : 1
      const value = 400 * own * high * Math.exp(0.02 * source.normal())
      const readings = { count: 1, sum: value, min: value, max: value }
      const said = t % 3 === 0 ? { gauges: { memory: { [pod]: readings } }, events: { restarts: { [pod]: 0 } } } : {}
      const counts = { requests: 50, errors: 0 }
      return [pod, { ...counts, operations: { 'GET /': counts }, pods: {}, latency: [], ...said }]
    })
    return { from: from + t * 10_000, to: from + (t + 1) * 10_000, pods: new Map(pods) }
  })
}

describe('placebos with gauges and events', () => {
  test('of pods that are alike are not rolled back', () => {
    expect(replayPlacebos(history(0), plan)).toMatchObject({ runs: 20, rollbacks: 0 })
  })

  test('of pods that change by themselves are, by the gauge, and calibration makes the gauge more careful', () => {
    const wild = calibrateNulls(history(4), plan)
    expect(wild.before.rollbacksBy.memory).toBeGreaterThan(0)
    expect(wild.nulls.memory!.tauPod).toBeGreaterThan(0.2)
    expect(wild.isWithinAlpha).toBe(true)
  })
})

test('readings of a pod are summed over the ticks of a look, whatever the pod is called', () => {
  const pod = 'constructor'
  const tick = (t: number): HistoryTick => {
    const readings = { count: 1, sum: 5 + t, min: 5 + t, max: 5 + t }
    const said = { gauges: { memory: { [pod]: readings } }, events: { restarts: { [pod]: 1 } } }
    const arm: ArmSlice = { requests: 1, errors: 0, operations: {}, pods: {}, latency: [], ...said }
    return { from: startedAt + t * 10_000, to: startedAt + (t + 1) * 10_000, pods: new Map([[pod, arm]]) }
  }
  const placebo = { startedAt, seconds: 30, canary: new Set([pod]) }
  const [slice] = [...placeboSlices([tick(0), tick(1), tick(2)], placebo, template)]
  expect(slice!.canary.gauges).toEqual({ memory: { [pod]: { count: 3, sum: 18, min: 5, max: 7 } } })
  expect(slice!.canary.events).toEqual({ restarts: { [pod]: 3 } })
})
