import { createHmac, sign as signBytes } from 'node:crypto'
import { type Message, type Ports, SendError } from '../../domain/sink.ts'
import { type WebhookKey, webhookKey, webhookSecretShape } from '../../platform/webhook-secret.ts'

/**
 * The headers that prove who sent `body`: those of Standard Webhooks, with a signature for each key so that receivers
 * may change theirs one after another (`v1`: HMAC-SHA256, `v1a`: Ed25519), and `x-signature` (HMAC over the body alone,
 * with the first key that is one) for receivers such as Flux's generic-hmac.
 * @param keys At least one.
 * @param at The time of this attempt, not of the event: receivers refuse what is older than five minutes.
 */
function signatureHeaders(
  id: string,
  at: Date,
  body: string,
  keys: readonly [WebhookKey, ...WebhookKey[]],
): Record<string, string> {
  const timestamp = Math.floor(at.getTime() / 1000)
  const signed = `${id}.${timestamp}.${body}`
  const shared = keys.find((key) => key.kind === 'hmac')
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': keys.map((key) => signatureBy(key, signed)).join(' '),
    ...(shared === undefined
      ? {}
      : { 'x-signature': `sha256=${createHmac('sha256', shared.bytes).update(body).digest('hex')}` }),
  }
}

function signatureBy(key: WebhookKey, signed: string): string {
  if (key.kind === 'hmac') return `v1,${createHmac('sha256', key.bytes).update(signed).digest('base64')}`
  return `v1a,${signBytes(null, Buffer.from(signed), key.key).toString('base64')}`
}

/** The keys of an endpoint. @throws SendError `invalid`: nothing is sent unsigned. */
function keysOf(secrets: readonly string[]): readonly [WebhookKey, ...WebhookKey[]] {
  const keys = secrets.map((secret, index) => {
    const key = webhookKey(secret)
    if (key !== null) return key
    throw new SendError('invalid', `secret ${index + 1} of ${secrets.length} is not ${webhookSecretShape}`)
  })
  const [first, ...more] = keys
  if (first === undefined) throw new SendError('invalid', 'the endpoint has no secret, and nothing is sent unsigned')
  return [first, ...more]
}

/** The way out for one message, on which every request is signed. @throws SendError `invalid` without good keys. */
export function signing(http: Ports['http'], message: Message, at: Date, secrets: readonly string[]): Ports['http'] {
  const keys = keysOf(secrets)
  return (request, signal) => {
    const proof = signatureHeaders(message.id, at, request.body ?? '', keys)
    return http({ ...request, headers: { ...request.headers, ...proof } }, signal)
  }
}
