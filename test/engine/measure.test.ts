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

async function series(at = lab.now, { deployments, conveyor, rollups } = davy): Promise<string> {
  const metrics = createMetrics({ version: 'test', publicUrl: 'http://davy.test' })
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
  const mode = 'mode="enforce"'
  expect(onTime).toMatch(new RegExp(`davy_deployment_reason\\{${labels},${mode},decision="hold",code="[A-Z_]+"\\} 1`))
  expect(onTime).toContain(`davy_deployment_look_overdue_seconds{${labels},${mode}} 0\n`)
  expect(await series(due + 90_000)).toContain(`davy_deployment_look_overdue_seconds{${labels},${mode}} 90\n`)
  await davy.deployments.close(id, 'aborted', 'test')
  expect(await series()).not.toContain(id)
})

test('a rollback is told of for a day, with the time of its end', async () => {
  const id = await rollOut('checkout', bad, 10)
  const { status, endedAt } = davy.deployments.get(id)
  expect(status).toBe('closed')
  const at = Date.parse(endedAt!)
  const labels = `service="checkout",environment="default",deployment_id="${id}",version="2",baseline_version="1",mode="enforce",decided_by="davy"`
  const line = `davy_rollback_timestamp_seconds{${labels}} ${at / 1000}\n`
  expect(await series(at + 5 * minute)).toContain(line)
  expect(await series(at + 23 * 60 * minute)).toContain(line)
  expect(await series(at + 24 * 60 * minute)).not.toContain(id)
})

test('who rolled back by hand is told apart from Davy', async () => {
  const overridden = await rollOut('profile', undefined, 1)
  const by = { at: new Date(lab.now).toISOString(), by: 'ada', reason: 'customers complain' }
  await davy.deployments.override(overridden, { ...by, decision: 'rollback' })
  await davy.conveyor.tick()
  expect(davy.deployments.get(overridden).outcome).toBe('rolled-back')
  const finished = await rollOut('wishlist', undefined, 1)
  await davy.deployments.close(finished, 'rolled-back', 'ada')
  const told = (await series()).split('\n').filter((line) => line.startsWith('davy_rollback_timestamp_seconds{'))
  for (const id of [overridden, finished]) {
    expect(told.find((line) => line.includes(id))).toContain('mode="enforce",decided_by="person"')
  }
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

test('looks that an outage made late are late; of what was registered late there was none', async () => {
  const late = async () => {
    const { body } = await metrics.render(undefined)
    const [all, within] = ['+Inf', '30'].map(
      (le) => body.match(new RegExp(`^davy_look_lag_seconds_bucket\\{le="\\${le}"\\} (\\S+)$`, 'm'))?.[1],
    )
    return Number(all) - Number(within)
  }
  const before = await late()
  await rollOut('reviews', undefined, 2)
  expect(await late()).toBe(before)
  lab.now += 2 * minute
  await davy.conveyor.tick()
  expect(await late()).toBe(before + 9)
  const start = lab.now
  await davy.deployments.register({
    ...{ service: 'ratings', canary: { version: '2' }, baseline: { version: '1' }, template: 'quick' },
    startedAt: new Date(start - 10 * minute).toISOString(),
  })
  await davy.conveyor.tick()
  expect(await late()).toBe(before + 9)
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

test('an endpoint that said it is gone is told of until somebody says otherwise', async () => {
  const { signal } = new AbortController()
  const gone = await lab.start({ sink: sinkThat(() => ({ outcome: 'gone', status: 410, error: 'it answered 410' })) })
  const { id } = await gone.endpoints.add(given())
  const { id: off } = await gone.endpoints.add(given())
  await gone.endpoints.setEnabled(off, false)
  const verdict = { ...aVerdict(), id: '01X', deploymentId: '01E', decidedAt: new Date(lab.now).toISOString() }
  await gone.facts.putOnce('verdict', '01E/1', '01E', verdict)
  await gone.deliverer.tick(signal)
  await gone.deliverer.idle()
  const told = async () => {
    await gone.deliverer.tick(signal)
    const { body } = await metrics.render(undefined)
    return body.split('\n').filter((line) => line.startsWith('davy_webhook_endpoint_gone{'))
  }
  const line = `davy_webhook_endpoint_gone{endpoint="${id}"} 1`
  expect(await told()).toContain(line)
  expect((await told()).some((each) => each.includes(off))).toBe(false)
  await gone.endpoints.setEnabled(id, true)
  expect(await told()).toContain(line.replace(/1$/, '0'))
})

test('a look that fails is counted, and due as long as it fails', async () => {
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
  const overdue = async () =>
    Number(
      (await series(lab.now, { ...broken, rollups: davy.rollups })).match(
        /^davy_deployment_look_overdue_seconds\{service="broken",.*\} (\S+)$/m,
      )?.[1],
    )
  lab.now += 5 * minute
  await broken.conveyor.tick()
  expect(await overdue()).toBeGreaterThan(240)
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
