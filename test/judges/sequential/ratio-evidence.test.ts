import { describe, expect, test } from 'vitest'
import {
  harmEvidence,
  harmlessEvidence,
  logEvidence,
  withBlock,
} from '../../../src/judges/sequential/ratio-evidence.ts'
import { ratioPrior } from '../../../src/stats/ratio-process.ts'

const block = [{ xc: 90, nc: 1000, xb: 30, nb: 1000 }]

describe('evidence under several priors', () => {
  test('is the least of them, in both directions', () => {
    const priors = [ratioPrior(0.1), ratioPrior(0.3)]
    for (const start of [harmEvidence(1.25), harmlessEvidence(8)]) {
      const evidence = [block, block, block].reduce(withBlock, start)
      const each = priors.map((prior) => logEvidence(evidence, [prior]))
      expect(each[0]).toBeGreaterThan(each[1]!)
      expect(logEvidence(evidence, priors)).toBe(each[1])
    }
  })

  test('counts as 1 while there is no prior', () => {
    expect(logEvidence(withBlock(harmEvidence(1.25), block), [])).toBe(0)
  })

  test('a look at the open block leaves the closed ones as they are', () => {
    const evidence = withBlock(harmEvidence(1.25), block)
    const before = [...evidence.closed]
    withBlock(evidence, block)
    expect([...evidence.closed]).toEqual(before)
  })
})
