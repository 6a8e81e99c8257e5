import { afterEach, describe, expect, test } from 'vitest'
import type { AttemptResult, Delivery, Receipt } from '../../../src/domain/sink.ts'
import { type CaseName, cases, deployment, endpointOf, sinkOf, told, verdict } from '../deliveries.ts'
import { slackChannel, slackHook, slackToken, startSlack } from '../simulators/slack.ts'
import { send } from '../way-out.ts'

type Slack = Awaited<ReturnType<typeof startSlack>>
const opened: Slack[] = []
afterEach(async () => {
  for (const slack of opened.splice(0)) await slack.close()
})

async function open(): Promise<Slack> {
  const slack = await startSlack()
  opened.push(slack)
  return slack
}

function receiptOf(result: AttemptResult): Receipt {
  return result.outcome === 'skipped' ? {} : (result.receipt ?? {})
}

/** A rollout as its deliveries: each knows what the ones before it left behind. */
function byToken(slack: Slack, options: Readonly<Record<string, string>> = {}) {
  const receipts: Receipt[] = []
  return async (name: CaseName, changes: Partial<Delivery> = {}, id = `msg-${name}-${receipts.length}`) => {
    const settings = { url: `${slack.url}/api`, options: { channel: slackChannel, ...options } }
    const { message, deployment: of } = cases[name]
    const told = { message: { ...message, id }, deployment: of }
    const result = await send('slack', settings, told, { secrets: [slackToken], receipts: [...receipts], ...changes })
    if (Object.keys(receiptOf(result)).length > 0) receipts.push(receiptOf(result))
    return result
  }
}

describe('with a bot token', () => {
  test('a deployment is one message that is edited, and one thread; healthy steps only edit', async () => {
    const slack = await open()
    const tell = byToken(slack)
    expect(await tell('started')).toMatchObject({ outcome: 'delivered', receipt: { ts: '1700000000.000001' } })
    expect(await tell('hold')).toMatchObject({ outcome: 'delivered', note: 'the first message was edited' })
    expect(slack.posted).toHaveLength(1)
    await tell('promote')
    await tell('hold')
    await tell('promote')
    expect(await tell('finished-promoted')).toMatchObject({ outcome: 'skipped' })
    expect(slack.posted.map(({ threadTs, isBroadcast }) => [threadTs, isBroadcast])).toEqual([
      [null, false],
      ['1700000000.000001', false],
    ])
    expect(slack.posted[0]).toMatchObject({ edits: 4, text: expect.stringContaining('Promote checkout') })
  })

  test('a rollback is broadcast from the thread and calls whom the endpoint names, once', async () => {
    const slack = await open()
    const tell = byToken(slack, { mention: 'S0PAYMENTS1' })
    await tell('started')
    await tell('rollback')
    expect(await tell('finished-rolled-back')).toMatchObject({ outcome: 'skipped' })
    expect(slack.posted).toHaveLength(2)
    expect(slack.posted[1]).toMatchObject({ threadTs: '1700000000.000001', isBroadcast: true })
    expect(JSON.stringify(slack.posted[1]?.blocks)).toContain('"usergroup_id":"S0PAYMENTS1"')
    expect(JSON.stringify(slack.posted[0]?.blocks)).not.toContain('usergroup')
  })

  test('a rollback that overtook what failed before it is not edited away', async () => {
    const slack = await open()
    const tell = byToken(slack)
    await tell('rollback')
    expect(await tell('promote', { isOvertaken: true })).toMatchObject({ outcome: 'delivered' })
    expect(slack.posted[0]?.text).toContain('Roll back')
    expect(await tell('started', { isOvertaken: true })).toMatchObject({ outcome: 'skipped' })
  })

  test('a first message that was deleted is made anew', async () => {
    const slack = await open()
    const tell = byToken(slack)
    await tell('started')
    slack.posted.length = 0
    await tell('rollback')
    expect(slack.posted).toHaveLength(1)
    await tell('finished-aborted')
    expect(slack.posted[1]).toMatchObject({ threadTs: slack.posted[0]?.ts })
  })

  test('a line that failed is told by the next attempt, and a replay tells again', async () => {
    const slack = await open()
    const tell = byToken(slack)
    await tell('started')
    slack.answerNext(
      { status: 200, body: { ok: true, channel: slackChannel, ts: '1700000000.000001' } },
      { status: 500 },
    )
    expect(await tell('rollback', {}, 'msg-7')).toMatchObject({ outcome: 'retry', status: 500 })
    expect(await tell('rollback', {}, 'msg-7')).toMatchObject({ outcome: 'delivered' })
    expect(await tell('rollback', {}, 'msg-7')).toMatchObject({ outcome: 'delivered' })
    expect(slack.posted).toHaveLength(3)
    const ids = slack.requests
      .slice(-2)
      .map(({ json }) => (json as { metadata: { event_payload: { id: string } } }).metadata.event_payload.id)
    expect(ids).toEqual(['msg-7', 'msg-7'])
  })

  test.each([
    [{ status: 200, body: { ok: false, error: 'ratelimited' } }, { outcome: 'retry' }],
    [{ status: 200, body: { ok: false, error: 'internal_error' } }, { outcome: 'retry' }],
    [
      { status: 200, body: { ok: false, error: 'channel_not_found' } },
      { outcome: 'failed', error: 'Slack refused the message: channel_not_found' },
    ],
    [{ status: 200, body: { ok: false, error: 'invalid_auth' } }, { outcome: 'failed' }],
    [{ status: 200, body: { ok: false } }, { outcome: 'failed' }],
    [{ status: 200, body: 'a proxy says hello' }, { outcome: 'retry' }],
    [
      { status: 429, headers: { 'retry-after': '30' } },
      { outcome: 'retry', status: 429, retryAfterSeconds: 30 },
    ],
    [{ status: 503 }, { outcome: 'retry', status: 503 }],
    [
      { status: 302, headers: { location: 'https://evil.example' } },
      { outcome: 'failed', status: 302 },
    ],
  ])('%j means %j', async (answer, expected) => {
    const slack = await open()
    slack.answerNext(answer)
    expect(await byToken(slack)('rollback')).toMatchObject(expected)
  })
})

