import { afterEach, expect, test } from 'vitest'
import type { Delivery, Receipt } from '../../../src/domain/sink.ts'
import { type CaseName, cases, deployment, told, verdict } from '../deliveries.ts'
import { type Platform, startPlatform } from '../simulators/platform.ts'
import { send } from '../way-out.ts'

const opened: Platform[] = []
afterEach(async () => {
  for (const platform of opened.splice(0)) await platform.close()
})

type Alert = { readonly labels: Record<string, string>; readonly startsAt: string; readonly endsAt: string }

/** What takes alerts; the real Alertmanager stands in the system tests. */
async function open(options: Readonly<Record<string, string>> = {}) {
  const platform = await startPlatform(({ method, path, json }) => {
    const isAlert = (alert: Alert) =>
      Object.values(alert.labels).every((value) => value !== '') && alert.startsAt !== ''
    const isFit = method === 'POST' && path === '/api/v2/alerts' && Array.isArray(json) && json.every(isAlert)
    return { status: isFit ? 200 : 400 }
  })
  opened.push(platform)
  const receipts: Receipt[] = []
  const tell = async (each: (typeof cases)[CaseName], changes: Partial<Delivery> = {}) => {
    const result = await send('alertmanager', { url: `${platform.url}/`, options }, each, {
      receipts: [...receipts],
      ...changes,
    })
    if (result.outcome === 'delivered' && result.receipt !== undefined) receipts.push(result.receipt)
    return result
  }
  return { platform, tell, sent: () => platform.requests.map(({ json }) => json as unknown as Alert[]) }
}

test('a rollback fires from the attempt on for an hour, and its execution does not end it', async () => {
  const { tell, sent } = await open()
  await tell(cases.rollback)
  expect(await tell(cases['finished-rolled-back'])).toMatchObject({ outcome: 'skipped' })
  expect(sent()).toMatchObject([
    [
      {
        labels: {
          ...{ alertname: 'DavyRollback', severity: 'critical', service: 'checkout', environment: 'production' },
          ...{ deployment: '01JD8Q4V7W3N5T9XKZ0000ABCD', version: '2.4.1', reason: 'HARM_SHOWN', strategy: 'canary' },
        },
        endsAt: '2026-11-21T11:00:11.000Z',
      },
    ],
  ])
})

test('what waits for a person fires until something else is said', async () => {
  const { tell, sent } = await open({ firingMinutes: '5' })
  await tell(cases.waits)
  await tell(cases.promote)
  expect(await tell(cases['finished-promoted'])).toMatchObject({ outcome: 'skipped' })
  expect(sent().map((alerts) => alerts.map(({ labels, endsAt }) => [labels.alertname, endsAt]))).toEqual([
    [['DavyHold', '2026-11-21T10:05:11.000Z']],
    [['DavyHold', '2026-11-21T10:00:11.000Z']],
  ])
})

test('a rollback ends what waited, and the end of the deployment whatever fires but that', async () => {
  const first = await open()
  await first.tell(cases.waits)
  await first.tell(cases.rollback)
  expect(first.sent()[1]?.map(({ labels }) => labels.alertname)).toEqual(['DavyHold', 'DavyRollback'])
  const second = await open()
  await second.tell(cases.waits)
  await second.tell(cases['finished-aborted'])
  expect(second.sent()[1]).toMatchObject([{ endsAt: '2026-11-21T10:00:11.000Z' }])
})

test('healthy steps, promotes and observed deployments raise nothing; an overtaken one neither', async () => {
  const { tell, platform } = await open()
  for (const name of ['started', 'hold', 'promote', 'observed', 'silent'] as const)
    expect([name, (await tell(cases[name])).outcome]).toEqual([name, 'skipped'])
  expect(await tell(cases.waits, { isOvertaken: true })).toMatchObject({ outcome: 'skipped' })
  const by = verdict('rollback', {
    reason: { code: 'OVERRIDDEN', summary: 'A. Kim rolled back checkout 2.4.1.', detail: '' },
  })
  expect(await tell({ message: told(by), deployment: deployment(by) })).toMatchObject({ outcome: 'skipped' })
  expect(platform.requests).toEqual([])
})

test('a rollback is told however late it is', async () => {
  const { tell } = await open()
  expect(await tell(cases.rollback, { isOvertaken: true })).toMatchObject({ outcome: 'delivered' })
})

test('hostile and long names are labels like others', async () => {
  const { tell } = await open()
  expect(await tell(cases.hostile)).toMatchObject({ outcome: 'delivered' })
  expect(await tell(cases.long)).toMatchObject({ outcome: 'delivered' })
  const none = verdict('rollback', { namespace: '\u0000', canary: { version: null } })
  expect(await tell({ message: told(none), deployment: deployment(none) })).toMatchObject({ outcome: 'delivered' })
})

test.each([
  [400, 'failed'],
  [500, 'retry'],
  [503, 'retry'],
])('%i is %s', async (status, outcome) => {
  const { tell, platform } = await open()
  platform.answerNext({ status, body: { code: 601, message: 'no' } })
  expect(await tell(cases.rollback)).toMatchObject({ outcome, status })
})
