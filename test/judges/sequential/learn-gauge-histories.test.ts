import { describe, expect, test } from 'vitest'
import { type GaugeTick, learnGaugeHistories } from '../../../src/judges/sequential/learn-gauge-histories.ts'
import { blockSeconds, type Fleet, memory, rollout } from '../gauges.ts'
import { quickTemplate, startedAt } from '../rollout.ts'

const fleet: Fleet = { seed: 1, baselinePods: 8, canaryPods: 1, tau: 0.06, innovation: 0.03, minutes: 0 }
const window = { from: startedAt - 3_600_000, to: startedAt, blockSeconds }

function learn(ticks: readonly GaugeTick[], metrics = [memory]) {
  return learnGaugeHistories(ticks, metrics, window)
}

describe('the hour before the start', () => {
  test('teaches how a gauge moves, its level and its instrument', () => {
    const { memory: history } = learn(rollout(fleet).before)
    expect(history).toMatchObject({ instrument: 'container.memory.working_set', pods: 8, blocks: 60, ages: [] })
    expect(history!.level).toBeGreaterThan(350e6)
    expect(history!.level).toBeLessThan(450e6)
    expect(Math.abs(history!.null.a - 0.6)).toBeLessThan(0.2)
    expect(Math.sqrt(history!.null.s2)).toBeCloseTo(0.03, 1)
    expect(history!.null.tauPod).toBeGreaterThan(0.03)
    expect(history!.growthDeviation).toBeGreaterThan(0)
    expect(history!.growthDeviation).toBeLessThan(0.1)
  })

  test('is the same whatever order its ticks come in', () => {
    const { before } = rollout(fleet)
    expect(learn(before.toReversed())).toEqual(learn(before))
  })

  test('judges by the first instrument of the metric that was reported', () => {
    const { before } = rollout(fleet)
    const both = [...before, ...before.map((tick) => ({ ...tick, instrument: 'process.memory.usage' }))]
    expect(learn(both).memory!.instrument).toBe('process.memory.usage')
    expect(learn(before.map((tick) => ({ ...tick, instrument: 'another' })))).toEqual({})
  })

  test('knows nothing after its end, so that no gauge is judged by what it is judged for', () => {
    const { before } = rollout(fleet)
    const later = before.map((tick) => ({
      ...tick,
      at: tick.at + 3_600_000,
      readings: { ...tick.readings, sum: 9 * tick.readings.sum },
    }))
    expect(learn([...before, ...later])).toEqual(learn(before))
  })

  test('teaches the level of pods by their age, from those that were seen starting', () => {
    const warming = (age: number) => (age < 5 ? 2 : 1)
    const { ages } = learn(rollout({ ...fleet, tau: 0.01, innovation: 0.01, warming }).before).memory!
    expect(ages[0]).toMatchObject({ ageBlocks: 0, pods: 2 })
    expect(ages).toHaveLength(50)
    expect(Math.exp(ages[2]!.log)).toBeGreaterThan(1.8)
    expect(Math.exp(ages[20]!.log)).toBeLessThan(1.1)
  })

  test('of one pod, of ten minutes, or of a gauge that is always zero teaches nothing', () => {
    expect(learn(rollout({ ...fleet, baselinePods: 1 }).before)).toEqual({})
    const { before } = rollout(fleet)
    expect(learn(before.filter(({ at }) => at >= startedAt - 9 * 60_000))).toEqual({})
    const zero = before.map((tick) => ({ ...tick, readings: { count: 6, sum: 0, min: 0, max: 0 } }))
    expect(learn(zero)).toEqual({})
    expect(learn(before.map((tick) => ({ ...tick, readings: { count: 0, sum: 0, min: 0, max: 0 } })))).toEqual({})
  })

  test('teaches nothing about metrics that are no gauges', () => {
    expect(learn(rollout(fleet).before, [...quickTemplate.metrics])).toEqual({})
  })
})