describe('by an incoming webhook', () => {
  const by = (slack: Slack, name: CaseName, changes: Partial<Delivery> = {}) =>
    send('slack', { url: `${slack.url}${slackHook}` }, cases[name], changes)

  test('only what is worth a message is sent, and the same once', async () => {
    const slack = await open()
    for (const name of ['started', 'hold'] as const) expect(await by(slack, name)).toMatchObject({ outcome: 'skipped' })
    const told = await by(slack, 'rollback')
    expect(told).toMatchObject({ outcome: 'delivered', status: 200 })
    expect(await by(slack, 'finished-rolled-back', { receipts: [receiptOf(told)] })).toMatchObject({
      outcome: 'skipped',
    })
    expect(slack.requests).toHaveLength(1)
  })

  test.each([
    [{ status: 404, body: 'no_service' }, 'gone'],
    [{ status: 403, body: 'no_team' }, 'gone'],
    [{ status: 410, body: 'channel_is_archived' }, 'gone'],
    [{ status: 400, body: 'invalid_payload' }, 'failed'],
    [{ status: 404, body: 'channel_not_found' }, 'failed'],
    [{ status: 429, headers: { 'retry-after': '1' } }, 'retry'],
    [{ status: 500, body: 'rollup_error' }, 'retry'],
  ])('%j is %s', async (answer, outcome) => {
    const slack = await open()
    slack.answerNext(answer)
    expect(await by(slack, 'rollback')).toMatchObject({ outcome })
  })
})

test('Slack takes every case, whatever its names are, and each stands as it is', async () => {
  const slack = await open()
  for (const name of Object.keys(cases) as CaseName[]) {
    const receipts = [{ channel: slackChannel, ts: '1' }]
    for (const changes of [{}, { receipts }]) {
      const result = await byToken(slack)(name, changes)
      expect([name, result.outcome]).toEqual([name, expect.stringMatching(/delivered|skipped/)])
    }
  }
  const first = await byToken(slack)('hostile')
  expect(first.outcome).toBe('delivered')
  const sent = slack.requests.at(-1)
  expect(sent?.json).toMatchObject({
    mrkdwn: false,
    text: expect.stringContaining('&lt;script&gt;alert(1)&lt;/script&gt;*bold*|@channel&lt;!here&gt;'),
  })
  expect(JSON.stringify(sent?.json?.blocks)).toContain('<script>alert(1)</script>*bold*|@channel<!here>')
  expect(JSON.stringify(sent?.json?.blocks)).not.toMatch(/"type":"(?:broadcast|user|usergroup|mrkdwn)"/)
})

test('no answer and no error holds the token or the address', async () => {
  const slack = await open()
  slack.answerNext({ status: 400, body: { message: `bad token ${slackToken}` } })
  expect(JSON.stringify(await byToken(slack)('rollback'))).not.toContain(slackToken)
  slack.answerNext({ status: 400, body: 'invalid_payload' })
  const result = await send('slack', { url: `${slack.url}${slackHook}` }, cases.rollback)
  expect(JSON.stringify(result)).not.toContain('secret')
})

describe('an endpoint', () => {
  const fault = (url: string, options: Readonly<Record<string, string>>, hasSecret: boolean) =>
    sinkOf('slack').requires.fault?.({ url, options, act: false }, hasSecret) ?? null

  test('needs a channel with a token and a webhook without one', () => {
    expect(fault('https://slack.com/api', { channel: slackChannel }, true)).toBeNull()
    expect(fault('https://hooks.slack.com/services/T/B/x', {}, false)).toBeNull()
    expect(fault('https://slack.com/api', {}, true)).toContain('channel')
    expect(fault('https://slack.com/api', {}, false)).toContain('incoming webhook')
    expect(fault('https://hooks.slack.com/services/T/B/x', { channel: slackChannel }, true)).toContain("Slack's API")
  })

  test('shows only the origin of its URL, which may be a password', () => {
    expect(sinkOf('slack').requires.isUrlSecret).toBe(true)
    expect(endpointOf('slack').url).toBe('https://slack.com/api')
  })
})

test('observed deployments are told as such and call nobody', async () => {
  const slack = await open()
  const of = verdict('rollback', { mode: 'observe' })
  const observed = { message: told(of), deployment: deployment(of) }
  const settings = { url: `${slack.url}${slackHook}`, options: { mention: 'S0PAYMENTS1' } }
  expect(await send('slack', settings, observed)).toMatchObject({ outcome: 'delivered' })
  expect(slack.requests[0]?.text).toContain('Only observed: nothing acts on this.')
  expect(slack.requests[0]?.text).not.toContain('usergroup')
})
