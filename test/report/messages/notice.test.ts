import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Verdict } from '../../../src/domain/verdict.ts'
import { linksOf, placeholders, safeHref } from '../../../src/report/messages/links.ts'
import { noticeOf } from '../../../src/report/messages/notice.ts'
import { bytesOf, clip, plainText } from '../../../src/report/messages/plain-text.ts'
import { concludeAll, failing, rollout } from '../../judges/rollout.ts'
import { type CaseName, cases, deployment, told, verdict } from '../../sinks/deliveries.ts'
import { expectGolden } from '../golden.ts'
import { hostileText } from '../hostile.ts'

function notice(name: CaseName, options: Readonly<Record<string, string>> = {}) {
  return noticeOf(cases[name].message, cases[name].deployment, options)
}

test('the sentence comes first, the numbers have intervals and margins, and the rest says since when', () => {
  expect(notice('rollback')).toMatchObject({
    kind: 'rollback',
    action: 'Roll back',
    sentence: 'checkout 2.4.1 fails 3.1% of requests against 0.50% for 2.4.0, nearly all on POST /pay.',
    shortSentence: '2.4.1 fails 3.1% of requests against 0.50% for 2.4.0, nearly all on POST /pay.',
    facts: [
      'Errors 6.2× (4.9 to 7.8), margin 1.25×',
      'p99 latency 0.64 s → 1.18 s (+38% to +145%), margin 1.11×, likely',
    ],
    standing: 'Canary at 5%, 2 pods, 8 min 30 s since 09:51 UTC.',
  })
})

test('an effect stands once: as a fact, and not in the remarks too', () => {
  const { reason } = verdict('rollback')
  const detail =
    'Errors are 6.2× those of 2.4.0 (4.9 to 7.8); your margin is 1.25×. It began at about 09:54; the figures count from then. About 165 requests failed that 2.4.0 would have served.'
  const of = verdict('rollback', { reason: { ...reason, detail } })
  expect(noticeOf(told(of), deployment(of), {}).remarks).toBe(
    'It began at about 09:54; the figures count from then. About 165 requests failed that 2.4.0 would have served.',
  )
  const bare = { ...of, metrics: [] }
  expect(noticeOf(told(bare), deployment(bare), {}).remarks).toBe(detail)
})

test('an effect that has no fact keeps its sentence', () => {
  const of = verdict('rollback')
  const reason = { ...of.reason, detail: 'Restarts are new: 2.4.0 has none; your margin is 1.00×.' }
  const open = { ...of.metrics[0]!, name: 'restarts', effect: { ...of.metrics[0]!.effect, low: 0, high: null } }
  const message = told({ ...of, reason, metrics: [...of.metrics, open] })
  expect(noticeOf(message, null, {}).remarks).toBe(reason.detail)
})

test('the words of the judge itself are told once: harm as facts, its beginning and its cost as remarks', () => {
  const made = concludeAll(rollout({ seed: 7, seconds: 120, canary: { operations: failing(0.12) } }))
  const conclusion = made.find(({ decision }) => decision === 'rollback')!
  expect(conclusion.reason.detail).toContain('your margin is')
  const { facts, remarks } = noticeOf(told(verdict('rollback', conclusion as Partial<Verdict>)), null, {})
  expect(facts[0]).toMatch(/^Errors [\d.]+× \([\d.]+ to [\d.]+\), margin 1\.25×$/)
  expect(remarks).toMatch(/^About [\d,]+ requests failed that .* would have served\.$/)
})

test('and so is what it ruled out', () => {
  const made = concludeAll(rollout({ seed: 7, seconds: 200 }))
  const conclusion = made.find(({ decision }) => decision === 'promote')!
  const { facts, remarks } = noticeOf(told(verdict('promote', conclusion as Partial<Verdict>)), null, {})
  expect(facts).toHaveLength(2)
  expect(remarks).toBe('')
})

