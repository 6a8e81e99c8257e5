import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CheckState } from '../../src/domain/check.ts'
import { type Davy, startDavy } from '../davy.ts'
import { callOf } from '../http/client.ts'
import { type Alertmanager, startAlertmanager } from './alerts/alertmanager.ts'

const directory = mkdtempSync(join(tmpdir(), 'davy-alertmanager-'))
let davy: Davy
let alertmanager: Alertmanager

beforeAll(async () => {
  davy = await startDavy()
  const file = join(directory, 'in.yml')
  writeFileSync(
    file,
    `route: {receiver: davy, group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 1h}
receivers:
  - name: davy
    webhook_configs: [{url: '${davy.url}/integrations/alertmanager', send_resolved: true}]
`,
  )
  alertmanager = await startAlertmanager(directory, 'http://127.0.0.1:1', { file })
})
afterAll(async () => {
  await alertmanager?.stop()
  await davy?.stop()
  rmSync(directory, { recursive: true, force: true })
})

test('what the real Alertmanager tells of a canary holds its promote until it says that it is over', async () => {
  const { id } = await callOf<{ id: string }>(davy, 'POST', '/api/v1/deployments', {
    ...{ service: 'checkout', canary: { version: '2' }, baseline: { version: '1' } },
  })
  const alerts = async () => {
    const { items } = await callOf<{ items: CheckState[] }>(davy, 'GET', `/api/v1/deployments/${id}/checks`)
    return items.filter(({ kind }) => kind === 'alert').map(({ name, summary }) => [name, summary])
  }
  const until = async (count: number) => {
    while ((await alerts()).length !== count) await sleep(100)
  }
  const labels = { alertname: 'HighErrorRate', service: 'checkout', version: '2', severity: 'critical' }
  const annotations = { summary: 'checkout 2 fails' }
  await alertmanager.post([
    { labels, annotations },
    { labels: { ...labels, service: 'cart' }, annotations },
  ])
  await until(1)
  expect(await alerts()).toEqual([['HighErrorRate', 'checkout 2 fails']])
  await alertmanager.post([{ labels, annotations, endsAt: new Date(Date.now() - 1000).toISOString() }])
  await until(0)
})
