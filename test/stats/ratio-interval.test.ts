import { describe, expect, test } from 'vitest'
import { intervalPriors, ratioInterval } from '../../src/stats/ratio-interval.ts'
import { addBlock, blockLogLikelihood, noEvidence, ratioModel, type Stratum } from '../../src/stats/ratio-process.ts'
import { random } from './random.ts'

const model = ratioModel(1.25, { sigb: 0.2, eps: 0.02, phi: 2 })
const tau = 0.2 * Math.sqrt(2 / 3)
const priors = intervalPriors(tau)

function evidenceOf(blocks: readonly Stratum[]): Float64Array {
  return blocks.reduce((evidence, block) => addBlock(evidence, blockLogLikelihood(model, [block])), noEvidence())
}

describe('the time-uniform interval of the ratio', () => {
  test('nothing observed leaves both ends open', () => {
    expect(ratioInterval(noEvidence(), 1.25, priors, 0.95)).toEqual({ low: 0, high: null })
  })

  test('no baseline events leave the upper end open', () => {
    const block = { xc: 40, nc: 1000, xb: 0, nb: 1000 }
    const { low, high } = ratioInterval(evidenceOf([block, block, block]), 1.25, priors, 0.95)
    expect(low).toBeGreaterThan(1)
    expect(high).toBeNull()
  })

  test('no canary events leave the lower end open', () => {
    const block = { xc: 0, nc: 1000, xb: 40, nb: 1000 }
    const { low, high } = ratioInterval(evidenceOf([block, block, block]), 1.25, priors, 0.95)
    expect(low).toBe(0)
    expect(high).toBeLessThan(1)
  })

  test('contains the ratio and shrinks with more blocks', () => {
    const block = { xc: 60, nc: 1000, xb: 20, nb: 1000 }
    const few = ratioInterval(evidenceOf(Array(3).fill(block)), 1.25, priors, 0.95)
    const many = ratioInterval(evidenceOf(Array(30).fill(block)), 1.25, priors, 0.95)
    for (const { low, high } of [few, many]) {
      expect(low).toBeLessThan(3)
      expect(high).toBeGreaterThan(3)
    }
    expect(many.low).toBeGreaterThan(few.low)
    expect(many.high!).toBeLessThan(few.high!)
  })

  test('stays finite on counts that dwarf the range of doubles', () => {
    const block = { xc: 25_000, nc: 4_750_000, xb: 25_000, nb: 4_750_000 }
    const { low, high } = ratioInterval(evidenceOf(Array(20).fill(block)), 1.25, priors, 0.95)
    expect(low).toBeGreaterThan(0.5)
    expect(low).toBeLessThan(1)
    expect(high).toBeGreaterThan(1)
    expect(high).toBeLessThan(2)
  })

  test('covers the true ratio at all looks of at least 95% of simulated releases', () => {
    let missed = 0
    const runs = 120
    for (let run = 0; run < runs; run++) {
      const source = random(900 + run)
      const podEffect = Math.exp(tau * source.normal())
      let evidence = noEvidence()
      for (let block = 0; block < 20; block++) {
        const xc = source.poisson(15 * 2 * podEffect * Math.exp(0.2 * source.normal()))
        const strata = [{ xc, nc: 1000, xb: source.poisson(15), nb: 1000 }]
        evidence = addBlock(evidence, blockLogLikelihood(model, strata))
        const { low, high } = ratioInterval(evidence, 1.25, priors, 0.95)
        if (low > 2 || (high !== null && high < 2)) {
          missed++
          break
        }
      }
    }
    expect(missed / runs).toBeLessThanOrEqual(0.05)
  })
})
