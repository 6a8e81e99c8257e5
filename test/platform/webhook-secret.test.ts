import { expect, test } from 'vitest'
import {
  isWebhookSecret,
  newWebhookPrivateKey,
  newWebhookSecret,
  webhookKey,
  webhookPublicKey,
} from '../../src/platform/webhook-secret.ts'

const random = Buffer.from(Array.from({ length: 32 }, (_, index) => 255 - index))

test('a new secret gives its bytes back', () => {
  expect(webhookKey(newWebhookSecret(random))).toEqual({ kind: 'hmac', bytes: random })
  expect(() => newWebhookSecret(Buffer.alloc(16))).toThrow('32 random bytes')
})

// RFC 8032, section 7.1, TEST 2.
const seed = Buffer.from('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', 'hex')
const publicHalf = Buffer.from('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', 'hex')

test('an Ed25519 key is its seed and its public key, and either form of it is taken', () => {
  const made = newWebhookPrivateKey(seed)
  expect(made).toBe(`whsk_${Buffer.concat([seed, publicHalf]).toString('base64')}`)
  expect(webhookPublicKey(made)).toBe(`whpk_${publicHalf.toString('base64')}`)
  expect(webhookPublicKey(`whsk_${seed.toString('base64')}`)).toBe(`whpk_${publicHalf.toString('base64')}`)
  expect(webhookPublicKey(newWebhookSecret(random))).toBeNull()
})

test('a half that does not belong to the other makes no key', () => {
  const mixed = Buffer.concat([seed, Buffer.from(publicHalf).fill(7, 0, 1)])
  expect(isWebhookSecret(`whsk_${mixed.toString('base64')}`)).toBe(false)
})

test.each([
  ['no prefix', Buffer.alloc(32).toString('base64')],
  ['too short', `whsec_${Buffer.alloc(23).toString('base64')}`],
  ['too long', `whsec_${Buffer.alloc(65).toString('base64')}`],
  ['no base64', `whsec_${'*'.repeat(44)}`],
  ['nothing', 'whsec_'],
  ['half a key', `whsk_${Buffer.alloc(31).toString('base64')}`],
  ['a public key', `whpk_${publicHalf.toString('base64')}`],
])('%s is no secret', (_, secret) => {
  expect(webhookKey(secret)).toBeNull()
})
