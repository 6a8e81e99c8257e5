import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  classifyMetric,
  judgeSettings,
  type MetricClassification,
} from '../../../src/judges/kayenta/classify-metric.ts'
import { gaussian } from '../../../src/judges/kayenta/gaussian.ts'
import { optionsOf, ramp } from './metric.ts'

function classify(
  experiment: readonly number[],
  control: readonly number[],
  canary: Record<string, unknown> = {},
  seed = 1,
): MetricClassification {
  return classifyMetric({ name: 'm', experiment, control }, optionsOf(canary), gaussian(seed))
}

const higher = ramp(10).map((value) => value + 20)
const lower = ramp(10)

describe('missing data', () => {
  test.each([
    [{}, 'Nodata', false],
    [{ critical: true }, 'Nodata', true],
    [{ mustHaveData: true }, 'NodataFailMetric', false],
    [{ mustHaveData: true, critical: true }, 'Nodata', true],
  ])('%j: %s, critical %s', (canary, label, isCritical) => {
    for (const outcome of [classify([], [1, 2], canary), classify([1, 2], [], canary), classify([], [], canary)]) {
      expect(outcome).toEqual({ label, reason: 'Missing data for m', ratio: 1, isCritical, test: null })
    }
  })

  test('passes when NaN is to be replaced, whatever else is configured', () => {
    const outcome = classify([], [1, 2], { nanStrategy: 'replace', critical: true, mustHaveData: true })
    expect(outcome).toEqual({ label: 'Pass', reason: null, ratio: 1, isCritical: false, test: null })
  })
})

describe('data that need no test', () => {
  test('the same values in any order are identical', () => {
    expect(classify([3, 1, 2], [2, 3, 1])).toMatchObject({
      label: 'Pass',
      reason: 'The Canary and Baseline data are identical',
      test: null,
    })
  })

  test('one constant in both arms passes at any lengths', () => {
    expect(classify([4, 4, 4], [4])).toEqual({ label: 'Pass', reason: null, ratio: 1, isCritical: false, test: null })
  })
})

describe('a tested metric', () => {
  test.each([
    ['either', 'High', 'Low'],
    ['increase', 'High', 'Pass'],
    ['decrease', 'Pass', 'Low'],
  ])('direction %s: a rise is %s, a fall is %s', (direction, rise, fall) => {
    expect(classify(higher, lower, { direction }).label).toBe(rise)
    expect(classify(lower, higher, { direction }).label).toBe(fall)
  })

  test('says which way it went', () => {
    expect(classify(higher, lower).reason).toBe('m was classified as High')
    expect(classify(lower, higher).reason).toBe('m was classified as Low')
  })

  test('the interval must leave a quarter of the estimate behind', () => {
    expect(judgeSettings).toMatchObject({ tolerance: 0.25, level: 0.98 })
    const beyond = classify(
      [13.6, 17.5, 12.6, 13.3, 10.7, 16, 17.4, 15.3],
      [11.3, 10.4, 11, 12.8, 7.9, 10.2, 8.6, 11.5],
    )
    const within = classify(
      [14.4, 12.5, 10.3, 12.9, 12.2, 12.6, 13.9, 14.7],
      [11.4, 11.6, 7.4, 13.2, 9.1, 11.6, 10.8, 8.7],
    )
    expect(beyond.test!.low / beyond.test!.estimate).toBeCloseTo(0.2533, 4)
    expect(beyond.label).toBe('High')
    expect(within.test!.low / within.test!.estimate).toBeCloseTo(0.2464, 4)
    expect(within.label).toBe('Pass')
  })

  test('what is allowed passes, from the threshold on it does not', () => {
    const ratio = classify(higher, lower).ratio!
    const fall = classify(lower, higher).ratio!
    expect(classify(higher, lower, { effectSize: { allowedIncrease: ratio } }).label).toBe('High')
    expect(classify(higher, lower, { effectSize: { allowedIncrease: ratio * 1.001 } }).label).toBe('Pass')
    expect(classify(lower, higher, { effectSize: { allowedDecrease: fall } }).label).toBe('Low')
    expect(classify(lower, higher, { effectSize: { allowedDecrease: fall * 0.999 } }).label).toBe('Pass')
  })

  test('a baseline of zeros has no ratio, so nothing is allowed', () => {
    const outcome = classify(ramp(6), [0, 0, 0, 0, 0, 0], { effectSize: { allowedIncrease: 100 } })
    expect(outcome.label).toBe('High')
    expect(outcome.ratio).toBeNaN()
  })

  test('is critical only when it fails beyond the critical threshold', () => {
    expect(classify(higher, lower, { critical: true })).toMatchObject({
      isCritical: true,
      reason: 'The metric m was classified as High (Critical)',
    })
    expect(classify(higher, lower, { critical: true, effectSize: { criticalIncrease: 50 } })).toMatchObject({
      label: 'High',
      isCritical: false,
      reason: 'm was classified as High',
    })
    expect(classify(lower, higher, { critical: true, direction: 'increase' }).isCritical).toBe(false)
  })

  test('infinite values widen the interval to nothing', () => {
    const outcome = classify([...ramp(9), Number.POSITIVE_INFINITY], ramp(10))
    expect(outcome.label).toBe('Pass')
    expect(outcome.test).toMatchObject({ low: Number.POSITIVE_INFINITY, high: Number.POSITIVE_INFINITY })
  })
})

describe('two constants', () => {
  test.each([1, 2, 3, 4, 5])('10 against 1 is High under every noise (seed %i)', (seed) => {
    const outcome = classify([10, 10, 10, 10, 10], [1, 1, 1, 1, 1], {}, seed)
    expect(outcome).toMatchObject({ label: 'High', test: { isNoisy: true } })
    expect(outcome.ratio).toBeCloseTo(10, 3)
  })

  test('one point against one point cannot be classified, and a critical metric loses that', () => {
    const error = { label: 'Error', reason: 'Metric Classification Failed', ratio: null, isCritical: false, test: null }
    expect(classify([5], [3], { critical: true })).toEqual(error)
  })

  test('a constant against varied data gets no noise', () => {
    expect(classify([5, 5, 5, 5], ramp(8)).test!.isNoisy).toBe(false)
  })
})

const arm = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 2, maxLength: 25 })

test('never High and Low at once: the arms swapped never give the same failure', () => {
  fc.assert(
    fc.property(arm, arm, (x, y) => {
      const there = classify(x, y).label
      const back = classify(y, x).label
      expect(there !== 'Pass' && there === back).toBe(false)
    }),
  )
})

test('the order of the points does not matter', () => {
  fc.assert(
    fc.property(arm, arm, (x, y) => {
      const there = classify(x, y)
      fc.pre(there.test?.isNoisy !== true)
      const back = classify(x.toReversed(), y.toReversed())
      expect(back.test?.low).toBe(there.test?.low)
      expect(back.test?.high).toBe(there.test?.high)
      expect(back.test?.estimate).toBe(there.test?.estimate)
    }),
  )
})
