import { createHmac } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { type CaseName, cases, sinkOf } from '../deliveries.ts'
import { type Platform, startPlatform } from '../simulators/platform.ts'
import { send } from '../way-out.ts'

const token = 'the token of a Receiver'
const opened: Platform[] = []
afterEach(async () => {
  for (const platform of opened.splice(0)) await platform.close()
})

/** A Receiver of Flux, simulated: `generic-hmac` checks the signature of the body with its token, `generic` does not. */
async function open(kind: 'generic' | 'generic-hmac') {
  const flux = await startPlatform(({ method, headers, text }) => {
    const signature = `sha256=${createHmac('sha256', token).update(text).digest('hex')}`
    if (kind === 'generic-hmac' && headers['x-signature'] !== signature) return { status: 400 }
    return { status: method === 'POST' ? 200 : 405 }
  })
  opened.push(flux)
  const tell = (name: CaseName, secret: string | null) =>
    send('flux', { url: `${flux.url}/hook/very-secret-digest` }, cases[name], {
      secrets: secret === null ? [] : [secret],
    })
  return { flux, tell }
}

test('promotes and rollbacks are events in the shape of Flux, signed with the token of the Receiver', async () => {
  const { flux, tell } = await open('generic-hmac')
  expect(await tell('rollback', token)).toMatchObject({ outcome: 'delivered' })
  expect(await tell('promote', token)).toMatchObject({ outcome: 'delivered' })
  expect(await tell('test', token)).toMatchObject({ outcome: 'delivered' })
  expect(await tell('rollback', 'another')).toMatchObject({ outcome: 'retry', status: 400 })
  expect(flux.requests.slice(0, 2).map(({ json }) => json)).toMatchObject([
    {
      involvedObject: { kind: 'Deployment', name: 'checkout', uid: '01JD8Q4V7W3N5T9XKZ0000ABCD' },
      ...{
        severity: 'error',
        reason: 'VerdictRollback',
        reportingController: 'davy',
        timestamp: '2026-11-21T10:00:10.000Z',
      },
      metadata: { revision: '2.4.1', code: 'HARM_SHOWN', environment: 'production' },
    },
    { severity: 'info', reason: 'VerdictPromote' },
  ])
  expect(flux.requests[0]?.headers['gotk-component']).toBe('davy')
})

test('without a secret nothing is signed', async () => {
  const { flux, tell } = await open('generic')
  expect(await tell('rollback', null)).toMatchObject({ outcome: 'delivered' })
  expect(flux.requests[0]?.headers).not.toHaveProperty('x-signature')
  expect(sinkOf('flux').requires.isUrlSecret).toBe(true)
})

test('nothing else is said, and hostile names are text', async () => {
  const { flux, tell } = await open('generic')
  for (const name of ['started', 'hold', 'waits', 'finished-promoted'] as const)
    expect([name, (await tell(name, null)).outcome]).toEqual([name, 'skipped'])
  for (const name of ['hostile', 'long'] as const)
    expect(await tell(name, null)).toMatchObject({ outcome: 'delivered' })
  expect(flux.requests.every(({ json }) => String(json?.message).length <= 1024)).toBe(true)
})
