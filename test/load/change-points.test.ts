import { describe, expect, test } from 'vitest'
import { changePointCover, changePointF1 } from '../../load/accuracy/change-point-score.ts'

describe('the F1 of change points', () => {
  test.each([
    ['everybody found', [[10, 20], [11, 20], [10], [0, 5]], [10, 20], 1],
    ['one of two found', [[], [10], [50]], [10], 10 / 11],
    ['never against somebody', [[], [10], [50]], [], 0.8],
    ['never against nobody', [[], []], [], 1],
    ['one guess serves one point', [[100, 103]], [101], (2 * 1 * (2 / 3)) / (1 + 2 / 3)],
    ['six away is not found', [[100]], [106], 0.5],
    ['five away is found', [[100]], [105], 1],
  ])('%s', (_, annotations, predicted, f1) => {
    expect(changePointF1(annotations, predicted)).toBeCloseTo(f1, 12)
  })
})

describe('the cover of change points', () => {
  test.each([
    [[[10, 20], [10], [0, 5]], [10, 20], 0.7962962962962963],
    [[[], [10], [40]], [10], 0.7954144620811286],
    [[[], [10], [40]], [], 0.8189300411522634],
  ])('has the values that its authors publish for %j and %j', (annotations, predicted, cover) => {
    expect(changePointCover(annotations, predicted, 45)).toBeCloseTo(cover, 12)
  })
})
