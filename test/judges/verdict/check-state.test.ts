import { describe, expect, test } from 'vitest'
import type { CheckReport } from '../../../src/domain/check.ts'
import { checkStates, type DatedCheck } from '../../../src/judges/verdict/check-state.ts'

const check = (name: string, report: CheckReport, more: Partial<DatedCheck> = {}): DatedCheck => ({
  ...{ name, report, arm: 'canary', url: null, by: 'ci', at: '2026-11-21T10:00:00Z' },
  ...more,
})
const tests = (failures: number, more: Partial<Extract<CheckReport, { kind: 'tests' }>> = {}): CheckReport => ({
  ...{ kind: 'tests', tests: 31, skipped: 0, failures },
  failed: Array.from({ length: failures }, (_, i) => `t${i}`),
  ...more,
})
const scan = (...ids: readonly string[]): CheckReport => ({
  ...{ kind: 'vulnerabilities', found: 9 },
  critical: ids.map((id) => ({ id, package: 'openssl' })),
})
const told = (checks: readonly DatedCheck[], inherited: readonly DatedCheck[] = []) =>
  checkStates(checks, inherited).map(({ name, passed, summary }) => [name, passed, summary])

describe('checks', () => {
  test('the newest report of a name counts', () => {
    expect(told([check('smoke', tests(5)), check('smoke', tests(0))])).toEqual([['smoke', true, '31 tests passed.']])
    expect(told([check('smoke', tests(0)), check('smoke', tests(5))])).toEqual([
      ['smoke', false, '5 of 31 tests failed: t0, t1, t2 and 2 more.'],
    ])
  })

  test('of which every test was skipped are no pass', () => {
    expect(told([check('smoke', tests(0, { skipped: 31 }))])).toEqual([['smoke', false, 'All 31 tests were skipped.']])
  })

  test('a critical vulnerability fails when it is new against the baseline', () => {
    const baseline = check('image', scan('CVE-1'), { arm: 'baseline' })
    expect(told([baseline, check('image', scan('CVE-1'))])).toEqual([
      ['image', true, '9 vulnerabilities; every critical one is in the baseline too.'],
    ])
    expect(told([check('image', scan('CVE-1', 'CVE-2')), baseline])).toEqual([
      ['image', false, '1 new critical vulnerability: CVE-2 in openssl.'],
    ])
    expect(told([check('image', scan('CVE-1'))], [check('image', scan('CVE-1'))])[0]?.[1]).toBe(true)
  })

  test('without a report of the baseline every critical one is new, and it is said', () => {
    expect(told([check('image', scan('CVE-1'))])).toEqual([
      [
        'image',
        false,
        '1 new critical vulnerability, and there is no report of the baseline to compare with: CVE-1 in openssl.',
      ],
    ])
    expect(told([check('image', scan())])[0]?.[1]).toBe(true)
  })

  test('what Davy finds out by asking the canary is a probe', () => {
    const report = { kind: 'result', passed: false, summary: 'no answer' } as const
    const kinds = checkStates([check('health', report, { by: 'davy' }), check('manual', report)])
    expect(kinds.map(({ kind }) => kind)).toEqual(['probe', 'result'])
  })

  test('a report of somebody else lifts the hold of no probe, whichever came first', () => {
    const report = (passed: boolean) => ({ kind: 'result', passed, summary: '' }) as const
    const probe = check('health', report(false), { by: 'davy' })
    const passed = check('health', report(true))
    for (const checks of [
      [probe, passed],
      [passed, probe],
    ]) {
      const states = checkStates(checks).map(({ name, kind, passed: isPassed }) => [name, kind, isPassed])
      expect(states.sort()).toEqual([
        ['health', 'probe', false],
        ['health', 'result', true],
      ])
    }
    expect(
      told([probe, passed, check('health', report(true), { by: 'davy' })]).map(([, isPassed]) => isPassed),
    ).toEqual([true, true])
  })

  test('a report of the baseline alone is no check', () => {
    expect(told([check('image', scan('CVE-1'), { arm: 'baseline' })])).toEqual([])
  })
})
