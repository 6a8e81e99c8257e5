import { expect, test } from 'vitest'
import { chiSquareQuantile } from '../../src/stats/chi-square-quantile.ts'

// R: qchisq(p, df)
test.each([
  [0.2, 5, 2.3425],
  [0.2, 3, 1.0052],
  [0.5, 4, 3.3567],
  [0.95, 10, 18.307],
])('the %f-quantile at %i degrees of freedom is within 3%% of %f', (p, df, expected) => {
  expect(Math.abs(chiSquareQuantile(p, df) / expected - 1)).toBeLessThan(0.03)
})

test('one degree of freedom errs to the small side', () => {
  expect(chiSquareQuantile(0.2, 1)).toBeGreaterThan(0.8 * 0.06418)
  expect(chiSquareQuantile(0.2, 1)).toBeLessThan(0.06418)
})
