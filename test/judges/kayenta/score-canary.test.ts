import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MetricLabel } from '../../../src/judges/kayenta/canary-judge-result.ts'
import { roundHalfUp, type ScoredResult, scoreCanary } from '../../../src/judges/kayenta/score-canary.ts'

const thresholds = { pass: 95, marginal: 75 }

function result(classification: MetricLabel, ...groups: string[]): ScoredResult {
  return { classification, critical: false, groups }
}

function summary(results: readonly ScoredResult[], weights: Record<string, number> = {}): number {
  return scoreCanary(results, weights, thresholds).score.score
}

describe('the score', () => {
  test('a group is the share of its votes that pass; missing data that had to be there is a vote', () => {
    const { groupScores } = scoreCanary(
      [result('Pass', 'g'), result('NodataFailMetric', 'g'), result('Error', 'g'), result('Nodata', 'g')],
      {},
      thresholds,
    )
    expect(groupScores).toEqual([{ name: 'g', score: 50, classification: '', classificationReason: '' }])
  })

  test('groups without a weight share what the others leave', () => {
    const results = [result('Pass', 'a'), result('High', 'b'), result('Pass', 'c')]
    expect(summary(results, { a: 40 })).toBe(70)
    expect(summary(results)).toBe(66.67)
  })

  test('a group without votes is shown as 0 and counts as 100', () => {
    const scores = scoreCanary([result('Error', 'g')], {}, thresholds)
    expect(scores.groupScores[0]!.score).toBe(0)
    expect(scores.score).toEqual({ score: 100, classification: 'Pass', classificationReason: '' })
  })

  test('weights are taken as they are: what is missing is lost, what is too much counts', () => {
    expect(summary([result('Pass', 'a')], { a: 50, b: 50 })).toBe(50)
    expect(summary([result('Pass', 'a'), result('High', 'b')], { a: 120 })).toBe(120)
    expect(summary([result('High', 'a'), result('Pass', 'b')], { a: 120 })).toBe(-20)
  })

  test('nothing to score is 0', () => {
    expect(scoreCanary([], {}, thresholds)).toEqual({
      groupScores: [],
      score: { score: 0, classification: 'Fail', classificationReason: '' },
    })
  })

  test('a metric of several groups counts in each', () => {
    expect(summary([result('High', 'a', 'b'), result('Pass', 'b')], { a: 50, b: 50 })).toBe(25)
  })
})

describe('failures of the whole canary', () => {
  test('the first critical failure gives the reason, and groups keep their scores', () => {
    const critical = { ...result('High', 'g'), critical: true, classificationReason: 'first' }
    const scores = scoreCanary(
      [result('Pass', 'g'), critical, { ...critical, classificationReason: 'second' }],
      {},
      thresholds,
    )
    expect(scores.score).toEqual({ score: 0, classification: 'Fail', classificationReason: 'Canary Failed: first' })
    expect(scores.groupScores[0]!.score).toBeCloseTo(33.333, 3)
  })

  test('half of the metrics without data fail it, fewer do not', () => {
    const half = scoreCanary([result('Pass', 'g'), result('Nodata', 'g')], {}, thresholds).score
    expect(half).toMatchObject({
      score: 0,
      classificationReason: 'Canary Failed: 50% or more metrics returned NODATA',
    })
    expect(summary([result('Pass', 'g'), result('Pass', 'g'), result('Nodata', 'g')])).toBe(100)
    expect(summary([result('Pass', 'g'), result('Error', 'g'), result('NodataFailMetric', 'g')])).toBe(50)
  })
})

test.each([
  [95, 'Pass'],
  [94.99, 'Marginal'],
  [75, 'Marginal'],
  [74.99, 'Fail'],
])('%d is %s', (weight, label) => {
  expect(scoreCanary([result('Pass', 'g')], { g: weight }, thresholds).score.classification).toBe(label)
})

test.each([
  [33.33333333333333, 33.33],
  [1.005, 1.01],
  [2.675, 2.68],
  [66.665, 66.67],
  [-1.005, -1.01],
  [1e-7, 0],
  [0, 0],
])('%d is rounded to %d', (value, rounded) => {
  expect(roundHalfUp(value)).toBe(rounded)
})

const labels: MetricLabel[] = ['Pass', 'High', 'Low', 'Nodata', 'NodataFailMetric', 'Error']

test('without weights the score stays between 0 and 100', () => {
  const metric = fc
    .tuple(fc.constantFrom(...labels), fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'))
    .map(([label, group]) => result(label, group))
  fc.assert(
    fc.property(fc.array(metric, { minLength: 1, maxLength: 30 }), (results) => {
      const score = summary(results)
      expect(score).toBeGreaterThanOrEqual(0)
      expect(score).toBeLessThanOrEqual(100)
    }),
  )
})
