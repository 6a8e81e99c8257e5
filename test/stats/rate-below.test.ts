import { describe, expect, test } from 'vitest'
import { rateBelowLogE } from '../../src/stats/rate-below.ts'
import { random } from './random.ts'

describe('the proof that a rate is below a floor', () => {
  test('nothing observed is evidence of exactly 1', () => {
    expect(rateBelowLogE(0, 0, 0.005, 2)).toBeCloseTo(0, 12)
  })

  test('about 1,290 requests without an error prove a rate below half a per cent at 5%', () => {
    expect(rateBelowLogE(0, 1250, 0.005, 2)).toBeLessThan(Math.log(20))
    expect(rateBelowLogE(0, 1300, 0.005, 2)).toBeGreaterThan(Math.log(20))
  })

  test('a rate below the floor, but not zero, is proven with more requests', () => {
    expect(rateBelowLogE(5, 5000, 0.005, 2)).toBeGreaterThan(Math.log(20))
  })

  test('a rate exactly at the floor is proven at most as often as promised', () => {
    let proven = 0
    for (let run = 0; run < 400; run++) {
      const source = random(run)
      let x = 0
      for (let look = 1; look <= 100; look++) {
        x += source.poisson(200 * 0.005)
        if (rateBelowLogE(x, 200 * look, 0.005, 1) >= Math.log(20)) {
          proven++
          break
        }
      }
    }
    expect(proven / 400).toBeLessThanOrEqual(0.05)
    expect(proven).toBeGreaterThan(0)
  })
})
