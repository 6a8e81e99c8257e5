import { describe, expect, test } from 'vitest'
import { normalQuantile } from '../../src/stats/normal-quantile.ts'

describe('the normal quantile', () => {
  // 17 digits of Wichura (1988) and of R's qnorm.
  test.each([
    [0.5, 0],
    [0.975, 1.959963984540054],
    [0.025, -1.959963984540054],
    [0.01, -2.3263478740408408],
    [0.001, -3.0902323061678132],
    [0.25, -0.6744897501960817],
  ])('of %d', (p, z) => {
    expect(Math.abs(normalQuantile(p) - z)).toBeLessThanOrEqual(4e-15 * Math.abs(z))
  })

  test('far tails keep what 2 p - 1 keeps', () => {
    expect(Math.abs(normalQuantile(1e-7) / -5.199337582192817 - 1)).toBeLessThan(2e-12)
    expect(Math.abs(normalQuantile(1e-12) / -7.034483825302894 - 1)).toBeLessThan(1e-6)
  })

  test.each([0, 1, -0.1, Number.NaN])('refuses %d', (p) => {
    expect(() => normalQuantile(p)).toThrow(RangeError)
  })
})
