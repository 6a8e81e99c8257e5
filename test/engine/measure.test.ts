import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Storage } from '../../src/domain/storage.ts'
import { measureDeployments } from '../../src/engine/measure.ts'
import { RolledBackTraffic } from '../../src/engine/rolled-back-traffic.ts'
import { createMetrics } from '../../src/platform/metrics.ts'
import { bad, given, type Lab, metrics, openLab, type Process, sinkThat, traffic } from './lab.ts'
import { aVerdict } from './samples.ts'

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
  const { deployments, conveyor, rollups } = davy
  const rolledBackTraffic = new RolledBackTraffic(rollups, () => at)
  await rolledBackTraffic.tick(deployments.list())
  measureDeployments({ deployments, conveyor, rolledBackTraffic }, metrics, at)
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

test('requests of a version that was rolled back are told of until something newer is released', async () => {
  const end = lab.now + 10 * minute
  const id = await rollOut('search', bad, 10)
  const line = `davy_rolled_back_requests{service="search",environment="default",deployment_id="${id}",version="2"}`
  const told = async (at: number) => (await series(at)).split('\n').find((each) => each.startsWith(line))
  expect(Number((await told(end))?.split(' ')[1])).toBeGreaterThan(100)
  // Of a service that says nothing at all nothing is known.
  expect(await told(end + 6 * minute)).toBeUndefined()
  await lab.insert(traffic({ service: 'search', version: '1' }, end + 5 * minute, end + 6 * minute, 3))
  expect(await told(end + 6 * minute)).toBe(`${line} 0`)
  await davy.deployments.register({ service: 'search', canary: { version: '3' }, baseline: { version: '1' } })
  expect(await told(end)).toBeUndefined()
})

test('what waits to be delivered has an age, and an endpoint has its counters before its first attempt', async () => {
  const { signal } = new AbortController()
  const impatient = await lab.start({ sink: sinkThat(() => ({ outcome: 'retry', status: 503, error: 'no' })) })
  const { id } = await impatient.endpoints.add(given())
  const body = async () => (await metrics.render(undefined)).body
  await impatient.deliverer.tick(signal)
  for (const outcome of ['delivered', 'retry', 'failed']) {
    expect(await body()).toContain(`davy_webhook_deliveries_total{endpoint="${id}",outcome="${outcome}"} 0\n`)
  }
  expect(await body()).toContain('davy_webhook_oldest_pending_seconds 0\n')
  const writtenAt = Date.now()
  const verdict = { ...aVerdict(), id: '01W', deploymentId: '01D', decidedAt: new Date(writtenAt).toISOString() }
  await impatient.facts.putOnce('verdict', '01D/1', '01D', verdict)
  lab.now = writtenAt + 90_000
  await impatient.deliverer.tick(signal)
  const age = Number((await body()).match(/^davy_webhook_oldest_pending_seconds (\S+)$/m)?.[1])
  expect(age).toBeGreaterThan(60)
  expect(age).toBeLessThanOrEqual(90)
  await impatient.deliverer.idle()
})

test('a look that fails is counted', async () => {
  const count = async () =>
    Number((await metrics.render(undefined)).body.match(/^davy_look_failures_total (\S+)$/m)?.[1])
  const before = await count()
  const broken = await lab.start({}, withoutQueries(lab.storage, 'rollup_traces_10s'))
  await broken.deployments.register({
    ...{ service: 'broken', namespace: '', canary: { version: '2' }, baseline: { version: '1' }, template: 'quick' },
    startedAt: new Date(lab.now - 5 * minute).toISOString(),
  })
  await broken.conveyor.tick()
  expect(await count()).toBeGreaterThan(before)
})

/** A storage that cannot read one table. */
function withoutQueries(storage: Storage, table: string): Storage {
  return {
    kind: storage.kind,
    query: (sql, params, signal) =>
      sql.includes(table) ? Promise.reject(new Error(`${table} is broken`)) : storage.query(sql, params, signal),
    command: (sql, params) => storage.command(sql, params),
    insertRows: (name, rows, token) => storage.insertRows(name, rows, token),
    insertsInto: (table) => storage.insertsInto(table),
    insertFile: (insert) => storage.insertFile(insert),
    close: () => storage.close(),
  }
}
