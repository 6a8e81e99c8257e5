import { afterEach, expect, test } from 'vitest'
import { noticeOf } from '../../../src/report/messages/notice.ts'
import { teamsMessage } from '../../../src/sinks/teams/adaptive-card.ts'
import { type CaseName, cases, sinkOf } from '../deliveries.ts'
import { startTeams, teamsPath } from '../simulators/chats.ts'
import type { Platform } from '../simulators/platform.ts'
import { send } from '../way-out.ts'

const opened: Platform[] = []
afterEach(async () => {
  for (const teams of opened.splice(0)) await teams.close()
})

async function open() {
  const teams = await startTeams()
  opened.push(teams)
  const tell = (name: CaseName, receipts: readonly Record<string, string>[] = []) =>
    send('teams', { url: `${teams.url}${teamsPath}?sig=very-secret` }, cases[name], { receipts })
  return { teams, tell }
}

test('Teams takes every case as a card, whatever its names are; healthy steps are not sent', async () => {
  const { teams, tell } = await open()
  for (const name of Object.keys(cases) as CaseName[]) {
    const isQuiet = name === 'hold' || name === 'started'
    expect([name, (await tell(name)).outcome]).toEqual([name, isQuiet ? 'skipped' : 'delivered'])
  }
  const bodies = teams.requests.map(({ text }) => text)
  expect(bodies.every((body) => Buffer.byteLength(body) <= 28 * 1024)).toBe(true)
  expect(bodies.join('')).not.toContain('"TextBlock"')
})

test('what was said is said once', async () => {
  const { tell } = await open()
  const first = await tell('promote')
  const receipts = first.outcome === 'delivered' ? [first.receipt ?? {}] : []
  expect(
    await tell(
      'final-promote',
      receipts.map((receipt) => ({ ...receipt, of: 'another' })),
    ),
  ).toMatchObject({ outcome: 'skipped' })
})

test('links that would make it too large are left out', () => {
  const parts = noticeOf(cases.rollback.message, cases.rollback.deployment, {})
  const links = Array.from({ length: 20 }, (_, index) => ({
    text: `Link ${index}`,
    href: `https://x.example/${'y'.repeat(1900)}`,
  }))
  const body = teamsMessage({ ...parts, links })
  expect(Buffer.byteLength(body)).toBeLessThanOrEqual(28 * 1024)
  expect(JSON.parse(body).attachments[0].content.actions.length).toBeGreaterThan(10)
})

test.each([
  [429, 'retry'],
  [502, 'retry'],
  [400, 'failed'],
  [401, 'failed'],
  [404, 'failed'],
  [301, 'failed'],
])('%i is %s, and the error holds nothing of the address', async (status, outcome) => {
  const { teams, tell } = await open()
  teams.answerNext({ status, headers: { 'retry-after': '17' }, body: 'see sig=very-secret' })
  const result = await tell('rollback')
  expect(result).toMatchObject({ outcome, status, ...(outcome === 'retry' ? { retryAfterSeconds: 17 } : {}) })
  expect(JSON.stringify(result)).not.toContain('very-secret')
  expect(sinkOf('teams').requires.isUrlSecret).toBe(true)
})
