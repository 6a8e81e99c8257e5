import { createHmac, randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { Agent } from 'undici'
import { afterEach, describe, expect, test } from 'vitest'
import type { Endpoint, Message } from '../../../src/domain/sink.ts'
import { newWebhookSecret, webhookSecretKey } from '../../../src/platform/webhook-secret.ts'
import { sinkFactories } from '../../../src/sinks/index.ts'
import { inSpan, spanIds, startContext } from '../../platform/span-context.ts'
import { type Receiver, startReceiver } from '../receiver.ts'

const secret = newWebhookSecret(randomBytes(32))
const oldSecret = newWebhookSecret(randomBytes(32))
const publicUrl = 'https://davy.example.com'
const message: Message = {
  id: '01M7YRS40GJETYY1N751T7PRBT',
  type: 'verdict.changed',
  time: '2026-11-21T10:00:10.000Z',
  subject: 'deployments/01M7YRS40GJETYY1N751T7PRBS',
  data: { note: 'größer — 🔴' },
}

const opened: Receiver[] = []
afterEach(async () => {
  for (const receiver of opened.splice(0)) await receiver.close()
})

async function receive(answer: (response: ServerResponse) => void): Promise<Receiver> {
  const receiver = await startReceiver(answer)
  opened.push(receiver)
  return receiver
}

function endpoint(url: string): Endpoint {
  return { id: 'chat', url, events: ['verdict.changed'], disabled: false, createdAt: message.time, origin: 'config' }
}

type Attempt = { secrets?: readonly string[]; at?: Date; signal?: AbortSignal; timeoutMs?: number }

function attempt(url: string, options: Attempt = {}) {
  const { secrets = [secret], at = new Date(), signal = new AbortController().signal, timeoutMs = 20_000 } = options
  return sinkFactories.webhook({ publicUrl, timeoutMs }).deliver(endpoint(url), secrets, message, at, signal)
}

const status = (code: number, headers: Record<string, string> = {}) =>
  receive((response) => response.writeHead(code, headers).end('hunter2'))

describe('what is sent', () => {
  test('a CloudEvent whose envelope also fits Standard Webhooks', async () => {
    const receiver = await status(204)
    expect(await attempt(receiver.url)).toEqual({ outcome: 'delivered', status: 204 })
    const [{ body, headers, path }] = receiver.received as [Receiver['received'][number]]
    expect(path).toBe('/hook?key=hunter2')
    expect(headers['content-type']).toBe('application/cloudevents+json')
    expect(JSON.parse(body)).toEqual({
      specversion: '1.0',
      id: message.id,
      source: publicUrl,
      type: 'dev.davy.verdict.changed',
      subject: message.subject,
      time: message.time,
      timestamp: message.time,
      datacontenttype: 'application/json',
      data: message.data,
    })
  })

  test('the signature verifies, and no longer when a byte of body, id or time changes', async () => {
    const receiver = await status(200)
    await attempt(receiver.url)
    const { body, headers } = receiver.received[0]!
    const sent = headers as Record<string, string>
    const webhook = new Webhook(secret)
    expect(webhook.verify(body, sent)).toEqual(JSON.parse(body))
    expect(sent['webhook-id']).toBe(message.id)
    expect(() => webhook.verify(body.replace('note', 'mote'), sent)).toThrow('No matching signature')
    expect(() => webhook.verify(body, { ...sent, 'webhook-id': 'other' })).toThrow('No matching signature')
    const later = String(Number(sent['webhook-timestamp']) + 1)
    expect(() => webhook.verify(body, { ...sent, 'webhook-timestamp': later })).toThrow('No matching signature')
  })

  test('while a secret is changed, the old and the new one both verify and no third', async () => {
    const receiver = await status(200)
    await attempt(receiver.url, { secrets: [secret, oldSecret] })
    const { body, headers } = receiver.received[0]!
    expect(String(headers['webhook-signature']).split(' ')).toHaveLength(2)
    for (const each of [secret, oldSecret]) new Webhook(each).verify(body, headers as Record<string, string>)
    const third = new Webhook(newWebhookSecret(randomBytes(32)))
    expect(() => third.verify(body, headers as Record<string, string>)).toThrow('No matching signature')
  })

  test('the older kind of signature covers the body with the first secret', async () => {
    const receiver = await status(200)
    await attempt(receiver.url, { secrets: [secret, oldSecret] })
    const { body, headers } = receiver.received[0]!
    const expected = createHmac('sha256', webhookSecretKey(secret)!).update(body).digest('hex')
    expect(headers['x-signature']).toBe(`sha256=${expected}`)
  })

  test('a second attempt has the same id and bytes, and its own time', async () => {
    const receiver = await status(500)
    const start = Date.parse('2026-11-21T10:00:10.900Z')
    await attempt(receiver.url, { at: new Date(start) })
    await attempt(receiver.url, { at: new Date(start + 60_000) })
    const [first, second] = receiver.received
    expect(second!.body).toBe(first!.body)
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id'])
    expect(first!.headers['webhook-timestamp']).toBe('1795255210')
    expect(second!.headers['webhook-timestamp']).toBe('1795255270')
  })

  test('the trace goes along when there is one', async () => {
    const tracing = startContext()
    const receiver = await status(200)
    await inSpan(1, () => attempt(receiver.url))
    await tracing.stop()
    await attempt(receiver.url)
    expect(receiver.received[0]!.headers.traceparent).toBe(`00-${spanIds.traceId}-${spanIds.spanId}-01`)
    expect(receiver.received[1]!.headers.traceparent).toBeUndefined()
  })
})

describe('what comes of it', () => {
  test.each([
    [200, 'delivered'],
    [202, 'delivered'],
    [400, 'retry'],
    [401, 'retry'],
    [404, 'retry'],
    [408, 'retry'],
    [410, 'gone'],
    [500, 'retry'],
    [503, 'retry'],
  ])('%i is %s', async (code, outcome) => {
    const receiver = await status(code)
    const result = await attempt(receiver.url)
    expect(result).toMatchObject({ outcome, status: code })
    expect(JSON.stringify(result)).not.toContain('hunter2')
  })

  test.each([301, 302, 307, 308])('a redirect (%i) is not followed', async (code) => {
    const target = await status(200)
    const receiver = await status(code, { location: target.url })
    expect(await attempt(receiver.url)).toEqual({
      outcome: 'retry',
      status: code,
      error: `a redirect (${code}) is not followed`,
    })
    expect(target.received).toEqual([])
  })

  test('Retry-After is passed on, as seconds and as a date', async () => {
    const at = new Date('2026-11-21T10:00:00Z')
    const inSeconds = await status(429, { 'retry-after': '37' })
    expect(await attempt(inSeconds.url, { at })).toMatchObject({ outcome: 'retry', retryAfterSeconds: 37 })
    const asDate = await status(503, { 'retry-after': 'Sat, 21 Nov 2026 10:02:00 GMT' })
    expect(await attempt(asDate.url, { at })).toMatchObject({ outcome: 'retry', retryAfterSeconds: 120 })
  })

  test('a receiver that does not answer in time is worth a retry', async () => {
    const receiver = await receive(() => {})
    expect(await attempt(receiver.url, { timeoutMs: 50 })).toEqual({
      outcome: 'retry',
      status: null,
      error: 'no answer within 50 ms',
    })
  })

  test('a status counts although its body never ends', async () => {
    const receiver = await receive((response) => void response.writeHead(200).write('and then'))
    expect(await attempt(receiver.url)).toEqual({ outcome: 'delivered', status: 200 })
  })

  test('a refused connection and one that breaks off are worth a retry', async () => {
    const broken = createServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve))
    const { port } = broken.address() as { port: number }
    const result = await attempt(`http://127.0.0.1:${port}/?key=hunter2`)
    expect(result).toMatchObject({ outcome: 'retry', status: null })
    await new Promise((resolve) => broken.close(resolve))
    const refused = await attempt(`http://127.0.0.1:${port}/?key=hunter2`)
    expect(refused).toEqual({ outcome: 'retry', status: null, error: 'the connection failed: ECONNREFUSED' })
    expect(JSON.stringify(result)).not.toContain('hunter2')
  })

  test('stopping ends an attempt, which is to be made again', async () => {
    const stopping = new AbortController()
    const receiver = await receive(() => stopping.abort())
    expect(await attempt(receiver.url, { signal: stopping.signal })).toEqual({
      outcome: 'retry',
      status: null,
      error: 'stopped before an answer came',
    })
  })

  test('connections come from the dispatcher that is given', async () => {
    const receiver = await status(200)
    const dispatcher = new Agent()
    await dispatcher.close()
    const sink = sinkFactories.webhook({ publicUrl, dispatcher })
    const result = await sink.deliver(endpoint(receiver.url), [secret], message, new Date(), AbortSignal.any([]))
    expect(result).toMatchObject({ outcome: 'retry', error: expect.stringContaining('UND_ERR_') })
    expect(receiver.received).toEqual([])
  })
})

test('nothing is sent unsigned, with a broken secret, or elsewhere than over HTTP', async () => {
  const receiver = await status(200)
  const results = [
    await attempt(receiver.url, { secrets: [] }),
    await attempt(receiver.url, { secrets: [secret, 'whsec_hunter2'] }),
    await attempt('file:///etc/passwd?hunter2'),
    await attempt('not a url hunter2'),
  ]
  for (const result of results) {
    expect(result).toMatchObject({ outcome: 'failed', status: null })
    expect(JSON.stringify(result)).not.toContain('hunter2')
  }
  expect(results[1]).toMatchObject({ error: expect.stringContaining('secret 2 of 2') })
  expect(receiver.received).toEqual([])
})
