import { createHmac, createPublicKey, randomBytes, verify } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import type { HttpRequest, Message } from '../../../src/domain/sink.ts'
import { signing } from '../../../src/engine/deliveries/sign.ts'
import { newWebhookPrivateKey, newWebhookSecret, webhookPublicKey } from '../../../src/platform/webhook-secret.ts'

const secret = newWebhookSecret(randomBytes(32))
const oldSecret = newWebhookSecret(randomBytes(32))
const privateKey = newWebhookPrivateKey(randomBytes(32))
const message: Message = {
  id: '01M7YRS40GJETYY1N751T7PRBT',
  type: 'endpoint.test',
  time: '2026-11-21T10:00:10.000Z',
  subject: 'chat',
  data: { note: 'größer — 🔴' },
}
const body = JSON.stringify(message)

/** The headers that a request has when it leaves. */
async function headersOf(secrets: readonly string[], at = new Date()): Promise<Record<string, string>> {
  let sent: HttpRequest | null = null
  const http = signing(
    async (request) => {
      sent = request
      return { status: 204, headers: {}, text: '' }
    },
    message,
    at,
    secrets,
  )
  await http({ method: 'POST', url: 'http://x', headers: { accept: '*/*' }, body }, new AbortController().signal)
  return (sent as unknown as HttpRequest).headers
}

/** Whether a whpk_ key verifies a v1a signature among the headers, as the specification describes it. */
function isSignedBy(publicKey: string, headers: Record<string, string>): boolean {
  const x = Buffer.from(publicKey.slice('whpk_'.length), 'base64').toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  const signed = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`)
  return headers['webhook-signature']!.split(' ').some((each) => {
    const [version, signature] = each.split(',')
    return version === 'v1a' && verify(null, signed, key, Buffer.from(signature!, 'base64'))
  })
}

describe('a signature', () => {
  test('verifies, and no longer when a byte of body, id or time changes', async () => {
    const sent = await headersOf([secret])
    const webhook = new Webhook(secret)
    expect(webhook.verify(body, sent)).toEqual(message)
    expect(sent).toMatchObject({ 'webhook-id': message.id, accept: '*/*' })
    expect(() => webhook.verify(body.replace('note', 'mote'), sent)).toThrow('No matching signature')
    expect(() => webhook.verify(body, { ...sent, 'webhook-id': 'other' })).toThrow('No matching signature')
    const later = String(Number(sent['webhook-timestamp']) + 1)
    expect(() => webhook.verify(body, { ...sent, 'webhook-timestamp': later })).toThrow('No matching signature')
  })

  test('is there for the old and the new secret while it is changed, and for no third', async () => {
    const sent = await headersOf([secret, oldSecret])
    expect(sent['webhook-signature']!.split(' ')).toHaveLength(2)
    for (const each of [secret, oldSecret]) new Webhook(each).verify(body, sent)
    expect(() => new Webhook(newWebhookSecret(randomBytes(32))).verify(body, sent)).toThrow('No matching signature')
  })

  test('by Ed25519 is verified with the public key alone; both kinds go together', async () => {
    const sent = await headersOf([privateKey, secret])
    expect(isSignedBy(webhookPublicKey(privateKey)!, sent)).toBe(true)
    expect(isSignedBy(webhookPublicKey(newWebhookPrivateKey(randomBytes(32)))!, sent)).toBe(false)
    expect(new Webhook(secret).verify(body, sent)).toEqual(message)
  })

  test('has the time of the attempt', async () => {
    const start = Date.parse('2026-11-21T10:00:10.900Z')
    expect((await headersOf([secret], new Date(start)))['webhook-timestamp']).toBe('1795255210')
    expect((await headersOf([secret], new Date(start + 60_000)))['webhook-timestamp']).toBe('1795255270')
  })

  test('of the older kind covers the body with the first shared secret', async () => {
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
    const expected = `sha256=${createHmac('sha256', key).update(body).digest('hex')}`
    expect((await headersOf([secret, oldSecret]))['x-signature']).toBe(expected)
    expect((await headersOf([privateKey, secret]))['x-signature']).toBe(expected)
    expect(await headersOf([privateKey])).not.toHaveProperty('x-signature')
  })
})

test('nothing leaves unsigned or with a broken secret, and no error repeats one', async () => {
  await expect(headersOf([])).rejects.toMatchObject({
    kind: 'invalid',
    message: expect.stringContaining('nothing is sent unsigned'),
  })
  const broken = headersOf([secret, 'whsec_hunter2'])
  await expect(broken).rejects.toMatchObject({ kind: 'invalid', message: expect.stringContaining('secret 2 of 2') })
  await expect(broken).rejects.not.toMatchObject({ message: expect.stringContaining('hunter2') })
})
