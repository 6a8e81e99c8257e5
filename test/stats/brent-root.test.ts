import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { brentRoot } from '../../src/stats/brent-root.ts'

function solve(f: (x: number) => number, a: number, b: number, tolerance: number): { root: number; calls: number } {
  let calls = 0
  const counted = (x: number): number => {
    calls++
    return f(x)
  }
  return { root: brentRoot(counted, { a, b, fa: f(a), fb: f(b) }, tolerance), calls }
}

describe("Brent's method", () => {
  test.each([
    ['x^3 - 2 x - 5 (Wallis)', (x: number) => x ** 3 - 2 * x - 5, 2, 3, 2.0945514815423265],
    ['cos x - x', (x: number) => Math.cos(x) - x, 0, 1, 0.7390851332151607],
    ['e^x - 2', (x: number) => Math.exp(x) - 2, -10, 10, Math.LN2],
  ])('%s', (_, f, a, b, expected) => {
    const { root, calls } = solve(f, a, b, 1e-12)
    expect(Math.abs(root - expected)).toBeLessThan(1e-12)
    expect(calls).toBeLessThan(25)
  })

  test('a root at an end is returned as it is', () => {
    expect(solve((x) => x, 0, 1, 1e-4)).toEqual({ root: 0, calls: 0 })
    expect(solve((x) => x - 1, 0, 1, 1e-4)).toEqual({ root: 1, calls: 0 })
  })

  test('the tolerance is absolute: a bracket within it is not searched', () => {
    expect(solve((x) => x - 3e-5, 0, 4e-5, 1e-4).calls).toBe(0)
  })

  test('finds the step of a staircase', () => {
    fc.assert(
      fc.property(fc.double({ min: -99, max: 99, noNaN: true }), (edge) => {
        const { root } = solve((x) => (x < edge ? 1 : -1), -100, 100, 1e-4)
        expect(Math.abs(root - edge)).toBeLessThanOrEqual(1e-4)
      }),
    )
  })

  test('without a change of sign it still ends', () => {
    expect(Number.isFinite(solve(() => 1, 0, 1, 1e-4).root)).toBe(true)
  })
})
