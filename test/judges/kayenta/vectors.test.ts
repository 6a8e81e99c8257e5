import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { runVectors } from '../../../load/run-vectors.ts'

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'))
}

type Case = { id: string; kind: string; computed: Record<string, unknown> }

const fuzz = read('kayenta-judge-fuzz.json') as Case[]

describe("outputs of Kayenta's own judge", () => {
  test('150 random pairs: every label, reason, ratio, interval and estimate', () => {
    const report = runVectors(fuzz)
    expect(report.differences).toEqual([])
    expect(report).toMatchObject({ cases: 150, mismatches: 0, skipped: {} })
    expect(report.worstRelativeError).toBeLessThanOrEqual(1e-12)
  })
})

describe('the runner', () => {
  test('names the vector and the figure that differ', () => {
    const [first] = fuzz
    const wrong = {
      ...first!,
      computed: { ...first!.computed, ciLower: (first!.computed.ciLower as number) * (1 + 1e-9) },
    }
    const report = runVectors([wrong])
    expect(report).toMatchObject({ cases: 1, mismatches: 1 })
    expect(report.differences).toEqual([
      expect.stringMatching(/^fuzz0: ciLower: expected -393.758\d+, got -393.758\d+$/),
    ])
    expect(report.worstRelativeError).toBeCloseTo(1e-9, 12)
  })

  test('sees a wrong label, a missing number and a case that throws', () => {
    const [first] = fuzz
    const computed = { ...first!.computed, classification: 'High', ciUpper: 'NaN' }
    expect(runVectors([{ ...first!, computed }]).differences).toHaveLength(2)
    expect(runVectors([{ ...first!, experiment: null }]).mismatches).toBe(1)
    expect(runVectors([{ id: 'x', kind: 'zq', p: 0.5 }]).differences).toEqual([
      'x: threw neither computed nor expected is there',
    ])
  })

  test('takes the vectors of the sequential tests, as a list or in their file', () => {
    const vectors = [
      { id: 'half', kind: 'combine', input: { logE: [Math.log(3)], w: [0.5] }, expected: { logE: Math.log(2) } },
      { id: 'later', kind: 'unknown', input: {}, expected: {} },
    ]
    expect(runVectors(vectors)).toMatchObject({ cases: 1, mismatches: 0, skipped: { unknown: 1 } })
    const wrong = { ...vectors[0]!, expected: { logE: 0.7 } }
    expect(runVectors({ vectors: [wrong] })).toMatchObject({ cases: 1, mismatches: 1 })
  })

  test('refuses a file of another shape', () => {
    expect(() => runVectors({ cases: [] })).toThrow(/expected a list of cases.*got keys cases/)
    expect(() => runVectors(null)).toThrow(/got null/)
  })
})
