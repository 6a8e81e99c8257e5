import { expect, test } from 'vitest'
import type { AttemptResult, Delivery, HttpRequest, HttpResponse, Message, Ports } from '../../../src/domain/sink.ts'
import { createCloudEventsSink } from '../../../src/sinks/cloudevents/cloudevents.ts'
import { endpoint } from '../../engine/lab.ts'

const publicUrl = 'https://davy.example.com'
const message: Message = {
  id: '01M7YRS40GJETYY1N751T7PRBT',
  type: 'endpoint.test',
  time: '2026-11-21T10:00:10.000Z',
  subject: '01M7YRS40GJETYY1N751T7PRBS',
  data: { note: 'größer — 🔴' },
}
const delivery: Delivery = {
  ...{ endpoint: endpoint({ url: 'https://hooks.example/davy' }), secrets: [], message, deployment: null },
  ...{ receipts: [], isOvertaken: false, at: new Date('2026-11-21T10:00:00Z') },
}

async function deliver(answer: Partial<HttpResponse> = {}, at = delivery.at) {
  const requests: HttpRequest[] = []
  const ports: Ports = {
    http: async (request) => {
      requests.push(request)
      return { status: 204, headers: {}, text: 'hunter2', ...answer }
    },
    mail: () => Promise.reject(new Error('no mail was expected')),
  }
  const sink = createCloudEventsSink({ publicUrl })
  const result: AttemptResult = await sink.deliver({ ...delivery, at }, ports, new AbortController().signal)
  return { requests, result }
}

test('a message goes out as a CloudEvent whose envelope also fits Standard Webhooks', async () => {
  const { requests, result } = await deliver()
  expect(result).toEqual({ outcome: 'delivered', status: 204 })
  expect(requests).toMatchObject([
    {
      method: 'POST',
      url: 'https://hooks.example/davy',
      headers: { 'content-type': 'application/cloudevents+json' },
    },
  ])
  expect(JSON.parse(requests[0]!.body!)).toEqual({
    ...{ specversion: '1.0', id: message.id, source: publicUrl, type: 'dev.davy.endpoint.test' },
    ...{ subject: message.subject, time: message.time, timestamp: message.time },
    ...{ datacontenttype: 'application/json', data: message.data },
  })
})

test('a later attempt has the same bytes', async () => {
  const first = await deliver()
  const second = await deliver({}, new Date('2026-11-22T10:00:00Z'))
  expect(second.requests).toEqual(first.requests)
})

test.each([
  [200, 'delivered'],
  [202, 'delivered'],
  [301, 'retry'],
  [307, 'retry'],
  [400, 'retry'],
  [401, 'retry'],
  [404, 'retry'],
  [408, 'retry'],
  [410, 'gone'],
  [500, 'retry'],
  [503, 'retry'],
])('%i is %s', async (status, outcome) => {
  const { result } = await deliver({ status })
  expect(result).toMatchObject({ outcome, status })
  expect(JSON.stringify(result)).not.toContain('hunter2')
})

test('Retry-After is passed on, as seconds and as a date', async () => {
  const after = async (value: string) => (await deliver({ status: 429, headers: { 'retry-after': value } })).result
  expect(await after('37')).toMatchObject({ outcome: 'retry', retryAfterSeconds: 37 })
  expect(await after('Sat, 21 Nov 2026 10:02:00 GMT')).toMatchObject({ retryAfterSeconds: 120 })
})
