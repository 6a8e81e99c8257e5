import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Storage } from '../../src/domain/storage.ts'
import { complaints, type Lab, openLab, type Process, traffic } from './lab.ts'
import { otherDavy } from './storages.ts'

const minute = 60_000
let lab: Lab
let davy: Process
let storage: Storage
let tests = 0

beforeAll(async () => {
  lab = await openLab()
})
afterAll(() => lab.close())
beforeEach(async () => {
  lab.now += 5 * minute
  storage = await otherDavy(lab.storage, `test${++tests}`)
  davy = await lab.start({}, storage)
})

const of = (service: string) => davy.deployments.list().filter((deployment) => deployment.service === service)
const send = (service: string, version: string, from: number, to: number, rps = 5) =>
  lab.insert(traffic({ service, version, rps, pods: 1 }, from, to, tests))

describe('a version that shows up', () => {
  test('beside another one opens a deployment in mode observe, once, from its first request on', async () => {
    const first = lab.now - 40_000
    await send('new', '1', lab.now - 10 * minute, lab.now)
    await send('new', '2', first, lab.now)
    await davy.detector.tick()
    await davy.detector.tick()
    await (await lab.start({}, storage)).detector.tick()
    await davy.deployments.refresh()
    expect(of('new')).toEqual([
      expect.objectContaining({
        ...{ status: 'open', mode: 'observe', origin: 'detected', attempt: 1, strategy: 'canary' },
        ...{ canary: { version: '2' }, baseline: { version: '1' }, baselineFrom: 'traffic' },
        ...{ startedAt: new Date(first).toISOString(), template: expect.objectContaining({ name: 'default' }) },
      }),
    ])
    expect(davy.events.map(({ type }) => type)).toEqual(['deployment'])
    expect(complaints(davy)).toEqual([])
  })

  test("as the service's first opens none, now and later", async () => {
    await send('first', '1', lab.now - minute, lab.now + 5 * minute)
    for (let round = 0; round < 5; round += 1) {
      await davy.detector.tick()
      lab.now += minute
    }
    expect(of('first')).toEqual([])
  })

  test('in data that is filled in later opens none', async () => {
    await send('backfill', '1', lab.now - 30 * minute, lab.now)
    await send('backfill', '2', lab.now - 20 * minute, lab.now - 3 * minute)
    await davy.detector.tick()
    expect(of('backfill')).toEqual([])
  })

  test('but was there before opens none', async () => {
    await send('back', '2', lab.now - 50 * minute, lab.now - 49 * minute)
    await send('back', '1', lab.now - 10 * minute, lab.now)
    await send('back', '2', lab.now - minute, lab.now)
    await davy.detector.tick()
    expect(of('back')).toEqual([])
  })

  test('beside too little traffic opens none', async () => {
    await send('quiet', '1', lab.now - 2 * minute, lab.now - minute, 1)
    await send('quiet', '2', lab.now - minute, lab.now)
    await davy.detector.tick()
    expect(of('quiet')).toEqual([])
  })

  test('and answers nobody, but works on its own, opens none', async () => {
    await send('inner', '1', lab.now - 10 * minute, lab.now)
    const rows = traffic({ service: 'inner', version: '2', rps: 5, pods: 1 }, lab.now - minute, lab.now, 1)
    await lab.insert(rows.map((row) => ({ ...row, SpanKind: 'Internal' })))
    await davy.detector.tick()
    expect(of('inner')).toEqual([])
  })

  test('while a registered deployment of the unit is open opens none', async () => {
    await send('taken', '1', lab.now - 10 * minute, lab.now)
    await send('taken', '3', lab.now - 30_000, lab.now)
    await davy.deployments.register({ service: 'taken', canary: { version: '2' } })
    await davy.detector.tick()
    expect(of('taken')).toHaveLength(1)
  })

  test('while it is being registered leaves the registration standing', async () => {
    await send('both', '1', lab.now - 10 * minute, lab.now)
    await send('both', '2', lab.now - 30_000, lab.now)
    const other = await lab.start({}, storage)
    const [registered] = await Promise.all([
      other.deployments.register({ service: 'both', canary: { version: '2' } }),
      davy.detector.tick(),
    ])
    await davy.conveyor.tick()
    const open = of('both').filter(({ status }) => status === 'open')
    expect(open.map(({ id }) => id)).toEqual([registered.deployment.id])
    expect(open[0]).toMatchObject({ origin: 'api', mode: 'enforce' })
  })

  test('is adopted by a later registration: the same id, enforced, under the template that it names', async () => {
    await send('adopt', '1', lab.now - 10 * minute, lab.now)
    await send('adopt', '2', lab.now - 30_000, lab.now)
    await davy.detector.tick()
    const [detected] = of('adopt')
    const { deployment, created } = await davy.deployments.register({
      service: 'adopt',
      canary: { version: '2' },
      template: 'quick',
      plannedWeight: 20,
    })
    expect([created, deployment.id]).toEqual([false, detected?.id])
    expect(deployment).toMatchObject({ mode: 'enforce', template: { name: 'quick' }, plannedWeight: 20, origin: 'api' })
    await send('adopt', '3', lab.now - 10_000, lab.now)
    await davy.detector.tick()
    expect(of('adopt')).toHaveLength(1)
  })

  test('after another one that was merely seen takes its place', async () => {
    await send('chain', '1', lab.now - 10 * minute, lab.now)
    await send('chain', '2', lab.now - 30_000, lab.now)
    await davy.detector.tick()
    lab.now += 30_000
    await send('chain', '3', lab.now - 10_000, lab.now)
    await davy.detector.tick()
    expect(of('chain').map(({ canary, outcome }) => [canary.version, outcome])).toEqual([
      ['3', null],
      ['2', 'superseded'],
    ])
  })
})

test('a version that cannot be checked is logged and does not keep the others from being found', async () => {
  for (const service of ['a-broken', 'b-sound']) {
    await send(service, '1', lab.now - 10 * minute, lab.now)
    await send(service, '2', lab.now - 30_000, lab.now)
  }
  const broken: Storage = {
    ...storage,
    query: (sql, params, signal) =>
      params?.service === 'a-broken'
        ? Promise.reject(new Error('too much memory'))
        : storage.query(sql, params, signal),
  }
  davy = await lab.start({}, broken)
  await davy.detector.tick()
  expect(of('b-sound')).toHaveLength(1)
  expect(complaints(davy).map(({ service }) => service)).toContain('a-broken')
})
