import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bettingLogE } from '../../src/stats/betting-evidence.ts'
import { eDetectors } from '../../src/stats/e-detector.ts'
import { logBeta, logIncompleteBeta } from '../../src/stats/log-beta.ts'
import { pairedLogE } from '../../src/stats/paired-evidence.ts'
import { splitLogE } from '../../src/stats/split-evidence.ts'
import { random } from './random.ts'

/** log of the probability of k of n at share p. */
function logBinomial(k: number, n: number, p: number): number {
  return k * Math.log(p) + (n - k) * Math.log1p(-p) - Math.log(n + 1) - logBeta(k + 1, n - k + 1)
}

/** The mean of E over all outcomes of n draws. */
function meanE(n: number, p: number, logE: (k: number) => number): number {
  let sum = 0
  for (let k = 0; k <= n; k++) sum += Math.exp(logE(k) + logBinomial(k, n, p))
  return sum
}

describe('the beta integral', () => {
  test('of whole numbers is the quotient of factorials', () => {
    expect(logBeta(3, 4)).toBeCloseTo(Math.log((2 * 6) / 720), 13)
    expect(logBeta(1, 1)).toBeCloseTo(0, 13)
    expect(logBeta(1, 1e9)).toBeCloseTo(-Math.log(1e9), 13)
  })

  test('of simple cases has its closed form, in the far tails too', () => {
    expect(logIncompleteBeta(0.3, 1, 1)).toBeCloseTo(Math.log(0.3), 13)
    expect(logIncompleteBeta(0.3, 500, 1)).toBeCloseTo(500 * Math.log(0.3) - Math.log(500), 10)
    expect(logIncompleteBeta(0.3, 1, 500)).toBeCloseTo(Math.log(-Math.expm1(500 * Math.log(0.7)) / 500), 12)
    expect(logIncompleteBeta(1e-9, 300, 40)).toBeLessThan(-6000)
  })

  test('below and above any point adds up to the whole', () => {
    const size = fc.double({ min: 0.5, max: 2000, noNaN: true })
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), size, size, (x, a, b) => {
        const whole = logBeta(a, b)
        const parts = Math.exp(logIncompleteBeta(x, a, b) - whole) + Math.exp(logIncompleteBeta(1 - x, b, a) - whole)
        expect(parts).toBeCloseTo(1, 9)
      }),
    )
  })
})

describe('the evidence of a wrong split', () => {
  test('has a mean of exactly 1 when the split is as planned', () => {
    expect(meanE(60, 0.1, (k) => splitLogE([k, 60 - k], [0.1, 0.9], 100))).toBeCloseTo(1, 10)
    expect(meanE(60, 0.5, (k) => splitLogE([k, 60 - k], [0.5, 0.5], 3))).toBeCloseTo(1, 10)
  })

  test('nothing counted is evidence of exactly 1, and the order of arms does not matter', () => {
    expect(splitLogE([0, 0, 0], [0.2, 0.3, 0.5], 100)).toBeCloseTo(0, 12)
    expect(splitLogE([30, 900], [0.05, 0.95], 100)).toBeCloseTo(splitLogE([900, 30], [0.95, 0.05], 100), 11)
  })

  test('a tenth too many of millions is found, and a perfect split of millions is not', () => {
    expect(splitLogE([110_000, 1_890_000], [0.05, 0.95], 100)).toBeGreaterThan(400)
    expect(splitLogE([100_000, 1_900_000], [0.05, 0.95], 100)).toBeLessThan(-4)
  })
})

describe('the evidence of pairs', () => {
  test('has a mean of exactly 1 at the tolerated share and less below it', () => {
    const null55 = { theta0: 0.55 }
    expect(meanE(50, 0.55, (b) => pairedLogE(b, 50 - b, null55))).toBeCloseTo(1, 10)
    expect(meanE(50, 0.45, (b) => pairedLogE(b, 50 - b, null55))).toBeLessThan(0.5)
  })

  test('one more pair against the canary is more, one more for it is less', () => {
    const count = fc.integer({ min: 0, max: 3000 })
    fc.assert(
      fc.property(count, count, fc.double({ min: 0.05, max: 0.95, noNaN: true }), (b, c, theta0) => {
        const at = pairedLogE(b, c, { theta0 })
        expect(pairedLogE(b + 1, c, { theta0 })).toBeGreaterThan(at - 1e-9)
        expect(pairedLogE(b, c + 1, { theta0 })).toBeLessThan(at + 1e-9)
      }),
    )
  })
})

describe('betting on a mean', () => {
  test('has a mean of exactly 1 when the mean is the tolerated one', () => {
    const stake = 0.4
    const delta = 0.1
    // Steps of +1 with probability 0.55 and -1 otherwise have the mean 0.1.
    const logE = (k: number): number => bettingLogE([...Array(k).fill(1), ...Array(30 - k).fill(-1)], delta, stake)
    expect(meanE(30, 0.55, logE)).toBeCloseTo(1, 10)
  })

  test('a stake that could lose more than all is refused', () => {
    expect(() => bettingLogE([1], 0.25, 0.8)).toThrow('below 0.8, got 0.8')
    expect(() => bettingLogE([1], 0, -0.1)).toThrow('got -0.1')
    expect(() => bettingLogE([1], 0, Number.NaN)).toThrow('got NaN')
  })
})

describe('detectors of a change', () => {
  test('CUSUM is never above Shiryaev-Roberts, and neither forgets a change by what was before', () => {
    const values = fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(values, (eValues) => {
        const { shiryaevRoberts, cusum } = eDetectors(eValues)
        expect(cusum.every((value, t) => value <= shiryaevRoberts[t]!)).toBe(true)
        const later = eDetectors([0, ...eValues])
        expect(later.cusum.slice(1)).toEqual(cusum)
        expect(later.shiryaevRoberts.slice(1)).toEqual(shiryaevRoberts)
      }),
    )
  })

  test('without a change alarm within T observations in at most a share T / threshold of all runs', () => {
    const length = 60
    const threshold = 600
    let alarms = 0
    for (let run = 0; run < 1500; run++) {
      const source = random(31_000 + run)
      // The likelihood ratio of N(0.7, 1) against N(0, 1).
      const eValues = Array.from({ length }, () => Math.exp(0.7 * source.normal() - 0.245))
      if (Math.max(...eDetectors(eValues).shiryaevRoberts) >= threshold) alarms++
    }
    expect(alarms / 1500).toBeLessThanOrEqual(length / threshold)
    expect(alarms).toBeGreaterThan(0)
  })
})
