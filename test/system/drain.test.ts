import { mkdtempSync, rmSync } from 'node:fs'
import { type ClientRequest, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LogEntry, type RunningDavy, startDavy } from '../../load/ingest/start-davy.ts'
import { protobufTraces, until, untilStored } from '../davy.ts'
import { callerOf, callOf } from '../http/client.ts'
import { type Receiver, startReceiver } from '../sinks/receiver.ts'

const drainMs = 1_500
const receiverTakesMs = 3_000
const directory = mkdtempSync(join(tmpdir(), 'davy-drain-'))
const running: RunningDavy[] = []
let receiver: Receiver

beforeAll(async () => {
  receiver = await startReceiver((response) => {
    setTimeout(() => response.writeHead(204).end(), receiverTakesMs)
  })
})
afterAll(async () => {
  for (const davy of running) await davy.kill()
  await receiver?.close()
  rmSync(directory, { recursive: true, force: true })
})

async function serve(): Promise<{ readonly davy: RunningDavy; readonly messages: readonly string[] }> {
  const messages: string[] = []
  const davy = await startDavy(directory, { DAVY_DRAIN_MS: String(drainMs) }, ({ msg }: LogEntry) => messages.push(msg))
  running.push(davy)
  return { davy, messages }
}

/** A body of telemetry of which half is sent. */
function beginBody(url: string, body: Buffer): { readonly sent: ClientRequest; readonly answer: Promise<string> } {
  const headers = { 'content-type': 'application/x-protobuf', 'content-length': String(body.length) }
  const sent = request(`${url}/v1/traces`, { method: 'POST', headers })
  const answer = new Promise<string>((resolve, reject) => {
    sent.once('error', reject).once('response', async (response) => {
      resolve(`${response.statusCode} ${response.headers.connection} ${await text(response)}`)
    })
  })
  sent.write(body.subarray(0, body.length >> 1))
  return { sent, answer }
}

const spans = (service: string, count: number) =>
  Array.from({ length: count }, () => ({ service, version: '1', endAt: Date.now() }))

test('who stops Davy loses no body, no answer and no record of a delivery', async () => {
  const { davy, messages } = await serve()
  const call = callerOf(davy)
  const { id } = await callOf<{ id: string }>(davy, 'POST', '/api/v1/deployments', {
    ...{ service: 'cart', canary: { version: '2' }, baseline: { version: '1' } },
  })
  await callOf(davy, 'POST', '/api/v1/endpoints', {
    url: receiver.url.replace(/\?.*/, ''),
    events: ['verdict.decided'],
  })
  const { headers } = await call('GET', `/api/v1/deployments/${id}/verdict`)
  const body = protobufTraces(spans('slow-sender', 40))
  const slow = beginBody(davy.otlpUrl, body)
  await callOf(davy, 'POST', `/api/v1/deployments/${id}/override`, { decision: 'promote', reason: 'somebody said so' })
  await until(async () => receiver.received.length === 1, 'a delivery is under way')
  const newest = await call('GET', `/api/v1/deployments/${id}/verdict`)
  const etag = newest.headers.get('etag') as string
  expect(etag).not.toBe(headers.get('etag'))
  const poll = call('GET', `/api/v1/deployments/${id}/verdict?wait=60s`, undefined, { 'if-none-match': etag })
  // The server must have it before the signal; its answer would come at once otherwise, and be the same.
  await sleep(300)

  const stopped = davy.stop()
  await until(async () => messages.includes('draining'), 'it drains')
  expect(await call('GET', '/readyz')).toMatchObject({ status: 503, body: { code: 'STOPPING' } })
  expect((await call('GET', '/livez')).status).toBe(200)
  const lateBody = protobufTraces(spans('late-sender', 40))
  const late = beginBody(davy.otlpUrl, lateBody)
  late.sent.end(lateBody.subarray(lateBody.length >> 1))
  expect(await late.answer).toBe('200 close ')
  const answered = await poll
  expect([answered.status, answered.headers.get('connection')]).toEqual([304, 'close'])
  await until(async () => messages.includes('stopping'), 'its parts stop')
  slow.sent.end(body.subarray(body.length >> 1))
  expect(await slow.answer).toBe('200 close ')
  await stopped
  expect(davy.troubles.filter((line) => !line.includes('a person overrides the verdict'))).toEqual([])

  const next = await serve()
  for (const service of ['slow-sender', 'late-sender']) await untilStored(next.davy, service, 40)
  const { items } = await callOf<{ items: unknown[] }>(next.davy, 'GET', '/api/v1/deliveries')
  expect(items).toMatchObject([{ state: 'delivered', attempts: [{ status: 204 }] }])
  await next.davy.stop()
  expect(receiver.received).toHaveLength(1)
})

test('somebody at a terminal does not wait for a drain', async () => {
  const { davy, messages } = await serve()
  process.kill(davy.pid, 'SIGINT')
  await until(async () => messages.includes('stopping'), 'it stops')
  await davy.stop()
  expect(messages).not.toContain('draining')
})
