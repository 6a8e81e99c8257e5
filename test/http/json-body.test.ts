import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Davy, startDavy } from '../davy.ts'
import { type Caller, callerOf } from './client.ts'

let davy: Davy
let call: Caller
beforeAll(async () => {
  davy = await startDavy()
  call = callerOf(davy)
})
afterAll(() => davy?.stop())

const json = { 'content-type': 'application/json' }
const registration = { service: 'shop', canary: { version: '2' }, baseline: { version: '1' } }

test.each([
  ['POST', '/api/v1/endpoints/none/test', 404],
  ['DELETE', '/api/v1/endpoints/none', 404],
  ['POST', '/api/v1/deliveries/none/replay', 404],
  ['POST', '/api/v1/quarantine/none/retry', 404],
  ['DELETE', '/api/v1/quarantine/none', 404],
  ['POST', '/api/v1/services/none/calibration', 404],
  ['POST', '/integrations/spinnaker/runs/none/cancel', 404],
])('%s %s names JSON, has no body, and is heard', async (method, path, status) => {
  expect(await call(method, path, undefined, json)).toMatchObject({ status, body: { code: 'NOT_FOUND' } })
})

test('a write without a body that names JSON is carried out', async () => {
  const { body: endpoint } = await call('POST', '/api/v1/endpoints', { url: 'https://receiver.example/hook' })
  expect((await call('DELETE', `/api/v1/endpoints/${endpoint.id}`, undefined, json)).status).toBe(204)
  const { body: opened } = await call('POST', '/api/v1/deployments', registration)
  const canceled = await call('POST', `/integrations/spinnaker/runs/${opened.id}/cancel`, undefined, json)
  expect(canceled).toMatchObject({ status: 200, body: { outcome: 'aborted' } })
})

test.each([
  ['POST', '/api/v1/deployments'],
  ['POST', '/api/v1/endpoints'],
  ['PUT', '/api/v1/templates/mine'],
  ['PUT', '/api/v1/kill-switch'],
  ['POST', '/integrations/flagger/event'],
])('%s %s without the body that it needs says so', async (method, path) => {
  expect(await call(method, path, undefined, json)).toMatchObject({
    status: 400,
    body: {
      code: 'VALIDATION',
      detail: 'The body does not fit: body should be an object, got nothing.',
      got: 'nothing',
    },
  })
})

test('no report is no check', async () => {
  const { body: opened } = await call('POST', '/api/v1/deployments', registration)
  const answer = await call('POST', `/api/v1/deployments/${opened.id}/checks`, undefined, json)
  expect(answer).toMatchObject({ status: 422, body: { code: 'UNPROCESSABLE', where: 'body' } })
})

test.each([
  ['{"service":"shop","canary":{"version":"2"},"__proto__":{"template":"mine"}}'],
  ['{"service":"shop","canary":{"version":"2"},"constructor":{"prototype":{"template":"mine"}}}'],
  ['{"service":'],
])('%s is no JSON that is taken', async (body) => {
  expect(await call('POST', '/api/v1/deployments', body)).toMatchObject({
    status: 400,
    body: { code: 'VALIDATION', detail: 'The body is not valid JSON.' },
  })
  expect(await call('POST', '/kayenta/judge', body)).toMatchObject({ status: 400, body: { code: 'VALIDATION' } })
})
