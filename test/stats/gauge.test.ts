import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asymptoticHalfWidths } from '../../src/stats/asymptotic-interval.ts'
import { gaugeLogE } from '../../src/stats/gauge-evidence.ts'
import { gaugeProcess } from '../../src/stats/gauge-process.ts'
import { logScaledNormal } from '../../src/stats/log-scaled-normal.ts'
import { random } from './random.ts'

describe('the scaled logarithm of the normal distribution', () => {
  test('has the known values at 0, at both ends and where the method changes', () => {
    expect(logScaledNormal(0)).toBeCloseTo(-Math.LN2, 14)
    // Abramowitz & Stegun, table 26.1: Phi(1.96), Phi(-3), Phi(3).
    expect(logScaledNormal(1.96)).toBeCloseTo(1.96 ** 2 / 2 + Math.log(0.97500210485177952), 13)
    expect(logScaledNormal(-3)).toBeCloseTo(4.5 + Math.log(0.0013498980316300946), 13)
    expect(logScaledNormal(-3 + 1e-12)).toBeCloseTo(logScaledNormal(-3), 11)
    expect(logScaledNormal(3)).toBeCloseTo(4.5 + Math.log1p(-0.0013498980316300946), 13)
    expect(logScaledNormal(40)).toBe(800)
    expect(logScaledNormal(-1e9)).toBeCloseTo(-Math.log(1e9) - 0.5 * Math.log(2 * Math.PI), 12)
  })

  test('both tails add up to 1', () => {
    fc.assert(
      fc.property(fc.double({ min: -20, max: 20, noNaN: true }), (x) => {
        const mass = (at: number): number => Math.exp(logScaledNormal(at) - at ** 2 / 2)
        expect(mass(x) + mass(-x)).toBeCloseTo(1, 13)
      }),
    )
  })
})

const noise = { v: 0.0009, tau: 0.058, rho: 0.25 }

/** The mean of E when d is normal around `mean` with the null's variance, by the trapezoid rule. */
function expectedE(mean: number): number {
  const sd = Math.sqrt(noise.v + noise.tau ** 2)
  const step = sd / 50
  let sum = 0
  for (let d = mean - 12 * sd; d < 3; d += step) {
    const logDensity = -0.5 * ((d - mean) / sd) ** 2 - Math.log(sd * Math.sqrt(2 * Math.PI))
    sum += Math.exp(logDensity + gaugeLogE({ d, ...noise })) * step
  }
  return sum
}

describe('the evidence of a gauge', () => {
  test('has a mean of exactly 1 at the tolerance and less below it', () => {
    expect(expectedE(0)).toBeCloseTo(1, 9)
    expect(expectedE(-0.05)).toBeLessThan(0.7)
    expect(expectedE(0.05)).toBeGreaterThan(1.5)
  })

  test('a higher level is never less evidence', () => {
    const level = fc.double({ min: -1e3, max: 1e3, noNaN: true })
    fc.assert(
      fc.property(level, fc.double({ min: 0, max: 1e3, noNaN: true }), (d, more) => {
        const at = gaugeLogE({ d, ...noise })
        expect(Number.isFinite(at)).toBe(true)
        expect(gaugeLogE({ d: d + more, ...noise })).toBeGreaterThanOrEqual(at - 1e-9 * Math.abs(at))
      }),
    )
  })
})

describe('the gauge process', () => {
  test('without blocks knows nothing', () => {
    const none = gaugeProcess([], { a: 0.5, s2: 0.01, tau: 0, delta: 0.05, rho: 0.25 })
    expect(none).toEqual({ information: 0, mean: null, logE: [] })
  })

  test('without correlation is the plain mean of the blocks', () => {
    const { information, mean } = gaugeProcess([0.1, 0.2, 0.6], { a: 0, s2: 0.02, tau: 0.1, delta: 0, rho: 0.25 })
    expect(information).toBeCloseTo(150, 10)
    expect(mean).toBeCloseTo(0.3, 12)
  })

  test('a canary exactly at the tolerance is called harmful in at most 5% of correlated series at a budget of 5%', () => {
    const history = { a: 0.7, s2: 0.003, tau: 0.08 }
    let crossed = 0
    for (let run = 0; run < 600; run++) {
      const source = random(7000 + run)
      const level = Math.log1p(0.05) + history.tau * source.normal()
      let deviation = source.normal() * Math.sqrt(history.s2 / (1 - history.a ** 2))
      const blocks = Array.from({ length: 60 }, (_, t) => {
        if (t > 0) deviation = history.a * deviation + Math.sqrt(history.s2) * source.normal()
        return level + deviation
      })
      const { logE } = gaugeProcess(blocks, { ...history, delta: 0.05, rho: 0.25 })
      if (Math.max(...logE) >= Math.log(20)) crossed++
    }
    expect(crossed / 600).toBeLessThanOrEqual(0.05)
    expect(crossed).toBeGreaterThan(0)
  })
})

describe('the asymptotic interval', () => {
  test('is narrower on one side than on two, and shrinks with more observations', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0.001, max: 0.2, noNaN: true }), (t, alpha) => {
        const now = asymptoticHalfWidths(t, 1, 0.05, alpha)
        const later = asymptoticHalfWidths(2 * t, 1, 0.05, alpha)
        expect(now.oneSided).toBeLessThan(now.twoSided)
        expect(later.twoSided).toBeLessThan(now.twoSided)
        expect(later.oneSided).toBeLessThan(now.oneSided)
      }),
    )
  })
})