test('a promote says what was ruled out, and its end when that was', () => {
  const { facts, standing } = notice('final-promote')
  expect(facts).toEqual(['Errors at most 1.46× (you allow 2.0×)', 'p95 latency at most 1.08× (you allow 1.25×)'])
  expect(standing).toContain('Promoted at 10:25:00 UTC, after 33 min.')
})

test('a hold past the deadline waits for a person; without data it says so', () => {
  expect(notice('waits')).toMatchObject({ kind: 'waits', action: 'Waits for you' })
  expect(notice('silent')).toMatchObject({ kind: 'nodata', action: 'Hold, canary silent' })
  expect(notice('source-down')).toMatchObject({ kind: 'nodata', action: 'Hold, source down' })
})

test('a ratio is never told without its interval', () => {
  const of = verdict('rollback')
  const bare = {
    ...of,
    metrics: of.metrics.map((each) => ({ ...each, effect: { ...each.effect, low: 0, high: null }, quantiles: [] })),
  }
  expect(noticeOf(told(bare), null, {}).facts).toEqual([])
})

describe('links', () => {
  test('the report comes first, and the endpoint may add a comparison, a dashboard and a runbook', () => {
    const links = notice('rollback', {
      runbookUrl: 'https://wiki.example/{service}',
      compareUrl: 'https://git.example/{service}/compare/{baseline}...{canary}',
      dashboardUrl: 'https://graphs.example/d/x?from={start}&to={end}&{unknown}{constructor}',
    }).links
    expect(links).toEqual([
      { text: 'Report', href: 'https://davy.example.com/deployments/01JD8Q4V7W3N5T9XKZ0000ABCD' },
      { text: 'Compare', href: 'https://git.example/checkout/compare/2.4.0...2.4.1' },
      {
        text: 'Dashboard',
        href: 'https://graphs.example/d/x?from=1795254400000&to=1795255510000&%7Bunknown%7D%7Bconstructor%7D',
      },
      { text: 'Runbook', href: 'https://wiki.example/checkout' },
    ])
  })

  test('what fills an address cannot leave its place', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const of = deployment(verdict('rollback', { service: text, environment: text }))
        const template = `https://wiki.example/${placeholders.map((name) => `{${name}}`).join('/')}`
        const href = linksOf('', of, { runbookUrl: template }, 0)[0]?.href ?? ''
        expect(new URL(href).origin).toBe('https://wiki.example')
        expect(new URL(href).pathname.split('/')).toHaveLength(placeholders.length + 1)
        expect(href).not.toMatch(/[\s<>"'|\\]/)
      }),
    )
  })

  test.each(['javascript:alert(1)', 'data:text/html,x', '//evil.example', '', `https://x.example/${'y'.repeat(2000)}`])(
    'no link goes to %s',
    (address) => expect(safeHref(address)).toBeNull(),
  )
})

describe('text from outside', () => {
  test('is on one line, without control characters and without marks that turn the direction', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const of = verdict('rollback', {
          service: text,
          environment: text,
          reason: { code: 'HARM_SHOWN', summary: text, detail: text },
        })
        const parts = noticeOf(told(of), deployment(of), {})
        for (const part of [
          parts.service,
          parts.environment,
          parts.sentence,
          parts.shortSentence,
          parts.remarks,
          ...parts.facts,
        ])
          expect(part).not.toMatch(/[\p{Cc}\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]/u)
      }),
    )
  })

  test('is short enough for every platform, however long the names are', () => {
    expect(JSON.stringify(notice('long')).length).toBeLessThan(8000)
    expect(JSON.stringify(notice('long'))).not.toMatch(/\\ud[89a-f]/)
  })

  test('is cut between characters', () => {
    expect(clip('💥💥💥', 4)).toBe('💥…')
    expect(clip('abcdef', 4)).toBe('abc…')
    expect(clip('abcd', 4)).toBe('abcd')
    expect(bytesOf('é💥')).toBe(6)
    expect(plainText('a\n\tb\u202e  c\u0000')).toBe('a b c')
  })
})

test('the parts look as in golden/messages/notice', () => {
  const all = Object.keys(cases).map((name) => [name, notice(name as CaseName)])
  expectGolden('messages/notice', `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`)
})
