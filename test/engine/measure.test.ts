import { afterAll, beforeAll, expect, test } from 'vitest'
import { measureDeployments } from '../../src/engine/measure.ts'
import { createMetrics } from '../../src/platform/metrics.ts'
import { bad, type Lab, openLab, type Process, traffic } from './lab.ts'

const minute = 60_000
let lab: Lab
let davy: Process

beforeAll(async () => {
  lab = await openLab()
  davy = await lab.start()
})
afterAll(() => lab.close())

async function series(at = lab.now): Promise<string> {
  const metrics = createMetrics({ version: 'test', publicUrl: 'http://davy.test' })
  measureDeployments(davy.deployments, davy.conveyor, metrics, at)
  return (await metrics.render(undefined)).body
}

async function rollOut(service: string, failing: Readonly<Record<string, number>> | undefined, minutes: number) {
  const start = lab.now
  const end = start + minutes * minute
  await lab.insert(traffic({ service, version: '1' }, start - minute, end, 1))
  await lab.insert(traffic({ service, version: '2', ...(failing === undefined ? {} : { failing }) }, start, end, 2))
  const { deployment } = await davy.deployments.register({
    service,
    canary: { version: '2' },
    baseline: { version: '1' },
    template: 'quick',
    startedAt: new Date(start).toISOString(),
  })
  for (; lab.now < end; lab.now += 10_000) await davy.conveyor.tick()
  return deployment.id
}

test('an open deployment has the code of its newest verdict, and says for how long its next look is due', async () => {
  const id = await rollOut('cart', undefined, 1)
  const labels = `service="cart",environment="default",deployment_id="${id}"`
  const due = davy.conveyor.nextLookAt(davy.deployments.get(id))!
  const onTime = await series(due - 1000)
  expect(onTime).toMatch(new RegExp(`davy_deployment_reason\\{${labels},mode="enforce",code="[A-Z_]+"\\} 1`))
  expect(onTime).toContain(`davy_deployment_look_overdue_seconds{${labels}} 0\n`)
  expect(await series(due + 90_000)).toContain(`davy_deployment_look_overdue_seconds{${labels}} 90\n`)
  await davy.deployments.close(id, 'aborted', 'test')
  expect(await series()).not.toContain(id)
})

test('a rollback is told of for a day, with the time of its end', async () => {
  const id = await rollOut('checkout', bad, 10)
  const { status, endedAt } = davy.deployments.get(id)
  expect(status).toBe('closed')
  const at = Date.parse(endedAt!)
  const labels = `service="checkout",environment="default",deployment_id="${id}",version="2",baseline_version="1",mode="enforce"`
  const line = `davy_rollback_timestamp_seconds{${labels}} ${at / 1000}\n`
  expect(await series(at + 5 * minute)).toContain(line)
  expect(await series(at + 23 * 60 * minute)).toContain(line)
  expect(await series(at + 24 * 60 * minute)).not.toContain(id)
})
