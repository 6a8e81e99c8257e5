import { expect, test } from 'vitest'
import { type K6Summary, k6Findings } from '../../load/summary/k6-findings.ts'

const trend = (values: Record<string, number>, thresholds: Record<string, { ok: boolean }>) =>
  ({ type: 'trend', contains: 'time', values, thresholds }) as const

function summary(metrics: K6Summary['metrics'], checks: K6Summary['root_group']['checks'] = []): K6Summary {
  return { metrics, root_group: { checks, groups: [] }, state: { testRunDurationMs: 1000 } }
}

test('each threshold stands beside what was measured, with its unit', () => {
  const findings = k6Findings(
    summary({
      'http_req_duration{kind:gate}': trend(
        { count: 8, 'p(99)': 12.345, max: 1234.5 },
        {
          'p(99)<20': { ok: true },
          'max<1000': { ok: false },
        },
      ),
      http_req_failed: {
        type: 'rate',
        contains: 'default',
        values: { rate: 0.25, passes: 1, fails: 3 },
        thresholds: { 'rate==0': { ok: false } },
      },
      iterations: { type: 'counter', contains: 'default', values: { count: 4 } },
    }),
  )
  expect(findings).toEqual([
    { what: 'http_req_duration{kind:gate}, p(99)', measured: '12.3 ms', limit: '< 20 ms', isKept: true },
    { what: 'http_req_duration{kind:gate}, max', measured: '1235 ms', limit: '< 1000 ms', isKept: false },
    { what: 'http_req_failed, rate', measured: '0.250', limit: '== 0', isKept: false },
  ])
})

test('a threshold over nothing does not hold, whatever k6 says; a counter that stayed at 0 does', () => {
  const findings = k6Findings(
    summary({
      'http_req_duration{kind:gate}': trend({ count: 0, 'p(99)': 0 }, { 'p(99)<20': { ok: true } }),
      'http_req_failed{kind:gate}': {
        type: 'rate',
        contains: 'default',
        values: { rate: 0, passes: 0, fails: 0 },
        thresholds: { 'rate==0': { ok: true } },
      },
      dropped_iterations: {
        type: 'counter',
        contains: 'default',
        values: { count: 0, rate: 0 },
        thresholds: { 'count==0': { ok: true } },
      },
    }),
  )
  expect(findings.map(({ measured, isKept }) => [measured, isKept])).toEqual([
    ['nothing measured', false],
    ['nothing measured', false],
    ['0', true],
  ])
})

test('a check holds when it was made and never failed, in groups too', () => {
  const metrics = {
    iterations: { type: 'counter', contains: 'default', values: { count: 1 }, thresholds: { 'count>0': { ok: true } } },
  } as const
  const findings = k6Findings({
    metrics,
    root_group: {
      checks: [{ name: 'a', passes: 2, fails: 0 }],
      groups: [
        {
          checks: [
            { name: 'b', passes: 2, fails: 1 },
            { name: 'c', passes: 0, fails: 0 },
          ],
          groups: [],
        },
      ],
    },
    state: { testRunDurationMs: 1 },
  })
  expect(findings.slice(1)).toEqual([
    { what: 'a', measured: '2 of 2', limit: 'always', isKept: true },
    { what: 'b', measured: '2 of 3', limit: 'always', isKept: false },
    { what: 'c', measured: '0 of 0', limit: 'always', isKept: false },
  ])
})

test('a summary without thresholds, or without the figure of one, is an error and no pass', () => {
  expect(() => k6Findings(summary({}))).toThrow('expected thresholds')
  const incomplete = summary({ waited: trend({ count: 1, med: 3 }, { 'p(99)<20': { ok: true } }) })
  expect(() => k6Findings(incomplete)).toThrow('expected p(99) of waited')
})
