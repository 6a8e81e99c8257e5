import { expect, test } from 'vitest'
import { renderDeployment } from '../../src/report/deployment-page.ts'
import type { ReportLog } from '../../src/report/report-log.ts'
import { reportInput, variants } from './fixtures.ts'
import { unbalanced } from './tags.ts'

const nobody = { lines: 0, requests: 0, of: 4000, pods: 0 }

function aLog(changes: Partial<ReportLog> = {}): ReportLog {
  return {
    ...{
      hash: '0000000000002a',
      text: 'TypeError at pay.charge',
      example: 'TypeError: card is undefined',
      severity: 'error',
    },
    ...{ change: 'new', firstSeen: Date.parse('2026-11-21T10:00:00Z'), firstVersion: '2.4.1', muted: null },
    ...{ baseline: nobody, canary: { lines: 60, requests: 40, of: 1000, pods: 2 } },
    ...changes,
  }
}

const page = (logs: readonly ReportLog[]) => renderDeployment({ ...reportInput(variants[0]), logs })

test('what only the canary logs is told with its share, an example, since when, and where its rows are', () => {
  const document = page([
    aLog(),
    aLog({
      change: 'same',
      text: 'card refused',
      canary: { ...nobody, requests: 4 },
      baseline: { ...nobody, requests: 4 },
    }),
  ])
  expect(unbalanced(document)).toEqual([])
  expect(document).toContain('One new among 2 kinds of warnings and errors.')
  expect(document).toContain('40 of 1,000')
  expect(document).toContain('TypeError: card is undefined')
  expect(document).toContain('21 Nov 2026, 10:00:00 UTC, by 2.4.1')
  expect(document).toMatch(/\/log-templates\?environment=\w+&amp;hash=0000000000002a&amp;hours=336/)
  expect(document).toContain('<a href="#logged">Logs</a>')
})

test('what somebody expects is shown as such and counted as nothing new', () => {
  const muted = { reason: 'PAY-12', expiresAt: '2026-12-01T00:00:00Z', by: 'ana' }
  const document = page([aLog({ muted })])
  expect(document).toContain('expected until 1 Dec 2026, 00:00:00 UTC: PAY-12 (ana)')
  expect(document).toContain('Both versions log the same warnings and errors.')
})

test('texts of strangers stay text', () => {
  const evil = '<script>alert(1)</script>" onload="x'
  const document = page([aLog({ text: evil, example: evil, firstVersion: evil })])
  expect(document).not.toContain('<script>')
  expect(unbalanced(document)).toEqual([])
})

test('nothing logged leaves no section', () => {
  expect(page([])).not.toContain('id="logged"')
})
