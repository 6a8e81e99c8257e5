import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Davy, startDavy } from '../davy.ts'
import { type Caller, callerOf } from './client.ts'

let davy: Davy
let call: Caller
beforeAll(async () => {
  // Nobody listens there.
  davy = await startDavy({ DAVY_SOURCES_PROMETHEUS_URL: 'http://127.0.0.1:9' })
  call = callerOf(davy)
})
afterAll(() => davy?.stop())

const selector = `{service="\${service}",version="\${version}"}`
const metric = {
  ...{ name: 'error-rate', kind: 'proportion', source: 'prometheus', direction: 'increase', group: 'errors' },
  ...{ weight: 0.5, margin: 1.25, promoteMargin: 2, promoteFloor: 0.005, critical: true },
  query: { total: `hits${selector}`, errors: `fails${selector}` },
}

test('whoever waits for a verdict is told that the source of its evidence is down, from the start', async () => {
  expect((await call('PUT', '/api/v1/templates/asked', { metrics: [metric] })).status).toBe(201)
  const registration = { service: 'checkout', canary: { version: '2' }, baseline: { version: '1' }, template: 'asked' }
  const { id } = (await call('POST', '/api/v1/deployments', registration)).body
  const path = `/api/v1/deployments/${id}/verdict`
  const read = async () => (await call('GET', path)).body
  while ((await read()).reason.code !== 'SOURCE_DOWN') await sleep(100)
  const summary = 'checkout 2 is not judged yet: the source of error rate cannot be asked.'
  expect(await read()).toMatchObject({
    ...{ decision: 'hold', look: 0, final: false },
    reason: { summary, detail: expect.stringContaining('127.0.0.1:9') },
  })
  expect((await call('GET', `${path}?format=gate`)).body).toMatchObject({ verdict: 'wait', reason: summary })
  const page = (await call('GET', `/deployments/${id}`)).text
  expect(page).toContain(summary)
  expect(page).toContain('hits{service=&quot;checkout&quot;,version=&quot;2&quot;}')
  expect((await call('GET', '/')).text).toContain(summary)
})
