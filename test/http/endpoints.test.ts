import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Davy, startDavy, until } from '../davy.ts'
import { type Received, type Receiver, startReceiver } from '../sinks/receiver.ts'
import { flagToken, startUnleash } from '../sinks/simulators/flags.ts'
import { type Caller, callerOf } from './client.ts'

let davy: Davy
let call: Caller
let receiver: Receiver
/** The statuses of the next answers; 204 when there is none. */
const answers: number[] = []
beforeAll(async () => {
  receiver = await startReceiver((response) => response.writeHead(answers.shift() ?? 204).end())
  davy = await startDavy()
  call = callerOf(davy)
})
afterAll(async () => {
  await davy?.stop()
  await receiver?.close()
})

const path = '/api/v1/endpoints'
const received = (type: string): Received[] =>
  receiver.received.filter(({ body }) => JSON.parse(body).type === `dev.davy.${type}`)

let services = 0
async function rolledBack() {
  services += 1
  const body = { service: `shop-${services}`, canary: { version: '2' }, baseline: { version: '1' } }
  const { body: deployment } = await call('POST', '/api/v1/deployments', body)
  await call('POST', `/api/v1/deployments/${deployment.id}/override`, { decision: 'rollback', reason: 'a test' })
  return deployment.id as string
}

describe('an endpoint', () => {
  let id: string
  let secret: string

  test('is made with a secret that is shown once', async () => {
    const made = await call('POST', path, { url: receiver.url })
    expect(made.status).toBe(201)
    expect(made.headers.get('location')).toBe(`${path}/${made.body.id}`)
    expect(made.headers.get('cache-control')).toBe('no-store')
    expect(made.body).toMatchObject({ url: receiver.url, events: ['verdict.changed'], disabled: false, origin: 'api' })
    expect(made.body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    id = made.body.id
    secret = made.body.secret
    const one = await call('GET', `${path}/${id}`)
    const all = await call('GET', path)
    expect(all.body.items).toEqual([one.body])
    for (const { text } of [one, all]) expect(text).not.toMatch(/whsec_|secret/)
  })

  test('can be tried: the test message is signed', async () => {
    expect(await call('POST', `${path}/${id}/test`)).toMatchObject({
      status: 200,
      body: { outcome: 'delivered', status: 204 },
    })
    const [{ body, headers }] = received('endpoint.test') as [Received]
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({ subject: id })
    answers.push(500)
    expect((await call('POST', `${path}/${id}/test`)).body).toMatchObject({ outcome: 'retry', status: 500 })
  })

  let delivery: { id: string; messageId: string }

  test('gets a signed verdict, and again with the same id when it answered 500', async () => {
    answers.push(500)
    const deploymentId = await rolledBack()
    await until(async () => received('verdict.decided').length === 2, 'the second attempt')
    const [first, second] = received('verdict.decided') as [Received, Received]
    expect(first.headers['webhook-id']).toBe(second.headers['webhook-id'])
    expect(first.body).toBe(second.body)
    const message = new Webhook(secret).verify(second.body, second.headers as Record<string, string>)
    expect(message).toMatchObject({ data: { deploymentId, decision: 'rollback', final: true } })
    expect(() => new Webhook(secret).verify(`${second.body} `, second.headers as Record<string, string>)).toThrow()

    const deliveries = await until(async () => {
      const { body } = await call('GET', `/api/v1/deliveries?deploymentId=${deploymentId}&state=delivered`)
      return body.items.length === 1 && body.items
    }, 'the record')
    expect(deliveries).toMatchObject([
      {
        endpoint: id,
        deploymentId,
        type: 'verdict.decided',
        messageId: first.headers['webhook-id'],
        state: 'delivered',
        nextAt: null,
        attempts: [
          { attempt: 1, outcome: 'retry', status: 500, error: expect.stringContaining('500') },
          { attempt: 2, outcome: 'delivered', status: 204, error: null, nextAt: null },
        ],
      },
    ])
    delivery = deliveries[0]
    expect((await call('GET', `/api/v1/deliveries?endpoint=${id}`)).body.items).toHaveLength(1)
    expect((await call('GET', '/api/v1/deliveries?endpoint=other')).body.items).toEqual([])
    expect((await call('GET', '/api/v1/deliveries?state=failed')).body.items).toEqual([])
  })

  test('is sent the same message once more on demand', async () => {
    const before = received('verdict.decided').length
    const replayed = await call('POST', `/api/v1/deliveries/${delivery.id}/replay`)
    expect(replayed).toMatchObject({ status: 200, body: { id: delivery.id, attempts: [{}, {}, { attempt: 3 }] } })
    const last = received('verdict.decided').at(-1)!
    expect(received('verdict.decided')).toHaveLength(before + 1)
    expect(last.headers['webhook-id']).toBe(delivery.messageId)
    expect((await call('POST', '/api/v1/deliveries/01JUNKNOWN/replay')).status).toBe(404)
  })

  test('gets nothing once it is removed', async () => {
    expect(await call('DELETE', `${path}/${id}`)).toMatchObject({ status: 204, text: '' })
    expect((await call('GET', `${path}/${id}`)).body.disabled).toBe(true)
    const other = await call('POST', path, { url: receiver.url, events: ['verdict.decided'] })
    const before = received('verdict.decided').length
    const deploymentId = await rolledBack()
    await until(async () => {
      const { body } = await call('GET', `/api/v1/deliveries?deploymentId=${deploymentId}&state=delivered`)
      return body.items.length === 1
    }, 'the other delivery')
    expect(received('verdict.decided')).toHaveLength(before + 1)
    const last = received('verdict.decided').at(-1)!
    expect(() => new Webhook(secret).verify(last.body, last.headers as Record<string, string>)).toThrow()
    expect(new Webhook(other.body.secret).verify(last.body, last.headers as Record<string, string>)).toBeDefined()
  })

  test('has its secret in no log line', () => {
    expect(davy.logs.length).toBeGreaterThan(0)
    expect(davy.logs.filter((line) => line.includes('whsec_') || line.includes(secret.slice(6)))).toEqual([])
  })
})

describe('a change', () => {
  let id: string
  let secret: string
  const one = (changes: object = {}) => ({ url: receiver.url, services: ['nobody'], ...changes })

  test('of some settings keeps the others and the secret', async () => {
    const made = await call('POST', path, one({ decisions: ['rollback'] }))
    id = made.body.id
    secret = made.body.secret
    const changed = await call('PATCH', `${path}/${id}`, { environments: ['production'] })
    expect(changed).toMatchObject({
      ...{ status: 200, body: { environments: ['production'], decisions: ['rollback'], services: ['nobody'] } },
    })
    expect(changed.text).not.toMatch(/whsec_|"secret"/)
    expect((await call('GET', `${path}/${id}`)).body).toEqual(changed.body)
  })

  test('of the whole puts defaults where nothing is said', async () => {
    const put = await call('PUT', `${path}/${id}`, one())
    expect(put.body).toMatchObject({ environments: [], decisions: [], services: ['nobody'], format: 'cloudevents' })
  })

  test('that fits no format is refused, whole', async () => {
    const refused = await call('PATCH', `${path}/${id}`, { options: { channel: '#releases' }, disabled: true })
    expect(refused.body).toMatchObject({ status: 422, where: '/options' })
    expect((await call('GET', `${path}/${id}`)).body).toMatchObject({ options: {}, disabled: false })
    expect((await call('PATCH', `${path}/${id}`, {})).status).toBe(400)
  })

  test('switches it off and on', async () => {
    const off = await call('PATCH', `${path}/${id}`, { disabled: true })
    expect(off.body).toMatchObject({ disabled: true, disabledBecause: 'switched off by the API' })
    const on = await call('PATCH', `${path}/${id}`, { disabled: false })
    expect(on.body).toMatchObject({ disabled: false, disabledBecause: null })
  })

  test('of the secret lets both sign for a while, and shows the new one once', async () => {
    const rotated = await call('POST', `${path}/${id}/rotate`, { overlapHours: 1 })
    expect(rotated.body.secret).toMatch(/^whsec_/)
    expect(rotated.headers.get('cache-control')).toBe('no-store')
    await call('POST', `${path}/${id}/test`)
    const { body, headers } = received('endpoint.test').at(-1)!
    for (const each of [secret, rotated.body.secret])
      expect(new Webhook(each).verify(body, headers as Record<string, string>)).toMatchObject({ subject: id })
    expect((await call('GET', `${path}/${id}`)).text).not.toContain('whsec_')
  })

  test("to a secret of one's own is taken and not repeated", async () => {
    const own = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
    const changed = await call('PATCH', `${path}/${id}`, { secret: own })
    expect([changed.status, changed.text.includes('whsec_')]).toEqual([200, false])
    await call('POST', `${path}/${id}/test`)
    const { body, headers } = received('endpoint.test').at(-1)!
    expect(String(headers['webhook-signature']).split(' ')).toHaveLength(1)
    new Webhook(own).verify(body, headers as Record<string, string>)
  })
})

test('a flag is switched off by a rollback, and not before the kill switch is off again', async () => {
  const unleash = await startUnleash()
  const killSwitch = (on: boolean) => call('PUT', '/api/v1/kill-switch', { on, reason: 'a test' })
  try {
    const asked = { format: 'unleash', url: unleash.url, secret: flagToken, act: true, decisions: ['rollback'] }
    const { body: endpoint } = await call('POST', path, {
      ...asked,
      options: { flag: 'new-checkout', project: 'shop', environment: 'production' },
    })
    await killSwitch(true)
    const opened = {
      service: 'flagged',
      strategy: 'feature-flag',
      canary: { version: '2' },
      baseline: { version: '1' },
    }
    const { body: deployment } = await call('POST', '/api/v1/deployments', opened)
    const decided = { decision: 'rollback', reason: 'a test' }
    await call('POST', `/api/v1/deployments/${deployment.id}/override`, decided)
    // Other endpoints of this file hear of it too.
    const mine = `/api/v1/deliveries?deploymentId=${deployment.id}&endpoint=${endpoint.id}`
    const deliveries = async () => (await call('GET', mine)).body.items
    const pending = await until(async () => (await deliveries())[0], 'the delivery')
    expect((await call('POST', `/api/v1/deliveries/${pending.id}/replay`)).body).toMatchObject({ status: 409 })
    expect([unleash.isOn(), (await deliveries())[0].state]).toEqual([true, 'pending'])
    await killSwitch(false)
    await until(async () => (await deliveries())[0].state === 'delivered', 'the rollback')
    expect(unleash.isOn()).toBe(false)
  } finally {
    await killSwitch(false)
    await unleash.close()
  }
})

test('every format says what it needs, and none needs what it does not say', async () => {
  const { body } = await call('GET', '/api/v1/formats')
  expect(body.items.map(({ format }: { format: string }) => format)).toContain('cloudevents')
  expect(body.items.find(({ format }: { format: string }) => format === 'cloudevents')).toMatchObject({
    ...{ signature: 'standard-webhooks', schemes: ['http', 'https'], defaultUrl: null, options: [], canAct: false },
  })
})

describe('what is refused', () => {
  test.each<[string, object, number, string]>([
    ['no URL', {}, 400, '/url'],
    ['an unknown key', { url: 'https://a.example', secrets: 'whsec_AAAA' }, 400, '/secrets'],
    ['a secret of another form', { url: 'https://a.example', secret: 'whsec_AAAA' }, 422, '/secret'],
    ['an unknown format', { url: 'https://a.example', format: 'cloudevent' }, 422, '/format'],
    ['an unknown option', { url: 'https://a.example', options: { chanel: '#releases' } }, 422, '/options'],
    ['acting without anything to act on', { url: 'https://a.example', act: true }, 422, '/act'],
    ['an unknown event', { url: 'https://a.example', events: ['all'] }, 400, '/events/0'],
    ['another scheme', { url: 'ftp://a.example' }, 422, '/url'],
    ['no URL at all', { url: 'a.example' }, 422, '/url'],
    ['a password', { url: 'https://user:hunter2@a.example' }, 422, '/url'],
  ])('%s', async (_name, body, status, where) => {
    const answer = await call('POST', path, body)
    expect(answer.body).toMatchObject({ status, where })
    expect(answer.text).not.toMatch(/hunter2|whsec_AAAA/)
  })

  test.each([
    ['GET', path],
    ['DELETE', path],
    ['POST', `${path}/{}/test`],
  ])('%s %s of an unknown id', async (method, route) => {
    const url = route.includes('{}') ? route.replace('{}', '01JUNKNOWN') : `${route}/01JUNKNOWN`
    expect((await call(method, url)).body).toMatchObject({ status: 404, detail: expect.stringContaining('01JUNKNOWN') })
  })
})
