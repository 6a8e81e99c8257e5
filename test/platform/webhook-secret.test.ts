import { expect, test } from 'vitest'
import { newWebhookSecret, webhookSecretKey } from '../../src/platform/webhook-secret.ts'

test('a new secret gives its bytes back', () => {
  const random = Buffer.from(Array.from({ length: 32 }, (_, index) => 255 - index))
  expect(webhookSecretKey(newWebhookSecret(random))).toEqual(random)
  expect(() => newWebhookSecret(Buffer.alloc(16))).toThrow('32 random bytes')
})

test.each([
  ['no prefix', Buffer.alloc(32).toString('base64')],
  ['too short', `whsec_${Buffer.alloc(23).toString('base64')}`],
  ['too long', `whsec_${Buffer.alloc(65).toString('base64')}`],
  ['no base64', `whsec_${'*'.repeat(44)}`],
  ['nothing', 'whsec_'],
])('%s is no secret', (_, secret) => {
  expect(webhookSecretKey(secret)).toBeNull()
})
