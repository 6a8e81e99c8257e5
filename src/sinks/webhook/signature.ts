import { createHmac } from 'node:crypto'

/**
 * The headers that prove who sent `body`: those of Standard Webhooks, with a signature for each key so that receivers
 * may change theirs one after another, and `x-signature` (HMAC over the body alone, with the first key) for receivers
 * such as Flux's generic-hmac.
 * @param keys The decoded secrets, at least one.
 * @param at The time of this attempt, not of the event: receivers refuse what is older than five minutes.
 */
export function signatureHeaders(
  id: string,
  at: Date,
  body: string,
  keys: readonly [Uint8Array, ...Uint8Array[]],
): Record<string, string> {
  const timestamp = Math.floor(at.getTime() / 1000)
  const signed = `${id}.${timestamp}.${body}`
  const signatures = keys.map((key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
    'x-signature': `sha256=${createHmac('sha256', keys[0]).update(body).digest('hex')}`,
  }
}
