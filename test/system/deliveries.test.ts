import { execFileSync } from 'node:child_process'
import { createPublicKey, verify } from 'node:crypto'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Davy, startDavy, until } from '../davy.ts'
import { callOf } from '../http/client.ts'
import { type Received, type Receiver, startReceiver } from '../sinks/receiver.ts'
import { tool } from './clients/tools.ts'

/*
 * Whoever verifies what Davy signs does so with a library of theirs: here those of two languages, and Ed25519, which
 * neither of them has, by the specification with OpenSSL.
 */

let davy: Davy
let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver((response) => response.writeHead(204).end())
  davy = await startDavy()
})
afterAll(async () => {
  await davy?.stop()
  await receiver?.close()
})

type Made = { readonly id: string; readonly secret?: string; readonly publicKeys: readonly string[] }

/** What an endpoint gets of a rollback. */
async function rolledBack(service: string, endpointId: string): Promise<Received> {
  const registration = { service, canary: { version: '2' }, baseline: { version: '1' } }
  const { id } = await callOf<{ id: string }>(davy, 'POST', '/api/v1/deployments', registration)
  const override = { decision: 'rollback', reason: 'a test' }
  await callOf(davy, 'POST', `/api/v1/deployments/${id}/override`, override)
  return await until(async () => {
    const found = receiver.received.find(
      ({ path, body }) => path === `/${endpointId}` && JSON.parse(body).data.deploymentId === id,
    )
    return found ?? false
  }, 'the rollback')
}

const urlOf = (path: string) => `${new URL(receiver.url).origin}/${path}`

/** What the Python library says of messages. */
function inPython(messages: readonly { secret: string; body: string; headers: object }[]) {
  const input = messages.map((message) => `${JSON.stringify(message)}\n`).join('')
  const script = join(import.meta.dirname, 'deliveries/verify.py')
  const output = execFileSync(tool('python/bin/python'), [script], { input, encoding: 'utf8' })
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { verified?: { data: { decision: string } }; refused?: string })
}

test('a rollback verifies in JavaScript and in Python, and what was altered does not', async () => {
  const made = await callOf<Made>(davy, 'POST', '/api/v1/endpoints', { url: urlOf('hmac'), services: ['shop'] })
  const { body, headers } = await rolledBack('shop', 'hmac')
  const sent = headers as Record<string, string>
  const secret = made.secret!
  expect(new Webhook(secret).verify(body, sent)).toMatchObject({ data: { decision: 'rollback' } })
  const altered = body.replace('rollback', 'promote!')
  expect(() => new Webhook(secret).verify(altered, sent)).toThrow('No matching signature')
  const [good, bad] = inPython([
    { secret, body, headers: sent },
    { secret, body: altered, headers: sent },
  ])
  expect(good?.verified?.data.decision).toBe('rollback')
  expect(bad?.refused).toBeDefined()
})

test('while a secret is rotated both libraries take the old one and the new one', async () => {
  const url = urlOf('rotated')
  const made = await callOf<Made>(davy, 'POST', '/api/v1/endpoints', { url, services: ['search'] })
  const rotated = await callOf<Made>(davy, 'POST', `/api/v1/endpoints/${made.id}/rotate`, { overlapHours: 1 })
  expect(rotated.secret).not.toBe(made.secret)
  const { body, headers } = await rolledBack('search', 'rotated')
  const secrets = [made.secret!, rotated.secret!]
  for (const secret of secrets) new Webhook(secret).verify(body, headers as Record<string, string>)
  const answers = inPython(secrets.map((secret) => ({ secret, body, headers })))
  expect(answers.map(({ verified }) => verified?.data.decision)).toEqual(['rollback', 'rollback'])
})

test('an Ed25519 signature is verified with the public key that the endpoint shows, and nobody is shown the other', async () => {
  const asked = { url: urlOf('ed25519'), services: ['tax'], signature: 'ed25519' }
  const made = await callOf<Made>(davy, 'POST', '/api/v1/endpoints', asked)
  expect(made.secret).toBeUndefined()
  const shown = await callOf<Made>(davy, 'GET', `/api/v1/endpoints/${made.id}`)
  const { body, headers } = await rolledBack('tax', 'ed25519')
  const [version, signature] = String(headers['webhook-signature']).split(',') as [string, string]
  const x = Buffer.from(shown.publicKeys[0]!.slice('whpk_'.length), 'base64').toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  const signed = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`)
  expect(version).toBe('v1a')
  expect(verify(null, signed, key, Buffer.from(signature, 'base64'))).toBe(true)
  expect(verify(null, Buffer.from(`${signed} `), key, Buffer.from(signature, 'base64'))).toBe(false)
})
