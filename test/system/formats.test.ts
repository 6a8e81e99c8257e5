import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Receipt } from '../../src/domain/sink.ts'
import { type Davy, startDavy, until } from '../davy.ts'
import { callOf } from '../http/client.ts'
import { cases } from '../sinks/deliveries.ts'
import { type FlagPlatform, flagToken, startUnleash } from '../sinks/simulators/flags.ts'
import { routingKey, startPagerduty } from '../sinks/simulators/pagerduty.ts'
import { slackChannel, slackToken, startSlack } from '../sinks/simulators/slack.ts'
import { send } from '../sinks/way-out.ts'
import { type Alertmanager, startAlertmanager } from './alerts/alertmanager.ts'
import { openReceivers } from './alerts/prometheus.ts'

/*
 * Formats in the whole of Davy: endpoints made by the API, a deployment from its start to a rollback, and what comes out
 * at Slack, PagerDuty and Unleash (simulated), at a real SMTP server and at a real Alertmanager.
 */

describe('a rollout of a flag that somebody rolls back', () => {
  let davy: Davy
  let slack: Awaited<ReturnType<typeof startSlack>>
  let pager: Awaited<ReturnType<typeof startPagerduty>>
  let unleash: FlagPlatform
  let smtp: SMTPServer
  const mails: string[] = []

  beforeAll(async () => {
    slack = await startSlack()
    pager = await startPagerduty()
    unleash = await startUnleash()
    smtp = new SMTPServer({
      ...{ authOptional: true, disabledCommands: ['STARTTLS'], logger: false },
      onData(stream, _session, done) {
        let raw = ''
        stream.on('data', (chunk) => {
          raw += chunk
        })
        stream.on('end', () => done(void mails.push(raw) as unknown as null))
      },
    })
    await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve))
    davy = await startDavy()
  })
  afterAll(async () => {
    await davy?.stop()
    for (const platform of [slack, pager, unleash]) await platform?.close()
    await new Promise<void>((resolve) => smtp.close(() => resolve()))
  })

  type Made = { readonly id: string; readonly url: string }
  const add = (body: object) => callOf<Made>(davy, 'POST', '/api/v1/endpoints', body)
  const list = async (endpoint: string) =>
    (
      await callOf<{ items: { state: string; attempts: { note?: string | null }[] }[] }>(
        davy,
        'GET',
        `/api/v1/deliveries?endpoint=${endpoint}`,
      )
    ).items

  test('every end says it in its own words, and no secret is shown', async () => {
    const port = (smtp.server.address() as AddressInfo).port
    const chat = await add({
      format: 'slack',
      url: `${slack.url}/api`,
      secret: slackToken,
      options: { channel: slackChannel },
    })
    const page = await add({ format: 'pagerduty', url: pager.url, secret: routingKey })
    await add({
      format: 'email',
      url: `smtp://127.0.0.1:${port}`,
      options: { from: 'davy@example.com', to: 'a@example.com' },
    })
    const kill = await add({
      ...{ format: 'unleash', url: unleash.url, secret: flagToken, act: true },
      options: { flag: 'new-{service}', project: 'shop' },
    })
    expect(JSON.stringify([chat, page, kill])).not.toMatch(new RegExp([slackToken, routingKey, flagToken].join('|')))
    expect(chat.url).toBe(`${slack.url}/…`)
    const registration = {
      ...{ service: 'checkout', environment: 'production', strategy: 'feature-flag', plannedWeight: 5 },
      ...{ canary: { version: '2' }, baseline: { version: '1' } },
    }
    const { id } = await callOf<Made>(davy, 'POST', '/api/v1/deployments', registration)
    await until(async () => slack.posted.length === 1, 'the first message')
    await callOf(davy, 'POST', `/api/v1/deployments/${id}/override`, {
      decision: 'rollback',
      reason: 'the till is down',
    })
    await until(async () => !unleash.isOn(), 'the flag to be switched off')
    await until(
      async () => slack.posted.length === 2 && mails.length === 1 && pager.changes.length === 2,
      'everybody to be told',
    )
    expect(slack.posted[0]).toMatchObject({
      text: expect.stringMatching(/^Overridden checkout · production · 1 → 2: /),
      threadTs: null,
    })
    expect(slack.posted[1]).toMatchObject({ threadTs: slack.posted[0]?.ts, isBroadcast: true })
    expect(mails[0]).toContain('Subject: [Overridden] checkout 2, production:')
    expect(pager.incidents).toEqual([])
    const [killed] = await list(kill.id)
    expect(killed).toMatchObject({ state: 'delivered' })
    expect(JSON.stringify(killed)).toContain('the flag new-checkout in production at Unleash was switched off')
    expect(davy.logs.join('\n')).not.toMatch(new RegExp([slackToken, routingKey, flagToken].join('|')))
  })

  test('the test button reaches them without a page', async () => {
    const { items } = await callOf<{ items: { id: string; format: string }[] }>(davy, 'GET', '/api/v1/endpoints')
    for (const { id, format } of items) {
      const result = await callOf<{ outcome: string }>(davy, 'POST', `/api/v1/endpoints/${id}/test`)
      // A flag whose name is made of a service has none without a deployment.
      expect([format, result.outcome]).toEqual([format, format === 'unleash' ? 'skipped' : 'delivered'])
    }
    expect(slack.posted.at(-1)?.text).toMatch(/^Test Davy: /)
    expect(pager.incidents).toEqual([])
  })
})

describe('a real Alertmanager with the shipped configuration', () => {
  let directory: string
  let receivers: Awaited<ReturnType<typeof openReceivers>>
  let alertmanager: Alertmanager

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'davy-formats-'))
    receivers = await openReceivers()
    alertmanager = await startAlertmanager(directory, receivers.url)
  })
  afterAll(async () => {
    await alertmanager?.stop()
    await receivers?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  const tell = (name: keyof typeof cases, receipts: readonly Receipt[] = []) =>
    send('alertmanager', { url: alertmanager.url }, cases[name], { at: new Date(), receipts })
  const firing = async () => (await alertmanager.alerts()).map(({ labels }) => labels.alertname)

  test('takes our alerts, pages for a rollback, and ends what something else took the place of', async () => {
    const waits = await tell('waits')
    expect(waits).toMatchObject({ outcome: 'delivered', status: 200 })
    await until(async () => (await firing()).includes('DavyHold'), 'the hold to fire')
    expect(await tell('rollback', waits.outcome === 'delivered' ? [waits.receipt ?? {}] : [])).toMatchObject({
      outcome: 'delivered',
    })
    await until(async () => !(await firing()).includes('DavyHold'), 'the hold to end')
    const alerts = await alertmanager.alerts()
    expect(alerts.find(({ labels }) => labels.alertname === 'DavyRollback')).toMatchObject({
      labels: { severity: 'critical', service: 'checkout', reason: 'HARM_SHOWN' },
      annotations: { summary: expect.stringContaining('fails 3.1%'), report: expect.stringContaining('/deployments/') },
    })
    const page = await until(
      async () => receivers.received.find(({ path }) => path.includes('enqueue')) ?? false,
      'the page',
    )
    expect(JSON.stringify(page.body)).toContain('DavyRollback')
  })

  test('takes hostile and long names, and a test that notifies nobody', async () => {
    for (const name of ['hostile', 'long', 'test'] as const)
      expect([name, (await tell(name)).outcome]).toEqual([name, 'delivered'])
    expect(await firing()).not.toContain('DavyTest')
  })
})
