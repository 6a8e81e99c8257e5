import { afterEach, describe, expect, test } from 'vitest'
import type { Delivery, Receipt } from '../../../src/domain/sink.ts'
import { createPagerdutySink } from '../../../src/sinks/pagerduty/pagerduty.ts'
import { type CaseName, cases, deployment, lifecycle, told, verdict } from '../deliveries.ts'
import { routingKey, startPagerduty } from '../simulators/pagerduty.ts'
import { send } from '../way-out.ts'

type Pager = Awaited<ReturnType<typeof startPagerduty>>
const opened: Pager[] = []
afterEach(async () => {
  for (const pager of opened.splice(0)) await pager.close()
})

async function open(options: Readonly<Record<string, string>> = {}) {
  const pager = await startPagerduty()
  opened.push(pager)
  const tell = (each: (typeof cases)[CaseName], changes: Partial<Delivery> = {}) =>
    send('pagerduty', { url: pager.url, options }, each, { secrets: [routingKey], ...changes })
  return { pager, tell }
}

describe('a rollback', () => {
  test('is one incident with a stable key, however often it is sent', async () => {
    const { pager, tell } = await open()
    expect(await tell(cases.rollback)).toMatchObject({ outcome: 'delivered', status: 202 })
    await tell(cases.rollback)
    expect(pager.incidents).toEqual([
      { key: 'davy:production:checkout:01JD8Q4V7W3N5T9XKZ0000ABCD', state: 'triggered', triggers: 2 },
    ])
    const [sent] = pager.requests
    expect(sent?.json).toMatchObject({
      payload: {
        severity: 'error',
        class: 'HARM_SHOWN',
        group: 'production',
        custom_details: { what: 'Errors 6.2× (4.9 to 7.8), margin 1.25×' },
      },
      links: [{ text: 'Report', href: 'https://davy.example.com/deployments/01JD8Q4V7W3N5T9XKZ0000ABCD' }],
    })
    const { summary } = (sent!.json as { payload: { summary: string } }).payload
    expect(summary).toBe(
      'checkout 2.4.1 is to be rolled back in production: fails 3.1% of requests against 0.50% for 2.4.0',
    )
    expect(summary.length).toBeLessThanOrEqual(100)
  })

  test('is resolved by its key with the end of the deployment, unless the endpoint leaves it to a person', async () => {
    const receipts = async (tell: Awaited<ReturnType<typeof open>>['tell']): Promise<readonly Receipt[]> => {
      const result = await tell(cases.rollback)
      return result.outcome === 'delivered' ? [result.receipt ?? {}] : []
    }
    const plain = await open({ resolve: 'never' })
    expect(await plain.tell(cases['finished-rolled-back'], { receipts: await receipts(plain.tell) })).toMatchObject({
      outcome: 'skipped',
    })
    expect(plain.pager.incidents[0]?.state).toBe('triggered')
    for (const options of [{}, { resolve: 'traffic' }, { resolve: 'finished' }]) {
      const closing = await open(options)
      const left = await receipts(closing.tell)
      expect(await closing.tell(cases['finished-rolled-back'], { receipts: left })).toMatchObject({
        outcome: 'delivered',
      })
      expect(closing.pager.incidents).toMatchObject([{ state: 'resolved', triggers: 1 }])
    }
  })

  test('waits for the traffic before it is resolved, where there is an incident and nothing else was asked for', async () => {
    const { waitsForTraffic } = createPagerdutySink().requires
    const waits = (options: Readonly<Record<string, string>>, receipts: readonly Receipt[]) =>
      waitsForTraffic?.({ options }, receipts)
    const incident = [{ told: 'x' }, { incident: 'davy:production:checkout:01D' }]
    expect([waits({}, incident), waits({ resolve: 'traffic' }, incident)]).toEqual([true, true])
    expect([waits({}, [{ told: 'x' }]), waits({ resolve: 'finished' }, incident)]).toEqual([false, false])
  })

  test('of a deployment that is only observed, or by a person, pages nobody', async () => {
    const { pager, tell } = await open()
    const by = verdict('rollback', {
      reason: { code: 'OVERRIDDEN', summary: 'A. Kim rolled back checkout 2.4.1; Davy said hold.', detail: '' },
    })
    await tell(cases.observed)
    await tell({ message: told(by), deployment: deployment(by) })
    expect(pager.incidents).toEqual([])
    expect(pager.changes).toHaveLength(2)
  })
})

test('starts and promotes are change events, and so is a hold whose reason is new; healthy steps are nothing', async () => {
  const { pager, tell } = await open()
  expect(await tell(cases.hold)).toMatchObject({ outcome: 'skipped' })
  for (const name of ['started', 'promote', 'finished-promoted', 'waits', 'silent', 'override'] as const)
    await tell(cases[name])
  expect(pager.incidents).toEqual([])
  expect(pager.changes.map(({ payload }) => (payload as { summary: string }).summary)).toEqual([
    'checkout 2.4.1 rolls out in production at 5%, judged against 2.4.0.',
    'checkout 2.4.1 may be promoted in production: does no harm beyond your margins',
    'checkout 2.4.1 was promoted in production.',
    'checkout 2.4.1 waits for you in production: 2 h of checkout 2.4.1 were too few requests to rule harm out',
    'checkout 2.4.1 on hold in production: is silent: 3 of about 1,204 requests have been reported since 09:55',
    'checkout 2.4.1 overridden in production: A. Kim promoted checkout 2.4.1; Davy said hold',
  ])
})

test('PagerDuty takes every case, whatever its names are', async () => {
  const { tell } = await open()
  for (const name of Object.keys(cases) as CaseName[])
    expect([name, (await tell(cases[name])).outcome]).toEqual([name, name === 'hold' ? 'skipped' : 'delivered'])
  const long = verdict('rollback', { service: 's'.repeat(5000), environment: '💥'.repeat(500) })
  const of = deployment(long)
  expect(await tell({ message: lifecycle('deployment.started', of), deployment: of })).toMatchObject({
    outcome: 'delivered',
  })
})

test.each([
  [400, 'failed', undefined],
  [429, 'retry', undefined],
  [429, 'retry', 12],
  [500, 'retry', undefined],
  [403, 'failed', undefined],
])('%i is %s', async (status, outcome, seconds) => {
  const { pager, tell } = await open()
  const headers = seconds === undefined ? {} : { 'retry-after': String(seconds) }
  pager.answerNext({ status, headers, body: { message: `routing key ${routingKey} is disabled` } })
  const result = await tell(cases.rollback)
  expect(result).toMatchObject({ outcome, status, ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }) })
  expect(JSON.stringify(result)).not.toContain(routingKey)
})
