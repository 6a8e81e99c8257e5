import { expect, test } from 'vitest'
import { screenBaseline } from '../../../src/judges/windows/screen-baseline.ts'

/** Unlike by how far a level is from the others' median-like middle. */
function farFrom(levels: readonly number[]) {
  return (canary: number, baseline: readonly number[]) =>
    Math.abs(levels[canary]! - baseline.reduce((sum, at) => sum + levels[at]!, 0) / baseline.length)
}

test('windows unlike the others go, the worst first, at most a third of them', () => {
  expect(screenBaseline([0, 1, 2, 3, 4, 5], farFrom([1, 1, 90, 1, 40, 1]))).toEqual([0, 1, 3, 5])
  expect(screenBaseline([0, 1, 2, 3, 4, 5], farFrom([1, 1, 90, 70, 40, 1]))).toHaveLength(4)
})

test('windows that are alike stay, and so do those that cannot be compared', () => {
  expect(screenBaseline([0, 1, 2], farFrom([1, 2, 3]))).toEqual([0, 1, 2])
  expect(screenBaseline([0, 1, 2], () => null)).toEqual([0, 1, 2])
})

test('of two windows nobody can tell which is wrong', () => {
  expect(screenBaseline([0, 1], farFrom([1, 99]))).toEqual([0, 1])
})
