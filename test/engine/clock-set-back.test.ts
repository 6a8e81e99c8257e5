import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { AttemptResult } from '../../src/domain/sink.ts'
import type { Storage } from '../../src/domain/storage.ts'
import { given, type Lab, openLab, sinkThat } from './lab.ts'
import { aVerdict } from './samples.ts'
import { otherDavy } from './storages.ts'

/** A clock was two hours ahead while something was written, and is right again. */
const aheadMs = 7_200_000
let lab: Lab
let storage: Storage
let tests = 0

beforeAll(async () => {
  lab = await openLab()
})
afterAll(() => lab.close())
beforeEach(async () => {
  storage = await otherDavy(lab.storage, `test${++tests}`)
})

/** The same storage while its clock is ahead. */
function whileAhead(): Storage {
  const At = new Date(Date.now() + aheadMs).toISOString().slice(0, 23).replace('T', ' ')
  const dated = (row: object) => ({ ...row, At })
  return {
    ...storage,
    insertRows: (table, rows, token) => storage.insertRows(table, table === 'facts' ? rows.map(dated) : rows, token),
  }
}

test('the kill switch that was set last counts, in every process', async () => {
  const before = await lab.start({}, whileAhead())
  await before.deployments.setKillSwitch(false, 'ann', 'the network was moved')
  const [davy, other] = [await lab.start({}, storage), await lab.start({}, storage)]
  expect(davy.deployments.killSwitch).toMatchObject({ on: false })
  await davy.deployments.setKillSwitch(true, 'bob', 'stop everything')
  await Promise.all([other.deployments.refresh(), before.deployments.refresh()])
  const restarted = await lab.start({}, storage)
  for (const { deployments } of [davy, other, before, restarted]) {
    expect(deployments.killSwitch).toMatchObject({ on: true, by: 'bob' })
  }
})

test('a kill switch of an earlier version that is dated ahead is not replaced without a word', async () => {
  const { facts } = await lab.start({}, whileAhead())
  await facts.putOnce('kill-switch', 'old', '', { on: false, by: 'ann', reason: 'over' })
  const { deployments } = await lab.start({}, storage)
  await expect(deployments.setKillSwitch(true, 'bob', 'stop everything')).rejects.toMatchObject({ code: 'CONFLICT' })
})

test('a registration replaces what was open, can be finished, and is seen by every process', async () => {
  const registration = (version: string) => ({ service: 'checkout', baseline: { version: '1' }, canary: { version } })
  const before = await lab.start({}, whileAhead())
  const { deployment: older } = await before.deployments.register(registration('2'))
  const [davy, other] = [await lab.start({}, storage), await lab.start({}, storage)]
  const { deployment: newer, created } = await davy.deployments.register(registration('3'))
  await Promise.all([other.deployments.refresh(), before.deployments.refresh()])
  await other.deployments.supersedeOlder()
  for (const { deployments } of [davy, other, before, await lab.start({}, storage)]) {
    expect(deployments.get(older.id)).toMatchObject({ outcome: 'superseded', supersededBy: newer.id })
    expect(deployments.get(newer.id)).toEqual(newer)
  }
  expect([created, newer.status]).toEqual([true, 'open'])
  expect(newer).not.toHaveProperty('turn')
  expect(await davy.deployments.close(newer.id, 'promoted', 'ann')).toMatchObject({ outcome: 'promoted' })
})

test.each([false, true])(
  'a rollback that is to be sent again does not wait for the clock to catch up (several processes: %s)',
  async (isShared) => {
    const answers: AttemptResult[] = [
      { outcome: 'retry', status: 503, error: 'the endpoint answered 503' },
      { outcome: 'delivered', status: 204 },
    ]
    const sink = sinkThat(() => answers.shift() as AttemptResult)
    const davy = await lab.start({ sink, isShared }, storage)
    await davy.endpoints.add(given())
    const verdict = { ...aVerdict(), deploymentId: '01D', decision: 'rollback', look: 1, final: true }
    await davy.facts.putOnce('verdict', '01D/1', '01D', verdict)
    const { signal } = new AbortController()
    const restarted = async () => {
      const { deliverer } = await lab.start({ sink, isShared }, storage)
      await deliverer.tick(signal)
      await deliverer.idle()
      return deliverer.list().map(({ state }) => state)
    }
    lab.now += aheadMs
    expect(await restarted()).toEqual(['pending'])
    lab.now -= aheadMs
    expect(await restarted()).toEqual(['delivered'])
  },
)
