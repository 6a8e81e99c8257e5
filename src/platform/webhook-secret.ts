import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'

const hmacPrefix = 'whsec_'
const privatePrefix = 'whsk_'
const publicPrefix = 'whpk_'
const base64 = /^[A-Za-z0-9+/]+={0,2}$/
/** PKCS #8 of an Ed25519 key up to its 32 bytes of seed (RFC 8410, section 7). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** What a webhook secret looks like, for error messages. */
export const webhookSecretShape =
  'whsec_ followed by the base64 of 24 to 64 random bytes, or whsk_ followed by that of an Ed25519 private key'

/** A key that signs: HMAC-SHA256 with bytes that both sides have, or Ed25519 with a key that only Davy has. */
export type WebhookKey =
  | { readonly kind: 'hmac'; readonly bytes: Buffer }
  | { readonly kind: 'ed25519'; readonly key: KeyObject }

function checkLength(random: Uint8Array): void {
  if (random.length !== 32) throw new RangeError(`a webhook secret takes 32 random bytes, got ${random.length}`)
}

/** A new Standard Webhooks secret. @param random 32 random bytes. */
export function newWebhookSecret(random: Uint8Array): string {
  checkLength(random)
  return hmacPrefix + Buffer.from(random).toString('base64')
}

/** A new Ed25519 key of Standard Webhooks, as its seed followed by the public key. @param seed 32 random bytes. */
export function newWebhookPrivateKey(seed: Uint8Array): string {
  checkLength(seed)
  return privatePrefix + Buffer.concat([seed, publicBytes(privateKeyOf(seed))]).toString('base64')
}

function privateKeyOf(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' })
}

function publicBytes(key: KeyObject): Buffer {
  return Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x ?? '', 'base64url')
}

function decoded(secret: string, prefix: string): Buffer | null {
  const encoded = secret.slice(prefix.length)
  return secret.startsWith(prefix) && base64.test(encoded) ? Buffer.from(encoded, 'base64') : null
}

/** The key of a secret, or null when it has not {@link webhookSecretShape}. */
export function webhookKey(secret: string): WebhookKey | null {
  const bytes = decoded(secret, hmacPrefix)
  if (bytes !== null) return bytes.length >= 24 && bytes.length <= 64 ? { kind: 'hmac', bytes } : null
  const pair = decoded(secret, privatePrefix)
  if (pair === null || (pair.length !== 32 && pair.length !== 64)) return null
  const key = privateKeyOf(pair.subarray(0, 32))
  // The second half is the public key; another one is a slip in copying, and nobody could verify what it signs.
  if (pair.length === 64 && !publicBytes(key).equals(pair.subarray(32))) return null
  return { kind: 'ed25519', key }
}

/** Whether a text has {@link webhookSecretShape}. */
export function isWebhookSecret(secret: string): boolean {
  return webhookKey(secret) !== null
}

/** The `whpk_` key by which receivers verify what a `whsk_` secret signs; null for other secrets. */
export function webhookPublicKey(secret: string): string | null {
  const key = webhookKey(secret)
  return key?.kind === 'ed25519' ? publicPrefix + publicBytes(key.key).toString('base64') : null
}
