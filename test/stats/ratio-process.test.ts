import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addBlock,
  blockLogLikelihood,
  noEvidence,
  type RatioModel,
  type RatioPrior,
  ratioLogE,
  ratioModel,
  ratioPrior,
  type Stratum,
  swapArms,
} from '../../src/stats/ratio-process.ts'
import { sprtLogE } from '../../src/stats/sprt.ts'
import { random } from './random.ts'

const coldStart = { sigb: 0.2, eps: 0.02, phi: 2 }
const tau = 0.2 * Math.sqrt(1 / 3 + 1 / 3)

const count = fc.integer({ min: 0, max: 100_000 })
const stratum: fc.Arbitrary<Stratum> = fc.record({ xc: count, nc: count, xb: count, nb: count })

function logEOf(strata: readonly Stratum[], model: RatioModel, prior: RatioPrior): number {
  return ratioLogE(addBlock(noEvidence(), blockLogLikelihood(model, strata)), prior)
}

describe('the ratio process', () => {
  const model = ratioModel(1.25, coldStart)
  const prior = ratioPrior(tau)

  test('nothing observed is evidence of exactly 1', () => {
    expect(ratioLogE(noEvidence(), prior)).toBeCloseTo(0, 12)
    expect(blockLogLikelihood(model, [])).toBeNull()
    expect(blockLogLikelihood(model, [{ xc: 0, nc: 500, xb: 0, nb: 500 }])).toBeNull()
  })

  test('a stratum with one arm only changes nothing', () => {
    const whole = [{ xc: 9, nc: 500, xb: 4, nb: 500 }]
    const alone = [
      { xc: 7, nc: 300, xb: 0, nb: 0 },
      { xc: 0, nc: 0, xb: 7, nb: 300 },
    ]
    expect(logEOf([...whole, ...alone], model, prior)).toBe(logEOf(whole, model, prior))
  })

  test('any counts give a finite number', () => {
    fc.assert(
      fc.property(fc.array(stratum, { maxLength: 22 }), (strata) => {
        expect(Number.isFinite(logEOf(strata, model, prior))).toBe(true)
        expect(Number.isFinite(logEOf(swapArms(strata), model, prior))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test('one more canary event never lowers the evidence when pods and bursts are not modelled', () => {
    const plain = ratioModel(1.25, { sigb: 0, eps: 0, phi: 1 })
    const point = ratioPrior(0)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 400 }), (xc, xb) => {
        const at = (events: number): number => logEOf([{ xc: events, nc: 1000, xb, nb: 3000 }], plain, point)
        expect(at(xc + 1)).toBeGreaterThanOrEqual(at(xc) - 1e-9)
      }),
      { numRuns: 60 },
    )
  })

  test('strata with equal splits and rates say the same as their sum', () => {
    const part = { xc: 6, nc: 200, xb: 5, nb: 400 }
    const sum = { xc: 18, nc: 600, xb: 15, nb: 1200 }
    expect(logEOf([part, part, part], model, prior)).toBeCloseTo(logEOf([sum], model, prior), 9)
  })

  test('operations with different rates and a different mix are no harm when stratified, and look like harm when not', () => {
    const strata = [
      { xc: 90, nc: 900, xb: 10, nb: 100 },
      { xc: 1, nc: 100, xb: 9, nb: 900 },
    ]
    const together = [{ xc: 91, nc: 1000, xb: 19, nb: 1000 }]
    expect(logEOf(strata, model, prior)).toBeLessThan(0)
    expect(logEOf(together, model, prior)).toBeGreaterThan(1)
  })

  test('one freak block is a burst, the same excess in four blocks is harm', () => {
    const normal = [{ xc: 1, nc: 250, xb: 24, nb: 4750 }]
    const freak = [{ xc: 40, nc: 250, xb: 24, nb: 4750 }]
    const run = (blocks: readonly (readonly Stratum[])[]): number =>
      ratioLogE(
        blocks.reduce((evidence, block) => addBlock(evidence, blockLogLikelihood(model, block)), noEvidence()),
        prior,
      )
    expect(run([normal, freak, normal, normal])).toBeLessThan(Math.log(2))
    expect(run([freak, freak, freak, freak])).toBeGreaterThan(Math.log(1000))
  })

  test('the mixture lies between the best and the worst of the tests that it mixes', () => {
    const plain = ratioModel(1.25, { sigb: 0, eps: 0, phi: 1 })
    const block = { xc: 30, nc: 500, xb: 95, nb: 9500 }
    const mixed = Array.from({ length: 45 }, (_, k) => sprtLogE(block, 1.25 * Math.exp((k + 1) * 0.1), 1.25, 1))
    const logE = logEOf([block], plain, ratioPrior(0))
    expect(logE).toBeLessThan(Math.max(...mixed))
    expect(logE).toBeGreaterThan(Math.min(...mixed))
  })
})

/** Shares of `runs` simulated releases whose evidence ever reaches 1 / alpha, looked at after every block. */
function crossingShare(options: {
  readonly runs: number
  readonly blocks: number
  readonly ratio: number
  readonly r0: number
  readonly alpha: number
  readonly seed: number
  readonly isPromote?: boolean
  readonly perBlock: number
}): number {
  const { ratio, r0, alpha, isPromote = false, perBlock } = options
  const model = ratioModel(isPromote ? 1 / r0 : r0, coldStart)
  const prior = ratioPrior(tau)
  let crossed = 0
  for (let run = 0; run < options.runs; run++) {
    const source = random(options.seed + run)
    const podEffect = Math.exp(tau * source.normal())
    let evidence = noEvidence()
    for (let block = 0; block < options.blocks; block++) {
      const drift = 1 + 0.4 * Math.sin(block / 7)
      const jitter = Math.exp(0.2 * source.normal()) * (source.uniform() < 0.01 ? 8 : 1)
      const x = (rate: number): number =>
        source.poisson((rate * drift) / 1.5) + Math.round(0.5 * source.poisson((rate * drift) / 1.5))
      const strata = [{ xc: x(perBlock * ratio * podEffect * jitter), nc: 1000, xb: x(perBlock), nb: 1000 }]
      evidence = addBlock(evidence, blockLogLikelihood(model, isPromote ? swapArms(strata) : strata))
      if (ratioLogE(evidence, prior) >= -Math.log(alpha)) {
        crossed++
        break
      }
    }
  }
  return crossed / options.runs
}

describe('rates over simulated releases with pod effects, bursts, clumps and drift', () => {
  const common = { runs: 300, blocks: 40, perBlock: 15 }

  test('a canary like its baseline is hardly ever called harmful', () => {
    expect(crossingShare({ ...common, ratio: 1, r0: 1.25, alpha: 0.01, seed: 1 })).toBeLessThanOrEqual(0.01)
  })

  test('a canary exactly on the margin is called harmful at most about as often as promised', () => {
    expect(crossingShare({ ...common, ratio: 1.25, r0: 1.25, alpha: 0.01, seed: 2 })).toBeLessThanOrEqual(0.02)
  })

  test('ten times the errors are found', () => {
    expect(crossingShare({ ...common, ratio: 10, r0: 1.25, alpha: 0.01, seed: 3 })).toBeGreaterThanOrEqual(0.99)
  })

  test('a canary exactly on the promote margin is promoted at most as often as promised', () => {
    const share = crossingShare({ ...common, ratio: 2, r0: 2, alpha: 0.05, seed: 4, isPromote: true })
    expect(share).toBeLessThanOrEqual(0.05)
  })

  test('a healthy canary is promoted', () => {
    const share = crossingShare({ ...common, ratio: 1, r0: 3, alpha: 0.05, seed: 5, isPromote: true })
    expect(share).toBeGreaterThanOrEqual(0.95)
  })
})
