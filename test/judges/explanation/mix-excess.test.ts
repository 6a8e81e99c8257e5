import { expect, test } from 'vitest'
import { mixExcess } from '../../../src/judges/explanation/mix-excess.ts'

const of = (before: number, amount: number, after: number) => ({
  baseline: { requests: before, amount },
  canary: { requests: after },
})

test('the same operations in the same shares are no excess, whatever the traffic', () => {
  expect(mixExcess([of(100, 50, 10), of(900, 9, 90)])).toBeCloseTo(0, 12)
})

test('more of what takes long is an excess, less of it a saving', () => {
  // 10% of requests take 0.5 and the others 0.01; then half of them do.
  expect(mixExcess([of(100, 50, 50), of(900, 9, 50)])).toBeCloseTo(0.4 * 0.5 - 0.4 * 0.01, 12)
  expect(mixExcess([of(500, 250, 10), of(500, 5, 90)])).toBeCloseTo(-0.4 * 0.5 + 0.4 * 0.01, 12)
})

test('an operation that the baseline has not is like its mean, and nothing is known without requests', () => {
  expect(mixExcess([of(100, 10, 50), of(0, 0, 50)])).toBeCloseTo(0, 12)
  expect(mixExcess([of(0, 0, 50)])).toBe(0)
  expect(mixExcess([])).toBe(0)
})
