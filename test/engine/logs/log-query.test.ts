import { expect, test } from 'vitest'
import type { MetricSpec } from '../../../src/domain/template.ts'
import { checkLogQuery, severityOf } from '../../../src/engine/logs/log-query.ts'

const asking = (query?: Readonly<Record<string, unknown>>) => (query === undefined ? {} : { query }) as MetricSpec

test.each([
  [undefined, 17],
  [{}, 17],
  [{ severity: 'warn' }, 13],
  [{ severity: 'fatal' }, 21],
])('%j asks for severities from %i on', (query, severity) => {
  expect(checkLogQuery(asking(query))).toBeNull()
  expect(severityOf(asking(query))).toBe(severity)
})

test.each([
  [{ severity: 'info' }, 'severity', '"info"'],
  [{ severity: 17 }, 'severity', '17'],
  [{ severity: 'constructor' }, 'severity', '"constructor"'],
  [{ level: 'error' }, 'level', 'level'],
])('%j is refused', (query, key, got) => {
  expect(checkLogQuery(asking(query))).toMatchObject({ key, got })
})
