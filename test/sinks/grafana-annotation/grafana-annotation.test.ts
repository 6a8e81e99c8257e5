import { afterEach, expect, test } from 'vitest'
import type { Delivery, Receipt } from '../../../src/domain/sink.ts'
import { type CaseName, cases, sinkOf } from '../deliveries.ts'
import { grafanaToken, startGrafana } from '../simulators/grafana.ts'
import { send } from '../way-out.ts'

type Grafana = Awaited<ReturnType<typeof startGrafana>>
const opened: Grafana[] = []
afterEach(async () => {
  for (const grafana of opened.splice(0)) await grafana.close()
})

async function open(options: Readonly<Record<string, string>> = {}) {
  const grafana = await startGrafana()
  opened.push(grafana)
  const receipts: Receipt[] = []
  const tell = async (name: CaseName, changes: Partial<Delivery> = {}) => {
    const all = { secrets: [grafanaToken], receipts: [...receipts], ...changes }
    const result = await send('grafana-annotation', { url: grafana.url, options }, cases[name], all)
    if (result.outcome === 'delivered' && result.receipt !== undefined) receipts.push(result.receipt)
    return result
  }
  return { grafana, tell }
}

test('a deployment is one region that grows with it', async () => {
  const { grafana, tell } = await open({ dashboard: 'davy-rollouts', panel: '3' })
  for (const name of ['started', 'rollback', 'finished-rolled-back'] as const)
    expect(await tell(name)).toMatchObject({ outcome: 'delivered', receipt: { annotation: '1' } })
  expect(grafana.annotations).toHaveLength(1)
  expect(grafana.annotations[0]).toMatchObject({
    ...{ dashboardUID: 'davy-rollouts', panelId: 3 },
    time: Date.parse('2026-11-21T09:51:40Z'),
    timeEnd: Date.parse('2026-11-21T10:25:00Z'),
    tags: ['davy', 'finished', 'service:checkout', 'environment:production', 'deployment:01JD8Q4V7W3N5T9XKZ0000ABCD'],
    text: expect.stringContaining('Rolled back: checkout 2.4.1 was rolled back in production.'),
  })
})

test('an attempt whose answer was lost leaves one behind, which the next one finds', async () => {
  const { grafana, tell } = await open()
  await tell('rollback')
  expect(await tell('rollback', { receipts: [] })).toMatchObject({ outcome: 'delivered', receipt: { annotation: '1' } })
  expect(grafana.annotations).toHaveLength(1)
})

test('one that somebody deleted is made anew', async () => {
  const { grafana, tell } = await open()
  await tell('started')
  grafana.annotations.length = 0
  expect(await tell('rollback')).toMatchObject({ outcome: 'delivered' })
  expect(grafana.annotations).toHaveLength(1)
})

test('an overtaken message changes nothing', async () => {
  const { grafana, tell } = await open()
  expect(await tell('promote', { isOvertaken: true })).toMatchObject({ outcome: 'skipped' })
  expect(grafana.requests).toEqual([])
})

test('Grafana takes every case; names are escaped, since it shows HTML', async () => {
  const { grafana, tell } = await open()
  for (const name of Object.keys(cases) as CaseName[])
    expect([name, (await tell(name, { receipts: [] })).outcome]).toEqual([name, 'delivered'])
  const texts = grafana.requests.flatMap(({ json }) => (json === undefined ? [] : [String(json.text)]))
  expect(texts.every((text) => text.length <= 4000)).toBe(true)
  expect(texts.join('')).not.toMatch(/<script|<b>|<img/)
  expect(texts.join('')).toContain(
    '<a href="https://davy.example.com/deployments/01JD8Q4V7W3N5T9XKZ0000ABCD" target="_blank">Report</a>',
  )
})

test.each([
  [401, 'failed'],
  [403, 'failed'],
  [500, 'retry'],
  [429, 'retry'],
])('%i is %s', async (status, outcome) => {
  const { grafana, tell } = await open()
  grafana.answerNext({ status, body: { message: `bad ${grafanaToken}` } })
  const result = await tell('rollback')
  expect(result).toMatchObject({ outcome, status })
  expect(JSON.stringify(result)).not.toContain(grafanaToken)
})

test('a panel needs its dashboard', () => {
  const fault = sinkOf('grafana-annotation').requires.fault
  expect(fault?.({ url: '', act: false, options: { panel: '3' } }, true)).toContain('dashboard')
  expect(fault?.({ url: '', act: false, options: { panel: '3', dashboard: 'x' } }, true)).toBeNull()
})
