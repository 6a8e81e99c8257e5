import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Sink } from '../../../src/domain/sink.ts'
import type { GivenEndpoint } from '../../../src/engine/deliveries/check-endpoint.ts'
import { checkConfigured, Endpoints } from '../../../src/engine/deliveries/endpoints.ts'
import { Facts } from '../../../src/storage/facts.ts'
import { given, type Lab, openLab, sinkThat, webhookSecret } from '../lab.ts'

/** A format as those of chats are: its URL is a secret, it has an option that must be given and one that may. */
const chat: Sink = {
  ...sinkThat(() => ({ outcome: 'delivered', status: 200 })),
  format: 'chat',
  signature: 'none',
  requires: {
    ...{ schemes: ['https'], defaultUrl: 'https://chat.example/api', isUrlSecret: true, events: ['verdict.decided'] },
    options: {
      channel: { description: 'a channel as #releases', isRequired: true, pattern: /^#[a-z]+$/ },
      thread: { description: 'any text' },
    },
    secret: { description: 'a token as chat-…', isRequired: true, pattern: /^chat-[a-z0-9]+$/ },
    canAct: false,
    fault: ({ options }) => (options.thread === options.channel ? 'another thread than the channel' : null),
  },
}
const sinks = new Map(
  [sinkThat(() => ({ outcome: 'delivered', status: 200 })), chat].map((each) => [each.format, each]),
)
const aChat = (changes: Partial<GivenEndpoint> = {}): GivenEndpoint =>
  given({
    ...{ format: 'chat', url: null, events: null, options: { channel: '#releases' } },
    secrets: [{ secret: 'chat-hunter2', until: null }],
    ...changes,
  })

let lab: Lab
let processes = 0
beforeAll(async () => {
  lab = await openLab()
  lab.now = Date.now()
})
afterAll(() => lab.close())

let ids = 0
async function open(configured: Parameters<typeof checkConfigured>[0] = []): Promise<Endpoints> {
  const facts = new Facts(lab.storage, `writer-${++processes}`)
  const endpoints = new Endpoints({
    ...{ facts, sinks, configured: checkConfigured(configured, sinks) },
    ...{ newId: () => `01E${++ids}`, now: () => lab.now },
  })
  await endpoints.start()
  return endpoints
}

describe('what fits its format', () => {
  test('has its address and events from it when nothing else is said', async () => {
    const endpoints = await open()
    const { id } = await endpoints.add(aChat())
    expect(endpoints.get(id)).toMatchObject({ url: 'https://chat.example/api', events: ['verdict.decided'] })
    expect(endpoints.secretsOf(id)).toEqual(['chat-hunter2'])
  })

  test('shows no secret, and of a URL that is one only the origin', async () => {
    const endpoints = await open()
    const { id } = await endpoints.add(aChat({ url: 'https://hooks.example/T0/B0/hunter2' }))
    const shown = JSON.stringify(endpoints.view(id))
    expect(JSON.parse(shown)).toMatchObject({ url: 'https://hooks.example/…', publicKeys: [] })
    expect(shown).not.toContain('hunter2')
  })

  test.each<[string, Partial<GivenEndpoint>, string]>([
    ['an unknown format, near to one', { format: 'chatt' }, '/format'],
    ['another scheme', { url: 'http://chat.example' }, '/url'],
    ['credentials in the URL', { url: 'https://u:hunter2@chat.example' }, '/url'],
    ['credentials in a URL of another scheme', { format: 'cloudevents', url: 'ftp://u:hunter2@chat.example' }, '/url'],
    ['credentials in what is no URL', { format: 'cloudevents', url: 'https//u:hunter2@chat.example' }, '/url'],
    ['an option of another form', { options: { channel: 'releases' } }, '/options/channel'],
    ['an option that is missing', { options: {} }, '/options/channel'],
    ['an option that there is not', { options: { channel: '#a', chanel: '#b' } }, '/options'],
    ['an option named like a part of every object', { options: { channel: '#a', constructor: 'x' } }, '/options'],
    ['options that do not go together', { options: { channel: '#a', thread: '#a' } }, '/options'],
    ['no secret', { secrets: [] }, '/secret'],
    ['a secret of another form', { secrets: [{ secret: 'hunter2', until: null }] }, '/secret'],
    ['acting where there is nothing to act on', { act: true }, '/act'],
  ])('is not: %s', async (_name, changes, where) => {
    const endpoints = await open()
    const refused = endpoints.add(aChat(changes))
    await expect(refused).rejects.toMatchObject({ name: 'DavyError', status: 422, where })
    const text = await refused.catch((error: Error) => JSON.stringify({ ...error, message: error.message }))
    expect(text).not.toContain('hunter2')
  })
})

describe('a change', () => {
  test('stands for every process, and keeps what it does not name', async () => {
    const [endpoints, other] = [await open(), await open()]
    const { id } = await endpoints.add(given())
    await endpoints.change(id, () => ({ services: ['checkout'], url: 'https://b.example' }))
    await other.refresh()
    expect(other.get(id)).toEqual(endpoints.get(id))
    expect(other.get(id)).toMatchObject({
      services: ['checkout'],
      url: 'https://b.example',
      events: ['verdict.changed'],
    })
    expect(other.secretsOf(id)).toEqual([webhookSecret])
  })

  test('that fits no format changes nothing', async () => {
    const endpoints = await open()
    const { id } = await endpoints.add(aChat())
    const before = endpoints.get(id)
    await expect(endpoints.change(id, () => ({ options: {} }))).rejects.toMatchObject({ status: 422 })
    expect(endpoints.get(id)).toEqual(before)
  })

  test('of two at the same time leaves both', async () => {
    const [endpoints, other] = [await open(), await open()]
    const { id } = await endpoints.add(given())
    await Promise.all([
      endpoints.change(id, () => ({ services: ['checkout'] })),
      other.change(id, () => ({ environments: ['production'] })),
    ])
    await endpoints.refresh()
    expect(endpoints.get(id)).toMatchObject({ services: ['checkout'], environments: ['production'] })
  })
})

test('a rotation puts the new secret first and lets the old one sign until its time is over', async () => {
  const endpoints = await open()
  const { id } = await endpoints.add(aChat())
  const until = new Date(lab.now + 3_600_000).toISOString()
  await endpoints.rotate(id, 'chat-new', until)
  expect(endpoints.secretsOf(id)).toEqual(['chat-new', 'chat-hunter2'])
  await expect(endpoints.rotate(id, null, until)).rejects.toMatchObject({ status: 422, where: '/secret' })
  lab.now += 3_600_000
  expect(endpoints.secretsOf(id)).toEqual(['chat-new'])
  lab.now -= 3_600_000
})

test('one that is switched off says why, and can be switched on again; one that was removed cannot', async () => {
  const endpoints = await open()
  const { id } = await endpoints.add(given())
  expect(await endpoints.markGone(id, 'it answered 410')).toMatchObject({
    ...{ disabled: true, disabledBecause: 'it answered 410' },
  })
  expect(endpoints.gone()).toEqual([id])
  expect(await endpoints.setEnabled(id, true)).toMatchObject({ disabled: false, disabledBecause: null })
  expect(await endpoints.setEnabled(id, false)).toMatchObject({ disabledBecause: 'switched off by the API' })
  expect(endpoints.gone()).toEqual([])
  await endpoints.remove(id)
  expect(endpoints.get(id)).toMatchObject({ disabled: true, disabledBecause: 'it was removed' })
  await expect(endpoints.setEnabled(id, true)).rejects.toMatchObject({ status: 409 })
  await expect(endpoints.change(id, () => ({ act: false }))).rejects.toMatchObject({ status: 409 })
})

test('a row of before there were formats is a CloudEvents endpoint', async () => {
  const endpoints = await open()
  const body = { url: 'https://old.example', events: ['verdict.decided'], origin: 'api', secrets: [webhookSecret] }
  await new Facts(lab.storage, 'old').putOnce('endpoint', '01OLD', '01OLD', body)
  await endpoints.refresh()
  expect(endpoints.get('01OLD')).toMatchObject({ format: 'cloudevents', services: [], options: {}, disabled: false })
  expect(endpoints.secretsOf('01OLD')).toEqual([webhookSecret])
})

describe('of the configuration', () => {
  const pager = { ...given(), name: 'pager', secrets: [webhookSecret], where: 'davy.yaml:7:5' }

  test('what fits no format stops the start, all of it with its place', () => {
    const wrong = [
      { ...pager, format: 'pagerdutie' },
      { ...pager, name: 'chat', where: 'davy.yaml:9:5', url: 'ftp://x', secrets: ['whsec_hunter2'] },
    ]
    const check = () => checkConfigured(wrong, sinks)
    expect(check).toThrow(/2 webhooks that fit no format/)
    expect(check).toThrow(/davy\.yaml:7:5: webhook pager\/format: There is no format "pagerdutie"/)
    expect(check).toThrow(/davy\.yaml:9:5: webhook chat\/url/)
    expect(check).not.toThrow(/hunter2/)
  })

  test('cannot be changed by the API, but switched off and on, over restarts', async () => {
    const endpoints = await open([pager])
    expect(endpoints.get('pager')).toMatchObject({ origin: 'config', disabled: false })
    await expect(endpoints.change('pager', () => ({}))).rejects.toMatchObject({ status: 409 })
    await expect(endpoints.remove('pager')).rejects.toMatchObject({ status: 409 })
    await endpoints.markGone('pager', 'it answered 410')
    const restarted = await open([{ ...pager, url: 'https://moved.example' }])
    expect(restarted.get('pager')).toMatchObject({ url: 'https://moved.example', disabledBecause: 'it answered 410' })
    await restarted.setEnabled('pager', true)
    expect(restarted.get('pager').disabled).toBe(false)
  })
})
