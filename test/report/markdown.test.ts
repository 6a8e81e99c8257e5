import fc from 'fast-check'
import { expect, it } from 'vitest'
import { escapeMarkdown, renderMarkdown } from '../../src/report/markdown.ts'
import { reportInput } from './fixtures.ts'
import { expectGolden } from './golden.ts'
import { hostileText, withText } from './hostile.ts'

it('says verdict, sentence, both margins, evidence and where to read on', () => {
  const text = renderMarkdown(reportInput('rollback').verdict)
  expect(text.split('\n')[0]).toBe('### 🛑 Roll back: checkout 2.4.0 → 2.4.1 · production')
  expect(text).toContain('**checkout 2.4.1 fails 3.1% of requests against 0.50% for 2.4.0, nearly all on POST /pay.**')
  expect(text).toContain('| 6.2× | 4.9–7.8 | 1.25× | 2.0× |')
  expect(text).toContain('rolls back at 100 (wrong in at most 1 of 100 healthy releases)')
  expect(text).toContain('[Report](<http://localhost:8080/deployments/')
})

it('a hold names the expected time', () => {
  expect(renderMarkdown(reportInput('hold').verdict)).toContain('Decision expected about 2026-11-21T10:42:00Z.')
})

it('before the first look there is no table', () => {
  expect(renderMarkdown(reportInput('warming-up').verdict)).not.toContain('|---')
})

it('escaped text holds no live punctuation, no mention and no line break', () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const escaped = escapeMarkdown(text)
      expect(escaped).not.toMatch(/[<>\n]|@(?!\u200b)|:\/\//)
      expect(escaped.replace(/\\./g, '')).not.toMatch(/[*_`[\]|~#!]/)
    }),
  )
})

it('hostile text keeps the lines and the columns', () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const lines = renderMarkdown(withText(reportInput('rollback'), text).verdict).split('\n')
      const rows = lines.filter((line) => line.startsWith('| ') && !line.startsWith('| Metric'))
      expect(rows).toHaveLength(2)
      for (const row of rows) expect(row.replace(/\\./g, '').split('|')).toHaveLength(11)
      expect(lines).toHaveLength(renderMarkdown(withText(reportInput('rollback'), 'x').verdict).split('\n').length)
    }),
  )
})

it('shows every kind of metric in its unit, names what nobody reported, and tells the region', () => {
  const text = renderMarkdown(reportInput('all-kinds').verdict)
  expect(text).toContain('| restarts (per pod and hour) | 0 | 22.5 |')
  expect(text).toContain('| memory | 412 M | 1.31 G |')
  expect(text).toContain('Not reported: queue-depth, kills-for-memory.')
  expect(text).not.toContain('no data')
  expect(text).toContain('cloud.region ap-southeast-2 (')
})

it('looks as in golden/rollback.md', () => {
  expectGolden('rollback.md', renderMarkdown(reportInput('rollback').verdict))
})
