import { expect, test } from 'vitest'
import { htmlOf, isKept, markdownOf, type Report } from '../../load/summary/report.ts'

const report: Report = {
  scenario: 'gates',
  about: 'Controllers ask.',
  date: '2026-01-02 03:04',
  machine: 'a machine, 2 cores',
  command: 'npm run load -- gates',
  k6: 'k6 v1',
  loadAverage: [0.5, 12.25],
  seconds: 20.4,
  findings: [
    { what: 'p(99) | <gate>', measured: '12 ms', limit: '< 20 ms', isKept: true },
    { what: 'answers', measured: '9 of 10', limit: 'always', isKept: false },
  ],
  figures: [['resident memory, MiB', '512']],
  samples: [],
}

test('in Markdown it says what held, where it was measured, and with which command', () => {
  expect(markdownOf(report)).toBe(`# gates: not everything held

Controllers ask.

2026-01-02 03:04, a machine, 2 cores, k6 v1; load of the machine 0.5 before, 12.3 after; \`npm run load -- gates\`, 20 s.

| what | measured | limit | held |
|---|--:|--:|---|
| p(99) \\| <gate> | 12 ms | < 20 ms | yes |
| answers | 9 of 10 | always | **no** |

| figure |  |
|---|--:|
| resident memory, MiB | 512 |
`)
})

test('in HTML it says the same, and text stays text', () => {
  const html = htmlOf(report)
  expect(html).toContain('<h1>gates: not everything held</h1>')
  expect(html).toContain('<td>p(99) | &lt;gate&gt;</td><td>12 ms</td><td>&lt; 20 ms</td><td>yes</td>')
  expect(html).toContain('<tr class="broken"><td>answers</td><td>9 of 10</td><td>always</td><td>no</td></tr>')
  expect(html).toContain('load of the machine 0.5 before, 12.3 after')
  expect(html).not.toContain('<gate>')
})

test('a run in which nothing was looked at has not held', () => {
  expect(isKept(report)).toBe(false)
  expect(isKept({ ...report, findings: [] })).toBe(false)
  expect(isKept({ ...report, findings: report.findings.slice(0, 1) })).toBe(true)
})
