import { describe, expect, test } from 'vitest'
import { judgeWindows } from '../../../src/judges/windows/judge-windows.ts'
import { type Minute, shopMinute } from './shop.ts'

const calm = [1, 2, 3, 4, 5, 6].map((seed) => shopMinute({ seed }))

function judge(canary: Omit<Minute, 'seed'>, baseline = calm) {
  return judgeWindows({ service: 'price', canary: shopMinute({ seed: 99, ...canary }), baseline })
}

function familyOf(judgement: ReturnType<typeof judge>, family: string) {
  return judgement.families.find((one) => one.family === family)
}

describe('judging a window against windows', () => {
  test.each([
    ['a slow way into the service', { delayMs: 20 }, 'net'],
    ['more work of its own', { workMs: 30 }, 'self'],
    ['a busy pod', { cpu: 90 }, 'cpu'],
    ['a message that vanished', { silent: 1 }, 'log'],
    ['callers that give up', { broken: 1 }, 'callers'],
  ])('%s is rolled back by its own family', (_, fault, family) => {
    const judgement = judge(fault)
    expect(judgement).toMatchObject({ decision: 'rollback', reason: 'regression' })
    const strongest = judgement.families.reduce((most, one) => (one.logE > most.logE ? one : most))
    expect(strongest.family).toBe(family)
  })

  test('twenty minutes without a fault are promoted, whatever their load', () => {
    for (let seed = 100; seed < 120; seed++) {
      const canary = shopMinute({ seed, requests: 10 + 8 * (seed - 100) })
      const judgement = judgeWindows({ service: 'price', canary, baseline: calm })
      expect(judgement).toMatchObject({ decision: 'promote', reason: 'no-regression' })
    }
  })

  test('a change for the better is no regression', () => {
    expect(judge({ cpu: 5 }).decision).toBe('promote')
    const slow = [1, 2, 3, 4, 5, 6].map((seed) => shopMinute({ seed, delayMs: 30 }))
    expect(judge({}, slow).decision).toBe('promote')
  })

  test('one minute against one minute is not enough, unless it is overwhelming', () => {
    expect(judge({ delayMs: 20, requests: 8 }, calm.slice(0, 1))).toMatchObject({ decision: 'hold' })
    expect(judge({}, calm.slice(0, 1))).toMatchObject({ decision: 'hold', reason: 'not-enough-evidence' })
    const loud = shopMinute({ seed: 1, requests: 2000 })
    const quiet = shopMinute({ seed: 2, requests: 2000, silent: 1, delayMs: 100 })
    expect(judgeWindows({ service: 'price', canary: quiet, baseline: [loud] }).decision).toBe('rollback')
  })

  test('missing traces neither convict nor acquit', () => {
    const judgement = judge({ hasTraces: false })
    expect(judgement.families.map(({ family }) => family)).toEqual(['cpu'])
    expect(judgement).toMatchObject({ decision: 'hold', reason: 'not-enough-evidence' })
    expect(judge({ hasTraces: false, cpu: 90 }).decision).toBe('rollback')
  })

  test('baseline windows that already hold the fault are left out, and the canary has no say in it', () => {
    const dirty = [...calm.slice(0, 4), shopMinute({ seed: 7, silent: 1 }), shopMinute({ seed: 8, silent: 1 })]
    expect(familyOf(judge({ silent: 1 }, dirty), 'log')?.kept).toEqual([0, 1, 2, 3])
    expect(familyOf(judge({}, dirty), 'log')?.kept).toEqual([0, 1, 2, 3])
    expect(judge({ silent: 1 }, dirty).decision).toBe('rollback')
  })

  test('the order of the baseline windows does not matter', () => {
    expect(judge({ delayMs: 3 }, calm.toReversed()).logE).toBeCloseTo(judge({ delayMs: 3 }).logE, 9)
  })

  test('no baseline window and too many are errors', () => {
    expect(() => judge({}, [])).toThrow('expected 1 to 6 baseline windows, got 0')
    expect(() => judge({}, [...calm, ...calm])).toThrow('got 12')
  })
})
