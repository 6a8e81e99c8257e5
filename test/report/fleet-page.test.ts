import fc from 'fast-check'
import { expect, it } from 'vitest'
import { renderFleet } from '../../src/report/fleet-page.ts'
import type { ReportInput } from '../../src/report/report-input.ts'
import { reportInput } from './fixtures.ts'
import { expectGolden } from './golden.ts'
import { fleetOf, harmless, hostileText, withText } from './hostile.ts'
import { tagsOf, unbalanced } from './tags.ts'

const now = Date.parse('2026-11-21T10:15:00Z')

function waiting(): ReportInput {
  const input = reportInput('hold')
  const reason = {
    code: 'DEADLINE' as const,
    summary: '2 hours at 5% were too few requests.',
    detail: 'Nothing points to harm.',
  }
  return { ...input, verdict: { ...input.verdict, reason } }
}

function paused(): ReportInput {
  const input = reportInput('one-pod')
  return { ...input, verdict: { ...input.verdict, confidence: { ...input.verdict.confidence, eValue: 24 } } }
}

const everything = [
  waiting(),
  reportInput('hold'),
  paused(),
  reportInput('no-data'),
  reportInput('rollback'),
  reportInput('overridden'),
]

it('counts what needs the reader first', () => {
  const document = renderFleet(fleetOf(everything, now))
  expect(document).toContain('<h1>One deployment waits for you. Three roll out; one of them should pause.</h1>')
  expect(document).toContain('<title>1 waits for you · Davy</title>')
  expect(document).toContain('2 deployments ended: 1 rolled back, 1 promoted')
})

it('says that nothing waits when nothing does', () => {
  const document = renderFleet(fleetOf([reportInput('rollback')], now))
  expect(document).toContain('<h1>Nothing waits for you.</h1>')
  expect(document).not.toContain('id="waits"')
  expect(document).not.toContain('http-equiv="refresh"')
})

it('tells an empty fleet how a deployment begins', () => {
  expect(renderFleet({ deployments: [], now })).toContain('No deployment yet')
})

it('lists paused ones first, then those without data, then by the time of the decision', () => {
  const document = renderFleet(fleetOf([reportInput('hold'), reportInput('no-data'), paused()], now))
  const order = [...document.matchAll(/The ramp should pause|Hold, no data|about 10:4\d/g)].map(([words]) => words)
  expect(order).toEqual(['The ramp should pause', 'about 10:42', 'Hold, no data', 'about 10:42'])
})

it('a deployment past its deadline and one to be rolled back wait for a person', () => {
  const late = renderFleet(fleetOf([reportInput('hold')], Date.parse('2026-11-21T11:51:41Z')))
  expect(late).toContain('One deployment waits for you.')
  const input = reportInput('rollback')
  const open = { ...input, deployment: { ...input.deployment, status: 'open' as const, outcome: null, endedAt: null } }
  expect(renderFleet(fleetOf([open], now))).toContain('It is to be rolled back and still open.')
})

it('a deployment without a verdict is listed without one', () => {
  const { deployment } = reportInput('hold')
  const document = renderFleet({ deployments: [{ deployment, verdict: null }], now })
  expect(document).toContain('No look yet')
  expect(document).not.toContain('role="img" aria-label="evidence')
})

it('is well-formed, without script or style attribute', () => {
  const document = renderFleet(fleetOf(everything, now))
  expect(unbalanced(document)).toEqual([])
  expect(document).not.toMatch(/<script|<style|\sstyle=|\son\w+=|NaN|undefined/i)
})

it('hostile text never becomes markup', () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const fleet = (words: string) =>
        renderFleet(
          fleetOf(
            everything.map((input) => withText(input, words)),
            now,
          ),
        )
      expect(tagsOf(fleet(text))).toEqual(tagsOf(fleet(harmless(text))))
    }),
    { numRuns: 40 },
  )
})

it('looks as in golden/fleet.html', () => {
  expectGolden('fleet.html', renderFleet(fleetOf(everything, now)))
})
