import { describe, expect, test } from 'vitest'
import { fitSummary, quantileName, shortName, shortVersion } from '../../../src/judges/sequential/words.ts'
import { concludeAll, failing, rollout, trialContext } from '../rollout.ts'

describe('sentences', () => {
  test('long versions keep their first 12 and last 6 characters', () => {
    expect(shortVersion('2.4.1')).toBe('2.4.1')
    expect(shortVersion('2.4.1-feature-checkout-redesign.20261121')).toBe('2.4.1-featur…261121')
    expect([...shortName('x'.repeat(200))]).toHaveLength(40)
  })

  test('the longest sentence that fits is taken, and the last one is cut', () => {
    expect(fitSummary(['a'.repeat(141), 'b'.repeat(140)])).toBe('b'.repeat(140))
    expect([...fitSummary(['é'.repeat(300)])]).toHaveLength(140)
  })

  test('quantiles are named as people say them', () => {
    expect([0.5, 0.95, 0.99, 0.999].map(quantileName)).toEqual(['p50', 'p95', 'p99', 'p99.9'])
  })

  test('names of 200 characters leave a sentence of at most 140 that still says how much', () => {
    const long = 'x'.repeat(200)
    const context = trialContext({ service: long, canaryLabel: `${long}-new`, baselineLabel: `${long}-old` })
    const last = concludeAll(rollout({ seed: 3, seconds: 90, canary: { operations: failing(0.12) } }), context).at(-1)!
    expect([...last.reason.summary].length).toBeLessThanOrEqual(140)
    expect(last.reason.summary).toMatch(/fails 1[\d.]+% of requests against/)
  })

  test('every detail has at most three sentences', () => {
    const looks = [
      ...concludeAll(rollout({ seed: 3, seconds: 90, canary: { operations: failing(0.12) } })),
      ...concludeAll(rollout({ seed: 11, seconds: 120 })),
    ]
    for (const { reason } of looks) {
      expect(reason.detail.split(/\.(?: |$)/).filter((sentence) => sentence !== '').length).toBeLessThanOrEqual(3)
      expect(reason.detail).not.toBe('')
    }
  })
})
