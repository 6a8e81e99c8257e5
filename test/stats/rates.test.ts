import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rateBand } from '../../src/stats/rate-band.ts'
import { roughRateRatio } from '../../src/stats/rough-rate-ratio.ts'

const counts = fc
  .tuple(fc.nat(1e6), fc.nat(1e6))
  .map(([a, b]) => ({ errors: Math.min(a, b), requests: Math.max(a, b) + 1 }))

describe('the band of a rate', () => {
  it('holds the measured share and stays within 0 and 1', () => {
    fc.assert(
      fc.property(counts, ({ errors, requests }) => {
        const { low, high } = rateBand(errors, requests)
        expect(low).toBeGreaterThanOrEqual(0)
        expect(high).toBeLessThanOrEqual(1)
        expect(low).toBeLessThanOrEqual(errors / requests)
        expect(high).toBeGreaterThanOrEqual(errors / requests)
      }),
    )
  })

  it('without an error ends where (1 - p)^n = 0.05 / (n + 1)', () => {
    const { low, high } = rateBand(0, 1000)
    expect(low).toBe(0)
    expect(high).toBeCloseTo(1 - (0.05 / 1001) ** (1 / 1000), 9)
  })

  it('of two requests solves p (1 - p) = 0.05 / 6', () => {
    const { low, high } = rateBand(1, 2)
    expect(low).toBeCloseTo((1 - Math.sqrt(1 - 4 * (0.05 / 6))) / 2, 8)
    expect(high).toBeCloseTo((1 + Math.sqrt(1 - 4 * (0.05 / 6))) / 2, 8)
  })

  it('misses the true rate at any of 400 looks in fewer than 5% of 400 runs', () => {
    let state = 20261121
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state / 2 ** 32
    }
    let missed = 0
    for (let run = 0; run < 400; run++) {
      let errors = 0
      for (let look = 1; look <= 400; look++) {
        errors += random() < 0.03 ? 1 : 0
        const { low, high } = rateBand(errors, look)
        if (low > 0.03 || high < 0.03) {
          missed++
          break
        }
      }
    }
    expect(missed).toBeLessThan(20)
  })

  it('knows nothing without requests', () => {
    expect(rateBand(0, 0)).toEqual({ low: 0, high: 1 })
  })
})

describe('a rough interval of the ratio of two rates', () => {
  it('of 170 of 1,140 against 232 of 21,760 lies beyond the margin', () => {
    const effect = roughRateRatio({ errors: 232, requests: 21760 }, { errors: 170, requests: 1140 })
    expect(effect.ratio).toBeCloseTo(13.99, 2)
    expect(effect.low).toBeGreaterThan(10)
    expect(effect.high).toBeLessThan(20)
  })

  it('is open while one version has no error', () => {
    const none = { errors: 0, requests: 900 }
    const some = { errors: 12, requests: 900 }
    expect(roughRateRatio(none, some)).toEqual({ ratio: null, low: 0, high: null })
    expect(roughRateRatio(some, none)).toEqual({ ratio: null, low: 0, high: null })
  })

  it('narrows with more requests', () => {
    const width = (factor: number) => {
      const { low, high } = roughRateRatio(
        { errors: 20 * factor, requests: 4000 * factor },
        { errors: 5 * factor, requests: 1000 * factor },
      )
      return Math.log(high! / low)
    }
    expect(width(10)).toBeLessThan(width(1))
  })
})
