const prefix = 'whsec_'
const base64 = /^[A-Za-z0-9+/]+={0,2}$/

/** What a webhook secret looks like, for error messages. */
export const webhookSecretShape = 'whsec_ followed by the base64 of 24 to 64 random bytes'

/** A new Standard Webhooks secret. @param random 32 random bytes. */
export function newWebhookSecret(random: Uint8Array): string {
  if (random.length !== 32) throw new RangeError(`a webhook secret takes 32 random bytes, got ${random.length}`)
  return prefix + Buffer.from(random).toString('base64')
}

/** The key bytes of a `whsec_` secret, or null when it has not {@link webhookSecretShape}. */
export function webhookSecretKey(secret: string): Buffer | null {
  if (!secret.startsWith(prefix)) return null
  const encoded = secret.slice(prefix.length)
  if (!base64.test(encoded)) return null
  const key = Buffer.from(encoded, 'base64')
  return key.length >= 24 && key.length <= 64 ? key : null
}
